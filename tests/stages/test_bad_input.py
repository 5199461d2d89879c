"""Mistakes that users can make with their own folders, through the stages."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from genre import console
from tests.conftest import RATE, TOP, noise, sine


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """An empty project folder whose dataset is `music`, with two good clips in each of two classes."""
    values = yaml.safe_load((TOP / "params.yaml").read_text(encoding="utf-8"))
    values["fetch"]["dataset"] = "music"
    values["extract"] |= {"n_jobs": 1, "max_skipped": 0.9}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    for genre, samples in (("calm", sine(440.0)), ("loud", noise())):
        (tmp_path / "music" / genre).mkdir(parents=True)
        for number in range(2):
            soundfile.write(tmp_path / "music" / genre / f"{genre}{number}.wav", samples, RATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stage(capsys):
    """A function that runs a stage as its process does and returns the error, or an empty string."""

    def run(name: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            console.run(importlib.import_module(f"stages.{name}").main)
        said = capsys.readouterr().err
        assert ended.value.code in (None, 1)
        return said[said.index("error:") :] if ended.value.code else ""

    return run


def set_param(project: Path, section: str, **changes: object) -> None:
    values = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    values[section] |= changes
    (project / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")


def test_damaged_files_are_skipped_with_their_reasons_and_good_clips_stay_as_they_were(project, stage):
    assert stage("fetch") == stage("extract") == ""
    before = np.load(project / "data/features/frames.npy")

    music = project / "music" / "loud"
    (music / "z_zero.wav").write_bytes(b"")
    (music / "z_text.wav").write_text("not music\n" * 1000)
    (music / "z_header.wav").write_bytes((music / "loud0.wav").read_bytes()[:30])
    soundfile.write(music / "z_nan.wav", np.full(RATE * 2, np.nan, np.float32), RATE, subtype="FLOAT")
    soundfile.write(music / "z_silent.wav", np.zeros(RATE * 2), RATE)
    soundfile.write(music / "z_short.wav", noise(seconds=0.2), RATE)
    assert stage("fetch") == stage("extract") == ""

    skipped = pd.read_csv(project / "data/features/skipped.csv").set_index("path").reason
    assert set(skipped.index) == {f"loud/{p.name}" for p in music.glob("z_*")}
    assert "NaN" in skipped["loud/z_nan.wav"] and "silent" in skipped["loud/z_silent.wav"]
    assert "too short" in skipped["loud/z_short.wav"] and "cannot be decoded" in skipped["loud/z_text.wav"]
    assert pd.read_json(project / "metrics/extract.json", typ="series").skipped == 6
    np.testing.assert_array_equal(np.load(project / "data/features/frames.npy"), before)


def test_too_many_bad_files_stop_the_stage_and_are_named(project, stage):
    (project / "music" / "loud" / "bad.wav").write_text("not music")
    set_param(project, "extract", max_skipped=0.1)
    assert stage("fetch") == ""
    said = stage("extract")
    assert "1 of 5 clips" in said and "loud/bad.wav: cannot be decoded" in said and "extract.max_skipped" in said
    assert not (project / "data/features").exists()


def test_too_few_clips_for_the_split_are_named_by_class(project, stage):
    assert stage("fetch") == stage("extract") == ""
    said = stage("split")
    assert "calm" in said and "loud" in said and "too few clips" in said
    assert not (project / "data/splits.csv").exists()


def test_the_artist_protocol_without_artists_says_what_it_lacks(project, stage):
    assert stage("fetch") == stage("extract") == ""
    set_param(project, "split", protocol="artist")
    assert "artists.csv" in stage("split")


@pytest.mark.parametrize("name", ["extract", "split", "plot"])
def test_a_stage_without_its_input_names_the_stage_that_makes_it(project, stage, name):
    assert "dvc repro" in stage(name)


def test_a_folder_that_is_not_there_is_named_with_what_is_allowed(project, stage):
    set_param(project, "fetch", dataset="gtzann")
    said = stage("fetch")
    assert "gtzann" in said and "did you mean gtzan" in said

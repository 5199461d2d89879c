import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import robustness
from benchmarks.accuracy import train_params
from benchmarks.speed import inputs, measure
from benchmarks.speed.measure import Row, Skipped, turn_about
from genre import files, params
from genre.errors import ParamsError
from tests.conftest import TOP, noise

DEFAULTS = params.load(TOP / "params.yaml").train


@pytest.fixture
def archive(tmp_path):
    """Spectrograms of 60 clips of two of GTZAN's genres, told apart by which half of the bands is loud."""
    rng = np.random.default_rng(0)
    catalogue = pd.read_csv(TOP / "genre/dataset/gtzan.csv")
    ids = pd.concat([catalogue[catalogue.genre == genre].clip_id[:30] for genre in ("blues", "metal")]).to_numpy(str)
    levels = rng.integers(0, 120, (60, 128, 40)).astype(np.uint8)
    levels[30:, 64:] += 100
    levels[:30, :64] += 100
    np.savez(tmp_path / "logmel.npz", logmel=levels, clip_id=ids)
    return tmp_path / "logmel.npz"


def test_the_last_line_holds_the_figures_of_every_seed(archive, tmp_path):
    command = [sys.executable, "-m", "benchmarks.accuracy", "--logmel", archive, "--tracks", "genre/dataset/gtzan.csv"]
    options = ["--seeds", "0", "1", "--epochs", "12", "--set", "train.segment_seconds=3"]
    options += ["--predictions", tmp_path / "p.csv", "--confusion", tmp_path / "c.png"]
    done = subprocess.run([*command, *options], cwd=TOP, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["protocol"] == "random" and report["architecture"] == "committee"
    assert report["seeds"] == [0, 1] and len(report["accuracy"]) == len(report["val_accuracy"]) == 2
    assert report["accuracy_mean"] == pytest.approx(np.mean(report["accuracy"]), abs=1e-4)
    assert report["accuracy_sd"] == pytest.approx(np.std(report["accuracy"], ddof=1), abs=1e-4)
    assert report["n_test"] == 9 and report["parameters"] > 0 and report["train_seconds_mean"] > 0
    assert report["accuracy_mean"] > 0.8
    table = pd.read_csv(tmp_path / "p.csv")
    assert [(table[table.seed == s].genre == table[table.seed == s].predicted).mean() for s in (0, 1)] == pytest.approx(
        report["accuracy"], abs=1e-4
    )
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"


WRONG = (
    *("augment.echo=1", "optimizer=sgd", "echo=null", "epochs.x=1"),
    *("epochs=0", "epochs=08", "epochs=null", "augment.mixup=", "augment=off"),
)


@pytest.mark.parametrize("change", ["split.seed=1", *(f"train.{change}" for change in WRONG)])
def test_a_change_of_the_recipe_that_cannot_be_made_is_told(change):
    with pytest.raises(ParamsError, match=f"^{re.escape(f'--set {change}: ')}"):
        train_params(DEFAULTS, architecture=None, epochs=None, overrides=[change])


def test_an_option_that_cannot_be_is_told_in_one_line(archive):
    command = [sys.executable, "-m", "benchmarks.accuracy", "--logmel", archive, "--tracks", "genre/dataset/gtzan.csv"]
    done = subprocess.run([*command, "--epochs", "0"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: --epochs: ")


def test_the_starting_points_network_has_its_own_recipe_with_what_is_changed_in_it():
    def recipe(overrides):
        return train_params(DEFAULTS, architecture="small_alexnet", epochs=5, overrides=overrides)

    changed = recipe(["train.augment.gain=0.1", "muon=2"])
    assert changed.augment.gain == 0.1 and changed.muon == 2
    plain = recipe([])
    assert (plain.epochs, plain.segment_seconds, plain.select, plain.muon) == (5, 30.0, "accuracy", 0.0)
    assert not any(plain.augment.model_dump().values())


def row(ours, theirs, *, goal="times faster", limit=2.0) -> Row:
    return Row("name", "this", "that", goal, limit, ours, theirs)


def test_a_row_and_its_reference_are_measured_turn_about_and_their_medians_compared():
    calls = []
    result = turn_about(
        row(lambda turn: calls.append("A") or [1, 2, 9][turn], lambda turn: calls.append("B") or [3, 8, 4][turn]), 3
    )
    assert calls == ["A", "B"] * 3
    assert result.ratio == 2 and result.to_dict()["reached"] is True


@pytest.mark.parametrize(
    ("goal", "limit", "ours", "theirs", "reached"),
    [
        ("times faster", 2.0, 5.0, 9.0, False),
        ("times faster", 2.0, float("inf"), 9.0, False),
        ("at most", 1.5, 3.0, 2.0, True),
        ("at most", 1.5, 4.0, 2.0, False),
        ("at least", 0.85, 0.9, 1.0, True),
        ("at least", 0.85, 0.8, 1.0, False),
        ("none", 0.0, 4.0, 2.0, None),
    ],
)
def test_a_goal_is_reached_or_not(goal, limit, ours, theirs, reached):
    figures = turn_about(row(lambda _: ours, lambda _: theirs, goal=goal, limit=limit), 1).to_dict()
    assert figures["reached"] is reached
    json.dumps(figures, allow_nan=False)


def test_what_cannot_be_measured_says_why():
    def absent(_: int) -> float:
        raise Skipped("there is none")

    assert turn_about(row(absent, absent), 3).to_dict()["skipped"] == "there is none"


def test_peak_memory_counts_what_a_command_and_its_children_hold():
    hold = "data = bytearray(100 << 20); sum(range(10**7))"
    nested = f"import subprocess, sys; data = bytearray(50 << 20); subprocess.run([sys.executable, '-c', {hold!r}])"
    assert 150 << 20 < measure.peak_memory([sys.executable, "-c", nested]) < 220 << 20


def test_clips_and_features_are_repeated_under_new_names(write_audio, tmp_path, settings):
    for genre in ("pop", "rock"):
        write_audio(f"audio/{genre}/{genre}.wav", noise())
    raw = inputs.make_raw(tmp_path / "audio", 5, tmp_path / "raw")
    table = files.read_table(raw / "clips.csv")
    assert table.clip_id.is_unique and len(table) == 5 and all((raw / path).is_file() for path in table.path)


def test_the_speed_benchmark_prints_a_table_and_json(write_audio, tmp_path):
    for genre in ("pop", "rock"):
        write_audio(f"audio/{genre}/{genre}.wav", noise(seconds=5))
    command = [sys.executable, "-m", "benchmarks.speed", "--audio", tmp_path / "audio", "--repeats", "1"]
    options = ["--only", "extract", "decode", "start-split", "reach", "--clips", "20", "--work", tmp_path / "work"]
    done = subprocess.run([*command, *options], cwd=TOP, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert [figures["row"] for figures in report["rows"]] == [
        "extract",
        "extract-plain",
        "decode",
        "reach",
        "start-split",
    ]
    assert all(f"`{figures['row']}`" in done.stdout for figures in report["rows"])
    assert report["rows"][0]["ratio"] > 0 and "needs --logmel" in report["rows"][3]["skipped"]


def test_a_clip_without_a_stored_spectrogram_is_not_compared_with_anothers(archive, write_audio, tmp_path):
    write_audio("audio/rock/rock.00050.wav", noise(seconds=3))
    command = [sys.executable, "-m", "benchmarks.robustness", "--audio", tmp_path / "audio", "--logmel", archive]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 1 and "lacks 1 of the clips, such as rock.00050" in done.stderr, done.stderr


def test_a_clip_that_changes_its_genre_is_told_with_how_near_the_two_were():
    before = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.45, 0.44, 0.11]])
    after = np.array([[0.4, 0.35, 0.25], [0.1, 0.3, 0.6], [0.44, 0.46, 0.1]])
    names, genres = ["a", "b", "c"], ["blues", "pop", "rock"]
    assert robustness.changes(after, before, names, genres) == ["c: blues 0.45, pop 0.44 -> pop 0.46, blues 0.44"]
    counts = robustness.compare(after, before, np.array([False, True, True]))
    assert counts["same_genre"] == 2 and counts["clips"] == 3
    assert counts["same_genre_held_out"] == 1 and counts["clips_held_out"] == 2
    assert counts["median_change_of_probability"] == pytest.approx(0.1)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_the_robustness_benchmark_compares_every_variant(write_audio):
    folder = write_audio("audio/blues.00000.wav", noise(seconds=3)).parent
    command = [sys.executable, "-m", "benchmarks.robustness", "--audio", folder]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    variants = json.loads(done.stdout.splitlines()[-1])["variants"]
    assert set(variants) == set(robustness.VARIANTS)
    assert all(counts["clips"] == 1 for counts in variants.values())
    assert variants["6 dB quieter"]["same_genre"] == 1

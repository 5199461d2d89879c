from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from genre import files, paths
from genre.errors import DataError
from genre.features import store


def write_folder(folder, settings, spectrograms):
    folder.mkdir()
    rows, first = [], 0
    with (folder / "frames.npy").open("wb") as file:
        store.write_header(file, 0, settings)
        for number, frames in enumerate(spectrograms):
            file.write(frames.data)
            rows.append((f"{number:03d}", "NA", "", "", first, len(frames), 1.0))
            first += len(frames)
        store.write_header(file, first, settings)
    files.write_table(folder / "clips.csv", pd.DataFrame(rows, columns=store.CLIP_COLUMNS))
    files.write_json(folder / "features.json", {"dataset": {"name": "numbers"}, "settings": asdict(settings)})
    return store.read(folder)


def test_each_clips_frames_come_back_as_they_were_written(tmp_path, settings):
    rng = np.random.default_rng(0)
    spectrograms = [rng.integers(0, 256, (n, settings.n_mels)).astype(np.uint8) for n in (5, 1, 300)]
    features = write_folder(tmp_path / "features", settings, spectrograms)
    assert features.frames.shape == (306, settings.n_mels)
    assert isinstance(features.frames, np.memmap)
    for name, frames in zip(features.clips.index, spectrograms, strict=True):
        np.testing.assert_array_equal(features.of(name), frames)
    assert features.settings == settings and features.dataset["name"] == "numbers"


def test_no_segment_is_longer_than_the_longest_clip(tmp_path, settings):
    spectrograms = [np.zeros((n, settings.n_mels), np.uint8) for n in (5, 1, 30)]
    features = write_folder(tmp_path / "features", settings, spectrograms)
    assert features.segment_frames(60.0) == 30
    assert features.segment_frames(1.0) == settings.n_frames(1.0) < 30


def test_ids_that_look_like_numbers_and_genres_that_look_missing_stay_text(tmp_path, settings):
    features = write_folder(tmp_path / "features", settings, [np.zeros((2, settings.n_mels), np.uint8)])
    assert list(features.clips.index) == ["000"] and features.clips.genre.iloc[0] == "NA"


def test_only_where_the_pipeline_makes_a_missing_folder_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"features\.json is missing; `dvc repro` makes it"):
        store.read(paths.FEATURES)
    with pytest.raises(DataError, match=r"nothing/features\.json does not exist$"):
        store.read(tmp_path / "nothing")

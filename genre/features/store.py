"""The features of all clips on disk: their frames in one array, clip after clip, read through a memory map.

A feature folder holds `frames.npy` [shape=(total_frames, n_mels)], `clips.csv` (the location of each clip's frames),
`skipped.csv` (path, reason) and `features.json` (dataset and extraction settings).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from genre import files
from genre.features.settings import FeatureSettings

CLIP_COLUMNS = ["clip_id", "genre", "artist", "sha256", "first_frame", "n_frames", "seconds"]


@dataclass(frozen=True)
class Features:
    """The frames of every clip, and which frames belong to which clip."""

    frames: np.ndarray  # (total_frames, n_mels), uint8 levels or float32 power; usually a memory map
    clips: pd.DataFrame  # indexed by clip_id; genre, artist, sha256, first_frame, n_frames, seconds
    settings: FeatureSettings
    dataset: dict[str, Any]  # dataset.json of the fetch stage

    def of(self, clip_id: str) -> np.ndarray:
        """The frames of one clip [shape=(n_frames, n_mels)]."""
        row = self.clips.index.get_loc(clip_id)
        first = self.clips.first_frame.array[row]
        return self.frames[first : first + self.clips.n_frames.array[row]]

    def segment_frames(self, seconds: float) -> int:
        """Number of frames in a segment of `seconds`; no segment is longer than the longest clip."""
        return min(self.settings.n_frames(seconds), int(self.clips.n_frames.max()))

    def rows(self, split: pd.Series, part: str) -> np.ndarray:
        """Rows of `clips` in one set (`part`) of `split` (indexed by clip_id), ascending [shape=(n,), int]."""
        return np.flatnonzero((split.reindex(self.clips.index) == part).to_numpy())

    def labels(self, rows: np.ndarray, genres: list[str]) -> np.ndarray:
        """Index in `genres` of the genre of each clip in `rows` [shape=(n,), int]; ValueError if it is missing."""
        return self.clips.genre.iloc[rows].map(genres.index).to_numpy(int)


def read(folder: Path) -> Features:
    """Open a feature folder; the frames are memory-mapped."""
    info = files.read_json(folder / "features.json")
    clips = files.read_table(folder / "clips.csv")
    with files.present(folder / "frames.npy"):
        frames = np.load(folder / "frames.npy", mmap_mode="r")
    return Features(frames, clips.set_index("clip_id"), FeatureSettings(**info["settings"]), info["dataset"])


def write_header(file: BinaryIO, n_frames: int, settings: FeatureSettings) -> None:
    """Write the header of `frames.npy`; its length is fixed, so it can be rewritten when `n_frames` is known."""
    shape, descr = (n_frames, settings.n_mels), np.lib.format.dtype_to_descr(settings.dtype)
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})

"""The features of all clips on disk: one array of frames end to end, read through a memory map.

A feature folder holds `frames.npy` [shape=(total_frames, n_mels)], `clips.csv` (where each clip's frames lie),
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
    """The frames of every clip, and which frames are whose."""

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
        """Frames of a segment of `seconds`; no segment is longer than the longest clip."""
        return min(self.settings.n_frames(seconds), int(self.clips.n_frames.max()))

    def rows(self, split: pd.Series, part: str) -> np.ndarray:
        """Rows of `clips` that belong to a part of a split, given by clip_id [shape=(n,), int], in their order."""
        return np.flatnonzero((split.reindex(self.clips.index) == part).to_numpy())

    def labels(self, rows: np.ndarray, genres: list[str]) -> np.ndarray:
        """Index in `genres` of the genre of each of some rows of `clips` [shape=(n,), int]; ValueError if not there."""
        return self.clips.genre.iloc[rows].map(genres.index).to_numpy(int)


def read(folder: Path) -> Features:
    """Open a feature folder; the frames stay on disk until they are used."""
    info = files.read_json(folder / "features.json")
    clips = files.read_table(folder / "clips.csv")
    with files.present(folder / "frames.npy"):
        frames = np.load(folder / "frames.npy", mmap_mode="r")
    return Features(frames, clips.set_index("clip_id"), FeatureSettings(**info["settings"]), info["dataset"])


class FrameWriter:
    """Writes a `.npy` file of frames clip by clip, so that memory does not grow with the number of clips."""

    def __init__(self, file: BinaryIO, *, settings: FeatureSettings) -> None:
        self._file = file
        self._settings = settings
        self.n_frames = 0
        self._write_header()

    def append(self, frames: np.ndarray) -> None:
        """Append one clip's frames [shape=(n, n_mels), dtype=settings.dtype]."""
        assert frames.dtype == self._settings.dtype and frames.shape[1] == self._settings.n_mels
        self._file.write(np.ascontiguousarray(frames).data)
        self.n_frames += len(frames)

    def finish(self) -> None:
        """Say at the beginning of the file how many frames there are."""
        self._file.seek(0)
        self._write_header()  # numpy pads the header so that a longer first axis fits in the same bytes

    def _write_header(self) -> None:
        header = {
            "shape": (self.n_frames, self._settings.n_mels),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self._settings.dtype),
        }
        np.lib.format.write_array_header_1_0(self._file, header)

"""From segments to clips: a clip's probabilities are the mean of its segments' probabilities."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from genre.features import segments
from genre.features.segments import Network
from genre.features.store import Features
from genre.model.calibration import calibrate
from genre.model.model_file import ModelInfo


@dataclass(frozen=True)
class Predictions:
    """A model's predictions for labelled clips."""

    clip_ids: np.ndarray  # (n,), str
    labels: np.ndarray  # (n,), int: index of the true genre in `genres`
    probabilities: np.ndarray  # (n, n_genres), float 0..1, rows sum to 1
    genres: list[str]

    @property
    def predicted(self) -> np.ndarray:
        """Index of the most probable genre [shape=(n,), int]."""
        return self.probabilities.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """Clips by true genre (rows) and predicted genre (columns) [shape=(n_genres, n_genres), int]."""
        counts = np.zeros((len(self.genres), len(self.genres)), dtype=int)
        np.add.at(counts, (self.labels, self.predicted), 1)
        return counts

    def table(self) -> pd.DataFrame:
        """One row per clip: clip_id, genre, predicted, its probability, and each genre's probability."""
        names = np.array(self.genres)
        head = {
            "clip_id": self.clip_ids,
            "genre": names[self.labels],
            "predicted": names[self.predicted],
            "probability": self.probabilities.max(axis=1).round(6),
        }
        columns = {f"p_{name}": self.probabilities[:, index].round(6) for index, name in enumerate(self.genres)}
        return pd.DataFrame(head | columns)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> "Predictions":
        """The inverse of `table`, which rounds probabilities to six digits."""
        genres = [name.removeprefix("p_") for name in table.columns if name.startswith("p_")]
        index = {name: number for number, name in enumerate(genres)}
        return cls(
            table.clip_id.to_numpy(str),
            table.genre.map(index).to_numpy(int),
            table[[f"p_{name}" for name in genres]].to_numpy(float),
            genres,
        )


def predict_clips(
    network: Network,
    features: Features,
    rows: np.ndarray,
    *,
    segment_frames: int,
    test_segments: int,
    clips_per_batch: int = 16,
) -> np.ndarray:
    """Genre probabilities of some clips [shape=(n, n_genres), dtype=float64], rows sum to 1; clips are read in batches.

    `rows` index `features.clips`, at least one. `test_segments` segments of each clip are averaged. A batch has at most
    `clips_per_batch` clips, fewer if they have more than two segments each.
    """
    if (features.clips.n_frames.iloc[rows] <= segment_frames).all():
        test_segments = 1  # all segments of a short clip are identical
    parts = []
    for chosen in _equal_batches(rows, max(1, clips_per_batch * 2 // max(test_segments, 2))):
        names = features.clips.index[chosen]
        batch = np.concatenate(
            [
                segments.cut(clip, segments.evenly_spaced(len(clip), segment_frames, test_segments), segment_frames)
                for clip in (features.of(name) for name in names)
            ]
        )
        by_segment = np.asarray(network(batch), dtype=np.float64)
        parts.append(by_segment.reshape(len(names), test_segments, -1).mean(axis=1))
    probabilities = np.concatenate(parts)[: len(rows)]
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def predict_calibrated(network: Network, info: ModelInfo, features: Features, rows: np.ndarray) -> np.ndarray:
    """Calibrated genre probabilities, otherwise as from `predict_clips`; `info` must belong to the network."""
    probabilities = predict_clips(
        network, features, rows, segment_frames=info.segment_frames, test_segments=info.test_segments
    )
    return calibrate(probabilities, info.temperature)


def _equal_batches(rows: np.ndarray, max_size: int) -> np.ndarray:
    """The rows in batches of equal size, padded with the last row: TensorFlow retraces for every new shape."""
    n_batches = math.ceil(len(rows) / max_size)
    return np.pad(rows, (0, -len(rows) % n_batches), mode="edge").reshape(n_batches, -1)

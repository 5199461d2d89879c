"""From segments to clips: a clip's probabilities are the mean of its segments' probabilities."""

from collections.abc import Callable

import numpy as np

from genre import segments
from genre.store import Features

# Segments (batch, segment_frames, n_mels) float32 -> probabilities (batch, n_genres).
Network = Callable[[np.ndarray], np.ndarray]


def predict_clips(
    network: Network,
    features: Features,
    rows: np.ndarray,
    *,
    segment_frames: int,
    test_segments: int,
    clips_per_batch: int = 16,
) -> np.ndarray:
    """Genre probabilities of some clips, read batch by batch.

    Parameters
    ----------
    network : callable
        Segments [shape=(batch, segment_frames, n_mels), dtype=float32] to probabilities [shape=(batch, n_genres)].
    features : Features
    rows : np.ndarray [shape=(n,), dtype=int]
        Rows of `features.clips`.
    segment_frames, test_segments : int
        Length of a segment, in frames, and how many of each clip.
    clips_per_batch : int

    Returns
    -------
    np.ndarray [shape=(n, n_genres), dtype=float64]
        0..1, each row adds up to 1.
    """
    parts = []
    for begin in range(0, len(rows), clips_per_batch):
        names = features.clips.index[rows[begin : begin + clips_per_batch]]
        batch = np.concatenate(
            [
                segments.cut(clip, segments.evenly_spaced(len(clip), segment_frames, test_segments), segment_frames)
                for clip in (features.of(name) for name in names)
            ]
        )
        by_segment = np.asarray(network(batch), dtype=np.float64)
        parts.append(by_segment.reshape(len(names), test_segments, -1).mean(axis=1))
    probabilities = np.concatenate(parts)
    return probabilities / probabilities.sum(axis=1, keepdims=True)

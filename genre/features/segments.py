"""Segments: pieces of equal length cut from clips, the network's input.

Positions are in frames from the start of the clip; a clip shorter than a segment is repeated.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # imports pandas, which prediction does not need
    from genre.features.store import Features

# Segments (batch, segment_frames, n_mels) float32 -> probabilities (batch, n_genres).
Network = Callable[[np.ndarray], np.ndarray]


def to_float(frames: np.ndarray) -> np.ndarray:
    """Convert stored frames to the network's `float32` input: 8-bit levels to 0..1, linear power unchanged."""
    if frames.dtype == np.uint8:
        return frames.astype(np.float32) / np.float32(255)
    return frames.astype(np.float32, copy=False)


def evenly_spaced(n_frames: int, length: int, count: int) -> np.ndarray:
    """Start frames of `count` segments spread evenly over a clip [shape=(count,), int]; a single one is centred."""
    spare = max(n_frames - length, 0)
    if count == 1:
        return np.array([spare // 2])
    return np.linspace(0, spare, count).round().astype(int)


def cut(clip: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Cut segments [shape=(count, length, n_mels), float32] from a clip [shape=(n_frames, n_mels)] at `starts`."""
    positions = (starts[:, None] + np.arange(length)) % len(clip)
    return to_float(clip[positions])


def draw(features: "Features", rows: np.ndarray, length: int, *, rng: np.random.Generator) -> np.ndarray:
    """Cut a random segment [shape=(batch, length, n_mels), float32] from each clip in `rows` of `features.clips`.

    All positions that keep the segment within its clip are equally probable.
    """
    n_frames = features.clips.n_frames.to_numpy()[rows, None]  # (batch, 1)
    first = features.clips.first_frame.to_numpy()[rows, None]
    start = rng.integers(0, np.maximum(n_frames - length, 0), endpoint=True)
    return to_float(features.frames[first + (start + np.arange(length)) % n_frames])

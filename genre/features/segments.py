"""Segments: pieces of equal length cut from clips, as the network sees them.

A position is counted in frames from the clip's first; a clip that is shorter than a segment is repeated.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # pandas comes with it, and prediction does without
    from genre.features.store import Features

# Segments (batch, segment_frames, n_mels) float32 -> probabilities (batch, n_genres).
Network = Callable[[np.ndarray], np.ndarray]


def to_float(frames: np.ndarray) -> np.ndarray:
    """Stored frames as the network's input: 8-bit levels become 0..1, linear power stays as it is; `float32`."""
    if frames.dtype == np.uint8:
        return frames.astype(np.float32) / np.float32(255)
    return frames.astype(np.float32, copy=False)


def evenly_spaced(n_frames: int, length: int, count: int) -> np.ndarray:
    """First frames of `count` segments from a clip's start to its end [shape=(count,), int]; one segment is central."""
    spare = max(n_frames - length, 0)
    if count == 1:
        return np.array([spare // 2])
    return np.linspace(0, spare, count).round().astype(int)


def cut(clip: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Segments [shape=(count, length, n_mels), float32] of one clip [shape=(n_frames, n_mels)], from `starts` on."""
    positions = (starts[:, None] + np.arange(length)) % len(clip)
    return to_float(clip[positions])


def draw(features: "Features", rows: np.ndarray, length: int, *, rng: np.random.Generator) -> np.ndarray:
    """One segment [shape=(batch, length, n_mels), float32] from each of some rows of `features.clips`.

    All positions where the segment lies within its clip are equally probable.
    """
    n_frames = features.clips.n_frames.to_numpy()[rows, None]  # (batch, 1), as all that follows
    first = features.clips.first_frame.to_numpy()[rows, None]
    start = rng.integers(0, np.maximum(n_frames - length, 0), endpoint=True)
    return to_float(features.frames[first + (start + np.arange(length)) % n_frames])

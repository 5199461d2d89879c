"""Augmentation: what may be done to a segment's levels without changing its genre, in numpy, batch by batch.

Every function takes segments [shape=(batch, frames, n_mels), dtype=float32, levels 0..1], a generator and a strength,
and returns new segments; a strength of 0 changes nothing.
"""

import numpy as np

from genre.params import AugmentParams


def augment(
    segments: np.ndarray, labels: np.ndarray, params: AugmentParams, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Apply every augmentation of `params` but time stretching, which `genre.features.segments.draw` does, and masks.

    Masks hide parts from networks that learn their filters, and are layers of those (`genre.model.masks`).

    Parameters
    ----------
    segments : np.ndarray [shape=(batch, frames, n_mels), dtype=float32]
        Levels 0..1.
    labels : np.ndarray [shape=(batch, n_genres), dtype=float32]
        Probabilities.
    params : AugmentParams
    rng : np.random.Generator

    Returns
    -------
    tuple of np.ndarray
        Segments and labels of the same shapes.
    """
    if params.pitch_shift:
        segments = shift_pitch(segments, rng, params.pitch_shift)
    if params.equalise:
        segments = equalise(segments, rng, params.equalise)
    if params.contrast or params.gain:
        segments = change_levels(segments, rng, contrast=params.contrast, gain=params.gain)
    if params.mixup:
        segments, labels = mix(segments, labels, rng, params.mixup)
    return segments, labels


def shift_pitch(segments: np.ndarray, rng: np.random.Generator, bands: float) -> np.ndarray:
    """Shift each segment up or down by up to `bands` mel bands, between bands by linear interpolation."""
    n_mels = segments.shape[2]
    shift = rng.uniform(-bands, bands, len(segments))
    positions = np.clip(np.arange(n_mels) + shift[:, None], 0, n_mels - 1)  # (batch, n_mels)
    below = np.minimum(positions.astype(int), n_mels - 2)
    weight = (positions - below).astype(np.float32)[:, None, :]
    low = np.take_along_axis(segments, below[:, None, :], axis=2)
    high = np.take_along_axis(segments, below[:, None, :] + 1, axis=2)
    return low + weight * (high - low)


def equalise(segments: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Add to each segment a smooth random curve over its bands, as another recording or mix would.

    The curve is a sum of five cosines over the bands whose amplitudes are normal with the standard deviation
    strength / sqrt(k), in levels.
    """
    n_mels = segments.shape[2]
    k = np.arange(1, 6)
    amplitudes = rng.normal(0, strength, (len(segments), len(k))) / np.sqrt(k)
    cosines = np.cos(np.pi * k[:, None] * (np.arange(n_mels) + 0.5) / n_mels)
    curves = (amplitudes @ cosines).astype(np.float32)  # (batch, n_mels)
    return np.clip(segments + curves[:, None, :], 0, 1)


def change_levels(segments: np.ndarray, rng: np.random.Generator, *, contrast: float, gain: float) -> np.ndarray:
    """Multiply all levels of a segment by a factor of up to exp(contrast), and add up to `gain`."""
    shape = (len(segments), 1, 1)
    factor = np.exp(rng.uniform(-contrast, contrast, shape)).astype(np.float32)
    offset = rng.uniform(-gain, gain, shape).astype(np.float32)
    return np.clip(segments * factor + offset, 0, 1)


def mix(
    segments: np.ndarray, labels: np.ndarray, rng: np.random.Generator, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mixup (Zhang et al., ICLR 2018): each segment, and its label, blended with another of the batch by Beta(a, a)."""
    share = rng.beta(alpha, alpha, len(segments))
    share = np.maximum(share, 1 - share).astype(np.float32)
    other = rng.permutation(len(segments))
    segments = segments * share[:, None, None] + segments[other] * (1 - share)[:, None, None]
    return segments, labels * share[:, None] + labels[other] * (1 - share)[:, None]

"""Augmentation: random changes to a segment's levels that keep its genre, in numpy, batch by batch.

Every function takes segments [shape=(batch, frames, n_mels), dtype=float32, levels 0..1] and returns new ones.
"""

import numpy as np

from genre.features.bands import MelBands
from genre.params import AugmentParams
from genre.training.degrade import degrade, smooth_curve


def augment(segments: np.ndarray, params: AugmentParams, bands: MelBands, *, rng: np.random.Generator) -> np.ndarray:
    """Apply every augmentation that `params` enables."""
    if params.degrade.share:
        segments = degrade(segments, params.degrade, bands, rng=rng)
    if params.equalise:
        segments = equalise(segments, params.equalise, rng=rng)
    if params.contrast or params.gain:
        segments = change_levels(segments, contrast=params.contrast, gain=params.gain, rng=rng)
    return segments


def equalise(segments: np.ndarray, strength: float, *, rng: np.random.Generator) -> np.ndarray:
    """Add a smooth random curve over the bands to each segment, as a different recording or mix would.

    The curve is a sum of five cosines over the bands; the amplitude of the k-th is normally distributed with a standard
    deviation of strength / sqrt(k), in levels.
    """
    amplitudes = rng.normal(0, strength, (len(segments), 5)) / np.sqrt(np.arange(1, 6))
    curves = smooth_curve(amplitudes, segments.shape[2]).astype(np.float32)  # (batch, n_mels)
    return np.clip(segments + curves[:, None, :], 0, 1)


def change_levels(segments: np.ndarray, *, contrast: float, gain: float, rng: np.random.Generator) -> np.ndarray:
    """Multiply all levels of a segment by exp(-contrast) to exp(contrast), then add -gain to gain, both at random."""
    shape = (len(segments), 1, 1)
    factor = np.exp(rng.uniform(-contrast, contrast, shape)).astype(np.float32)
    offset = rng.uniform(-gain, gain, shape).astype(np.float32)
    return np.clip(segments * factor + offset, 0, 1)

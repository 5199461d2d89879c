"""Augmentation: what may be done to a segment's levels without changing its genre, in numpy, batch by batch.

Every function takes segments [shape=(batch, frames, n_mels), dtype=float32, levels 0..1] and returns new ones.
"""

import numpy as np

from genre.features.bands import MelBands
from genre.params import AugmentParams
from genre.training.degrade import degrade, smooth_curve


def augment(segments: np.ndarray, params: AugmentParams, bands: MelBands, *, rng: np.random.Generator) -> np.ndarray:
    """Apply every augmentation of `params`."""
    if params.degrade.share:
        segments = degrade(segments, params.degrade, bands, rng=rng)
    if params.equalise:
        segments = equalise(segments, params.equalise, rng=rng)
    if params.contrast or params.gain:
        segments = change_levels(segments, contrast=params.contrast, gain=params.gain, rng=rng)
    return segments


def equalise(segments: np.ndarray, strength: float, *, rng: np.random.Generator) -> np.ndarray:
    """Add to each segment a smooth random curve over its bands, as another recording or mix would.

    The curve is a sum of five cosines over the bands whose amplitudes are normal with the standard deviation
    strength / sqrt(k), in levels.
    """
    amplitudes = rng.normal(0, strength, (len(segments), 5)) / np.sqrt(np.arange(1, 6))
    curves = smooth_curve(amplitudes, segments.shape[2]).astype(np.float32)  # (batch, n_mels)
    return np.clip(segments + curves[:, None, :], 0, 1)


def change_levels(segments: np.ndarray, *, contrast: float, gain: float, rng: np.random.Generator) -> np.ndarray:
    """Multiply all levels of a segment by a factor of up to exp(contrast), and add up to `gain`."""
    shape = (len(segments), 1, 1)
    factor = np.exp(rng.uniform(-contrast, contrast, shape)).astype(np.float32)
    offset = rng.uniform(-gain, gain, shape).astype(np.float32)
    return np.clip(segments * factor + offset, 0, 1)

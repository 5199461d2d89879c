"""Statistics of a segment's levels over its whole length, as layers without weights.

Contrast statistics say how much a spectrogram changes at every scale of time and frequency. They are a plain relative
of the joint time-frequency scattering transform (Andén, Lostanlen and Mallat, IEEE TSP 2019): Haar wavelets along
frequency and time, then the mean and the spread of their absolute values. With a few hundred clips to learn from, they
keep texture and rhythm and forget melody, loudness and equalisation, which tell artists apart; a network that learns
its own filters finds those first.
"""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("genre")
class BandStatistics(keras.layers.Layer):
    """Each mel band's mean, its spread and the spread of its changes: (batch, frames, n_mels) -> (batch, 4 n_mels).

    Timbre, in short. The changes are over 1 and over 4 frames, or as many as a shorter segment has. In float32.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "dtype": "float32"})

    def call(self, segments: Any) -> Any:
        longest = segments.shape[1] - 1
        changes = [segments[:, lag:] - segments[:, :-lag] for lag in (min(1, longest), min(4, longest))]
        spreads = [ops.std(part, axis=1) for part in (segments, *changes)]
        return ops.concatenate([ops.mean(segments, axis=1), *spreads], axis=-1)


@keras.saving.register_keras_serializable("genre")
class ContrastStatistics(keras.layers.Layer):
    """Log mean and log spread over time of |Haar differences|: (batch, frames, n_mels) -> (batch, n_statistics).

    At scale k, means over 2**k neighbouring cells, half overlapping, are subtracted from the next ones: along
    frequency (or not at all), and then along time (or not at all). Has no weights and computes in float32.

    Parameters
    ----------
    time_scales, mel_scales : int
        Scales of 1, 2, 4, ... frames or mel bands, as far as the input is long enough.
    groups : int
        The mel axis of each difference is averaged in so many groups.
    floor : float
        Added before the logarithm, in the input's unit.
    """

    def __init__(
        self, *, time_scales: int = 6, mel_scales: int = 5, groups: int = 16, floor: float = 0.005, **settings: Any
    ) -> None:
        super().__init__(**{**settings, "dtype": "float32"})  # small differences: no bfloat16 here
        self.time_scales = time_scales
        self.mel_scales = mel_scales
        self.groups = groups
        self.floor = floor

    def get_config(self) -> dict[str, Any]:
        own = ("time_scales", "mel_scales", "groups", "floor")
        return super().get_config() | {name: getattr(self, name) for name in own}

    def call(self, segments: Any) -> Any:
        statistics = []
        for along_mel in [segments, *differences(segments, self.mel_scales, axis=2)]:
            grouping = mel_groups(along_mel.shape[2], self.groups)
            for change in [along_mel, *differences(along_mel, self.time_scales, axis=1)]:
                mean = ops.mean(ops.abs(change), axis=1)  # (batch, bands)
                variance = ops.mean(ops.square(change), axis=1) - ops.square(mean)
                spread = ops.sqrt(ops.maximum(variance, 0.0))
                statistics += [ops.log(ops.matmul(part, grouping) + self.floor) for part in (mean, spread)]
        return ops.concatenate(statistics, axis=-1)


def differences(x: Any, scales: int, *, axis: int) -> list[Any]:
    """Differences of neighbouring means over 1, 2, 4, ... cells along `axis`, for as many scales as fit."""
    found, means = [], x
    for scale in range(scales):
        step = 1 if scale == 0 else 2  # from the second scale on, the means overlap by half
        if means.shape[axis] <= step:
            break
        later, earlier = _cut(means, axis, start=step), _cut(means, axis, stop=-step)
        found.append(later - earlier)
        means = (later + earlier) * 0.5
        if scale > 0:
            means = _cut(means, axis, step=2)
    return found


def _cut(x: Any, axis: int, *, start: int | None = None, stop: int | None = None, step: int = 1) -> Any:
    index = [slice(None)] * 3
    index[axis] = slice(start, stop, step)
    return x[tuple(index)]


def mel_groups(n_bands: int, groups: int) -> np.ndarray:
    """The matrix [shape=(n_bands, groups), float32] that averages neighbouring bands; repeats them where too few."""
    matrix = np.zeros((n_bands, groups), np.float32)
    if n_bands >= groups:
        matrix[np.arange(n_bands), np.arange(n_bands) * groups // n_bands] = 1
        return matrix / matrix.sum(axis=0)
    matrix[np.arange(groups) * n_bands // groups, np.arange(groups)] = 1
    return matrix

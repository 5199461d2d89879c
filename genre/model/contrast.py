"""Contrast statistics of a segment, as a layer without weights.

They measure how much a spectrogram changes at each scale of time and frequency, and are a simple relative of the joint
time-frequency scattering transform (Andén, Lostanlen and Mallat, IEEE TSP 2019): Haar wavelets along frequency and
time, then the mean and standard deviation of their absolute values. They keep texture and rhythm but discard melody,
loudness and equalisation, which identify artists: a network that learns its own filters from only a few hundred clips
picks those up first.
"""

from typing import Any

import numpy as np
from scipy.linalg import block_diag

from genre.model.backend import keras

ops = keras.ops


@keras.saving.register_keras_serializable("genre")
class ContrastStatistics(keras.layers.Layer):
    """Log mean and log standard deviation over time of |Haar differences|: (batch, frames, n_mels) -> (batch, n).

    At scale k, the mean of 2**k neighbouring cells is subtracted from the mean of the next 2**k; positions overlap by
    half. Differences are taken along frequency (or not at all) and then along time (or not at all), at all scales of
    1, 2, 4, ... cells that fit the input. The mel axis of each difference is averaged into `groups`, and `floor`, in
    the input's unit, is added before the logarithm. Computed in float32, as the differences are small.
    """

    def __init__(
        self, *, time_scales: int = 6, mel_scales: int = 5, groups: int = 16, floor: float = 0.005, **settings: Any
    ) -> None:
        super().__init__(**{**settings, "dtype": "float32"})
        self.time_scales = time_scales
        self.mel_scales = mel_scales
        self.groups = groups
        self.floor = floor

    def get_config(self) -> dict[str, Any]:
        own = ("time_scales", "mel_scales", "groups", "floor")
        return super().get_config() | {name: getattr(self, name) for name in own}

    def call(self, segments: Any) -> Any:
        along_mel = [np.eye(segments.shape[2], dtype=np.float32), *haar_matrices(segments.shape[2], self.mel_scales)]
        grouping = block_diag(*(mel_groups(matrix.shape[1], self.groups) for matrix in along_mel))
        # Few large operations; with frames as the first axis, a shifted copy is a contiguous part of the same memory.
        bands = ops.matmul(ops.transpose(segments, (1, 0, 2)), np.concatenate(along_mel, axis=1))
        changes = [bands, *differences(bands, self.time_scales)]  # each (positions, batch, bands)
        means = ops.stack([ops.mean(ops.abs(change), axis=0) for change in changes], axis=1)
        squares = ops.stack([ops.mean(ops.square(change), axis=0) for change in changes], axis=1)
        deviations = ops.sqrt(ops.maximum(squares - ops.square(means), 0.0))
        statistics = ops.matmul(ops.concatenate([means, deviations], axis=1), grouping)
        return ops.reshape(ops.log(statistics + self.floor), (-1, 2 * len(changes) * grouping.shape[1]))


def differences(x: Any, scales: int) -> list[Any]:
    """Haar differences along the first axis at scales of 1, 2, 4, ... cells, for as many as fit."""
    found, means = [], x
    for scale in range(scales):
        step = 1 if scale == 0 else 2
        if means.shape[0] <= step:
            break
        found.append(means[step:] - means[:-step])
        if scale > 0:  # from here on, means overlap by half
            means = ops.take(means, np.arange(0, means.shape[0], 2), axis=0)
        means = (means[1:] + means[:-1]) * 0.5
    return found


def haar_matrices(n: int, scales: int) -> list[np.ndarray]:
    """Matrices that compute the same differences as x @ matrix, each [shape=(n, positions), dtype=float32]."""
    matrices = []
    for width in (2**scale for scale in range(scales)):
        starts = np.arange(0, n - 2 * width + 1, max(width // 2, 1))
        offset = np.arange(n)[:, None] - starts
        matrix = ((offset >= width) & (offset < 2 * width)).astype(np.float32) - ((offset >= 0) & (offset < width))
        matrices.append(matrix / np.float32(width))
    return [matrix for matrix in matrices if matrix.size]


def mel_groups(n_bands: int, groups: int) -> np.ndarray:
    """The matrix [shape=(n_bands, groups), float32] that averages neighbouring bands, or repeats them if too few."""
    matrix = np.zeros((n_bands, groups), np.float32)
    if n_bands >= groups:
        matrix[np.arange(n_bands), np.arange(n_bands) * groups // n_bands] = 1
        return matrix / matrix.sum(axis=0)
    matrix[np.arange(groups) * n_bands // groups, np.arange(groups)] = 1
    return matrix

"""Mel power spectrograms, computed as librosa defines them and several times faster.

librosa computes Fourier transforms in double precision and multiplies by a mel matrix that is nearly all zeros. Here
all is single precision, in blocks of frames that stay in the processor's cache, and the matrix is cut into groups of
neighbouring bands, each with the bins that it needs alone. librosa itself takes a second to import, and every worker
process would have to: tests hold this module against it instead.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genre.features.bands import filters
from genre.features.settings import FeatureSettings

INT16_SCALE = 2.0**-15  # of a 16-bit sample: full scale is -1..1
# Samples in a block's frames: 256 KB in, as much out. With twice that, glibc returns memory to the system after each
# clip and asks for it again, which takes a third of the whole time.
_BLOCK = 1 << 16
_BANDS = 16  # in a group


@dataclass(frozen=True)
class _Group:
    """Neighbouring mel bands and the bins that they need."""

    bins: slice  # of a spectrum as floats: real and imaginary parts in turn
    bands: slice
    weights: np.ndarray  # (bins, bands), float32


@lru_cache(maxsize=8)
def _plan(sample_rate: int, n_fft: int, n_mels: int) -> tuple[np.ndarray, list[_Group]]:
    """The periodic Hann window [shape=(n_fft,), float32], and the mel matrix in groups."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    matrix = filters(sample_rate, n_fft, n_mels).T
    groups = []
    for first in range(0, n_mels, _BANDS):
        bands = slice(first, min(first + _BANDS, n_mels))
        used = np.flatnonzero(matrix[:, bands].any(axis=1))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        # Real and imaginary parts have the same weight, so that the product adds their squares up.
        weights = np.repeat(matrix[low:high, bands], 2, axis=0)
        groups.append(_Group(slice(2 * low, 2 * high), bands, weights))
    return window, groups


def power(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Mel power spectrogram of mono samples, frames first; agrees with librosa's to single precision.

    A Hann window, frames centred by padding with zeros, power 2, Slaney's mel bands from 0 Hz to half the sample rate.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32 or int16]
        Full scale is -1..1, or for int16 all of its range.
    settings : FeatureSettings

    Returns
    -------
    np.ndarray [shape=(frames, n_mels), dtype=float32]
        Not negative.
    """
    import scipy.fft  # takes longer to import than all else here, and only those who compute need it

    n_fft = settings.n_fft
    window, groups = _plan(settings.sample_rate, n_fft, settings.n_mels)
    if samples.dtype == np.int16:
        window = window * np.float32(INT16_SCALE)  # a power of two: the same products as of floats
    frames = sliding_window_view(np.pad(samples, n_fft // 2), n_fft)[:: settings.hop_length]
    result = np.empty((len(frames), settings.n_mels), np.float32)
    size = max(1, _BLOCK // n_fft)
    windowed = np.empty((size, n_fft), np.float32)
    for first in range(0, len(frames), size):
        here = slice(first, min(first + size, len(frames)))
        block = windowed[: here.stop - here.start]
        np.copyto(block, frames[here])
        block *= window  # apart from the conversion of integers: in one step numpy takes half as long again
        squares = scipy.fft.rfft(block, overwrite_x=True).view(np.float32)  # (frames, 2 bins)
        np.square(squares, out=squares)
        for group in groups:
            np.matmul(squares[:, group.bins], group.weights, out=result[here, group.bands])
    return result

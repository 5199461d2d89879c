"""Mel spectrograms: the single definition that extraction, prediction and the benchmarks share.

They match librosa's, but are computed several times faster. librosa computes Fourier transforms in double precision and
multiplies by a mel matrix that is nearly all zeros. This module works in single precision, on blocks of frames that
stay in the processor's cache, and splits the matrix into groups of adjacent bands, each with only the bins it needs.
librosa is not imported, as that would take a second in every worker process: tests compare this module with it instead.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genre.errors import AudioError
from genre.features import audio
from genre.features.bands import filters
from genre.features.decoding import INT16_SCALE
from genre.features.settings import TOP_DB, FeatureSettings

# Samples in the frames of a block: 256 KB in, 256 KB out. With twice that, glibc returns memory to the system after
# each clip and allocates it again, which takes a third of the total time.
_BLOCK = 1 << 16
_GROUP_SIZE = 16  # mel bands
_MIN_POWER = np.float32(1e-10)


@dataclass(frozen=True)
class Clip:
    """The features of a clip or, if that is longer than `FeatureSettings.seconds`, of its start."""

    frames: np.ndarray  # (n, n_mels), from `spectrogram`
    is_whole: bool  # whether the frames reach the end of the file
    undecoded: str  # why the rest of the file could not be decoded; see `genre.features.decoding.Stream`


def read_clip(path: Path, settings: FeatureSettings) -> Clip | str:
    """The mel spectrogram of the start of an audio file, or the reason why the file cannot be used.

    Worker processes import this module, so it must not import pandas: that takes as long as fifty clips.
    """
    try:
        samples, is_whole, undecoded = audio.load(path, settings)
    except AudioError as error:
        return str(error)
    return Clip(spectrogram(samples, settings), is_whole, undecoded)


def spectrogram(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Mel spectrogram [shape=(frames, n_mels)] of mono samples, given as for `mel_power`.

    With `scale: power`, it is the `mel_power`. With `db`, that is converted to dB relative to the clip's maximum,
    clipped at -80 dB, and scaled linearly from the clip's own minimum..maximum to `uint8` levels 0..255.
    """
    power = mel_power(samples, settings)
    return power if settings.scale == "power" else quantise(to_decibels(power))


def mel_power(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Non-negative mel power spectrogram [shape=(frames, n_mels), dtype=float32] of mono samples.

    The samples are `float32` with full scale -1..1, or `int16`. Hann window, frames centred by zero padding, power 2,
    Slaney's mel bands from 0 Hz to half the sample rate; agrees with librosa's to single precision.
    """
    import scipy.fft  # slow to import, and needed only here

    n_fft = settings.n_fft
    window, groups = _plan(settings.sample_rate, n_fft, settings.n_mels)
    if samples.dtype == np.int16:
        window = window * np.float32(INT16_SCALE)  # a power of two: the products equal those of floats
    frames = sliding_window_view(np.pad(samples, n_fft // 2), n_fft)[:: settings.hop_length]
    result = np.empty((len(frames), settings.n_mels), np.float32)
    size = max(1, _BLOCK // n_fft)
    windowed = np.empty((size, n_fft), np.float32)
    for first in range(0, len(frames), size):
        rows = slice(first, first + size)
        block = windowed[: len(frames[rows])]
        np.copyto(block, frames[rows])
        block *= window  # separate from the integer conversion: both in one step take numpy half as long again
        squares = scipy.fft.rfft(block, overwrite_x=True).view(np.float32)  # (frames, 2 bins)
        np.square(squares, out=squares)
        for bands, bins, weights in groups:
            np.matmul(squares[:, bins], weights, out=result[rows, bands])
    return result


@lru_cache(maxsize=8)
def _plan(sample_rate: int, n_fft: int, n_mels: int) -> tuple[np.ndarray, list[tuple[slice, slice, np.ndarray]]]:
    """The periodic Hann window [shape=(n_fft,), float32], and the mel matrix in groups of bands.

    A group holds its bands, their columns in a spectrum viewed as floats (real and imaginary parts alternate), and the
    weights [shape=(columns, bands), float32].
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    matrix = filters(sample_rate, n_fft, n_mels).T
    groups = []
    for first in range(0, n_mels, _GROUP_SIZE):
        bands = slice(first, first + _GROUP_SIZE)
        used = np.flatnonzero(matrix[:, bands].any(axis=1))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        # Real and imaginary parts have the same weight, so that the product sums their squares.
        groups.append((bands, slice(2 * low, 2 * high), np.repeat(matrix[low:high, bands], 2, axis=0)))
    return window, groups


def to_decibels(power: np.ndarray) -> np.ndarray:
    """Power in dB relative to its own maximum, -80..0; as in librosa.power_to_db, the power is at least 1e-10."""
    levels = 10 * np.log10(np.maximum(power, _MIN_POWER))
    levels -= levels.max()
    return np.maximum(levels, -TOP_DB)


def quantise(decibels: np.ndarray) -> np.ndarray:
    """Scale levels in dB linearly from their own minimum..maximum to `uint8` 0..255; a constant array gives zeros."""
    low, high = decibels.min(), decibels.max()
    if high == low:
        return np.zeros(decibels.shape, dtype=np.uint8)
    return np.ascontiguousarray(np.round((decibels - low) * (255 / (high - low))), dtype=np.uint8)

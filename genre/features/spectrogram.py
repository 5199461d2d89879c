"""Mel spectrograms: the one definition that extraction, prediction and the benchmarks share.

They are librosa's, computed several times faster. librosa computes Fourier transforms in double precision and
multiplies by a mel matrix that is nearly all zeros. Here all is single precision, in blocks of frames that stay in the
processor's cache, and the matrix is cut into groups of neighbouring bands, each with the bins that it needs alone.
librosa itself takes a second to import, and every worker process would have to: tests hold this module against it
instead.
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

# Samples in a block's frames: 256 KB in, as much out. With twice that, glibc returns memory to the system after each
# clip and asks for it again, which takes a third of the whole time.
_BLOCK = 1 << 16
_BANDS = 16  # in a group
_LEAST_POWER = np.float32(1e-10)


@dataclass(frozen=True)
class Clip:
    """What is learned from a file."""

    frames: np.ndarray  # (n, n_mels), as `spectrogram` gives them
    is_whole: bool  # whether the file is no longer
    unheard: str  # what of the file could not be decoded; see `genre.features.decoding.Stream`


def read_clip(path: Path, settings: FeatureSettings) -> Clip | str:
    """The mel spectrogram of an audio file's beginning, or the reason why the file cannot be used.

    Worker processes import this module for it: each would take as long over pandas as over fifty clips.
    """
    try:
        samples, is_whole, unheard = audio.load(path, settings)
    except AudioError as error:
        return str(error)
    return Clip(spectrogram(samples, settings), is_whole, unheard)


def spectrogram(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Mel spectrogram [shape=(frames, n_mels)] of mono samples, as `mel_power` takes them.

    With `scale: power` it is that power. With `db` it is turned into decibels below the clip's maximum, clipped at
    80 dB, and scaled linearly from the clip's own minimum..maximum to `uint8` levels 0..255.
    """
    power = mel_power(samples, settings)
    return power if settings.scale == "power" else quantise(to_decibels(power))


def mel_power(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Mel power spectrogram [shape=(frames, n_mels), dtype=float32], not negative, of mono samples.

    The samples are `float32`, full scale -1..1, or `int16`. A Hann window, frames centred by padding with zeros,
    power 2, Slaney's mel bands from 0 Hz to half the sample rate; agrees with librosa's to single precision.
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
        here = slice(first, first + size)
        block = windowed[: len(frames[here])]
        np.copyto(block, frames[here])
        block *= window  # apart from the conversion of integers: in one step numpy takes half as long again
        squares = scipy.fft.rfft(block, overwrite_x=True).view(np.float32)  # (frames, 2 bins)
        np.square(squares, out=squares)
        for bands, bins, weights in groups:
            np.matmul(squares[:, bins], weights, out=result[here, bands])
    return result


@lru_cache(maxsize=8)
def _plan(sample_rate: int, n_fft: int, n_mels: int) -> tuple[np.ndarray, list[tuple[slice, slice, np.ndarray]]]:
    """The periodic Hann window [shape=(n_fft,), float32], and the mel matrix in groups.

    Of each group the bands, their bins in a spectrum as floats, real and imaginary parts in turn, and the weights
    [shape=(bins, bands), float32].
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    matrix = filters(sample_rate, n_fft, n_mels).T
    groups = []
    for first in range(0, n_mels, _BANDS):
        bands = slice(first, first + _BANDS)
        used = np.flatnonzero(matrix[:, bands].any(axis=1))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        # Real and imaginary parts have the same weight, so that the product adds their squares up.
        groups.append((bands, slice(2 * low, 2 * high), np.repeat(matrix[low:high, bands], 2, axis=0)))
    return window, groups


def to_decibels(power: np.ndarray) -> np.ndarray:
    """Power in dB below its own maximum, -80..0; as librosa.power_to_db, less than 1e-10 counts as that much."""
    levels = 10 * np.log10(np.maximum(power, _LEAST_POWER))
    levels -= levels.max()
    return np.maximum(levels, -TOP_DB)


def quantise(decibels: np.ndarray) -> np.ndarray:
    """Scale levels in dB linearly from their own minimum..maximum to `uint8` 0..255; a constant array gives zeros."""
    low, high = decibels.min(), decibels.max()
    if high == low:
        return np.zeros(decibels.shape, dtype=np.uint8)
    return np.ascontiguousarray(np.round((decibels - low) * (255 / (high - low))), dtype=np.uint8)

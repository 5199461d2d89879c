"""Mel spectrograms: the one definition that extraction, prediction and the benchmarks share."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genre.errors import AudioError
from genre.features import audio, mel
from genre.features.settings import TOP_DB, FeatureSettings

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
        excerpt = audio.load(path, settings)
    except AudioError as error:
        return str(error)
    return Clip(spectrogram(excerpt.samples, settings), excerpt.is_whole, excerpt.unheard)


def spectrogram(samples: np.ndarray, settings: FeatureSettings) -> np.ndarray:
    """Mel spectrogram of mono samples, frames first.

    librosa's mel spectrogram (Hann window, centred frames, Slaney mel bands from 0 Hz to half the sample
    rate, power 2). With `scale: db` it is turned into decibels below the clip's maximum, clipped at 80 dB,
    and scaled linearly from the clip's own minimum..maximum to 8 bits.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32 or int16]
        Full scale is -1..1, or for int16 all of its range.
    settings : FeatureSettings

    Returns
    -------
    np.ndarray [shape=(frames, n_mels)]
        `uint8` levels 0..255 for `db`; `float32` power, not negative, for `power`.
    """
    power = mel.power(samples, settings)
    return power if settings.scale == "power" else quantise(to_decibels(power))


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

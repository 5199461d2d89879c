"""Mel spectrograms: the one definition that extraction, prediction and the benchmarks share."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from genre import audio, mel
from genre.errors import AudioError

TOP_DB = 80.0  # levels further below the clip's loudest point are clipped
_LEAST_POWER = np.float32(1e-10)


@dataclass(frozen=True)
class FeatureSettings:
    """What decides the value of every frame; it is stored beside the features and in the model file."""

    sample_rate: int  # in Hz
    n_fft: int  # length of the Fourier window, in samples
    hop_length: int  # distance of two frames, in samples
    n_mels: int
    seconds: float  # the first so many seconds of a clip are used
    min_seconds: float  # a shorter clip is refused
    scale: Literal["db", "power"]

    @classmethod
    def of(cls, params: Any) -> "FeatureSettings":
        """The settings among the attributes of `params`, such as the `extract` section."""
        return cls(**{name: getattr(params, name) for name in cls.__dataclass_fields__})

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.uint8 if self.scale == "db" else np.float32)

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop_length

    def n_frames(self, seconds: float) -> int:
        """Frames that `seconds` of audio give (centred frames: one for every begun hop)."""
        return int(seconds * self.sample_rate) // self.hop_length + 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def from_file(path: Path, settings: FeatureSettings) -> np.ndarray:
    """The mel spectrogram of an audio file's beginning, as `spectrogram` gives it.

    Raises
    ------
    AudioError
        Where the file cannot be decoded, or is empty, too short, silent or not finite.
    """
    samples = audio.load(
        path,
        sample_rate=settings.sample_rate,
        seconds=settings.seconds,
        min_seconds=settings.min_seconds,
    )
    return spectrogram(samples, settings)


def read_clip(path: Path, settings: FeatureSettings) -> np.ndarray | str:
    """As `from_file`, or the reason why the file cannot be used.

    Worker processes import this module for it: each would take as long over pandas as over fifty clips.
    """
    try:
        return from_file(path, settings)
    except AudioError as error:
        return str(error)


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
    power = mel.power(
        samples,
        sample_rate=settings.sample_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        n_mels=settings.n_mels,
    )
    if settings.scale == "power":
        return power
    return quantise(to_decibels(power))


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

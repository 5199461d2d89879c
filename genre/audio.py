"""Audio files: which there are, and how one becomes mono samples at a given rate."""

from pathlib import Path

import numpy as np
import soxr

from genre.decoding import open_audio
from genre.errors import AudioError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".au", ".m4a")
# Below this peak (-80 dB of full scale) a clip counts as silent: there is nothing to scale its spectrogram by.
SILENCE_PEAK = 1e-4
# Above this peak a float file is not audio, and its power would overflow single precision.
ABSURD_PEAK = 1e6


def load(path: Path, *, sample_rate: int, seconds: float, min_seconds: float = 0.0) -> np.ndarray:
    """Decode the beginning of an audio file, mix it to mono and resample it.

    Parameters
    ----------
    path : Path
        A file in one of the formats of `SUFFIXES`, at any sample rate, with any number of channels.
    sample_rate : int
        Rate of the result, in Hz.
    seconds : float
        The longest part to read from the start of the file, in seconds.
    min_seconds : float
        A shorter file is refused, in seconds.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Samples, full scale is -1..1.

    Raises
    ------
    AudioError
        Where the file cannot be decoded, is empty, too short or silent, or holds NaN or infinite samples.
    """
    with open_audio(path) as stream:
        samples = stream.read(int(seconds * stream.rate))
        return prepare(samples, stream.rate, sample_rate=sample_rate, min_seconds=min_seconds)


def prepare(samples: np.ndarray, rate: int, *, sample_rate: int, min_seconds: float = 0.0) -> np.ndarray:
    """Decoded samples [shape=(n, channels), dtype=float32] as `load` gives them; raises AudioError as `load` does."""
    if len(samples) == 0:
        raise AudioError("holds no samples")
    check_finite(samples)
    if np.abs(samples).max() > ABSURD_PEAK:
        raise AudioError(f"not audio: its peak is more than {ABSURD_PEAK:g} times full scale")
    if len(samples) < min_seconds * rate:
        raise AudioError(f"too short: {len(samples) / rate:.2f} s, the least is {min_seconds:g} s")
    mono = samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0]
    if np.abs(mono).max() < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate, quality="HQ")  # librosa's own default
    return mono


def check_finite(samples: np.ndarray) -> None:
    """Raise AudioError where samples are NaN or infinite."""
    if not np.isfinite(samples).all():
        raise AudioError("holds NaN or infinite samples")

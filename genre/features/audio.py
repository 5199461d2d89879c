"""Load an audio file as mono samples at a given rate; skip silence and reject what is not music."""

import math
from pathlib import Path

import numpy as np
import soxr

from genre.errors import AudioError
from genre.features.decoding import INT16_SCALE, Stream, open_audio
from genre.features.settings import FeatureSettings

# Below this peak (-80 dB of full scale) a clip counts as silent, and its spectrogram cannot be scaled.
SILENCE_PEAK = 1e-4
# 60 dB below the peak: anything quieter before or after the music is a fade or noise.
SILENCE_RATIO = 1e-3
_MIN_SILENCE = 0.05  # in seconds; anything shorter is a gap between two notes and is kept
# A float file with a higher peak is not audio, and its power would overflow single precision.
_MAX_PEAK = 1e6


def load(path: Path, settings: FeatureSettings) -> tuple[np.ndarray, bool, str]:
    """Decode the first `settings.seconds` of an audio file, mix it to mono and resample it to `settings.sample_rate`.

    If the file is longer, leading silence is skipped.

    Returns the samples, `float32` with full scale -1..1, or `int16` for a 16-bit mono file at this rate; whether they
    reach the end of the file; and a note on what could not be decoded (see `genre.features.decoding.Stream`). Raises
    AudioError if the file cannot be decoded, is empty, shorter than `settings.min_seconds` or silent, claims a sample
    rate outside `genre.features.decoding.SAMPLE_RATES`, or contains NaN, infinite or absurdly large samples.
    """
    with open_audio(path) as stream:
        length = int(settings.seconds * stream.rate)
        samples = stream.read(length + 1)
        if len(samples) > length:
            _, samples = skip_silence(stream, samples)
        return prepare(samples[:length], stream.rate, settings), len(samples) <= length, stream.undecoded


def skip_silence(stream: Stream, block: np.ndarray) -> tuple[int, np.ndarray]:
    """Drop the silence at the start of a block of samples, and refill the block from the stream.

    Returns the number of samples dropped, and the block. Raises AudioError if nothing but silence follows.
    """
    dropped = 0
    while silent := sound_start(block, stream.rate, max(SILENCE_RATIO * peak(block), SILENCE_PEAK)):
        dropped += silent
        block = np.concatenate([block[silent:], stream.read(silent)])
        if not len(block):
            raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    return dropped, block


def sound_start(block: np.ndarray, rate: int, level: float) -> int:
    """Length in samples of the silence (below `level` of full scale) at the start of a block; 0 if it is short."""
    if peak(block[: int(_MIN_SILENCE * rate)]) >= level:  # true of most music, and faster than a full search
        return 0
    loud = np.abs(to_float(block)) >= level
    silent = int(loud.argmax()) if loud.any() else len(block)
    return silent if silent >= _MIN_SILENCE * rate else 0


def prepare(mono: np.ndarray, rate: int, settings: FeatureSettings) -> np.ndarray:
    """Check and resample decoded samples [shape=(n,), dtype=float32 or int16]; raises AudioError as `load` does."""
    if len(mono) == 0:
        raise AudioError("holds no samples")
    loudest = peak(mono)
    if loudest > _MAX_PEAK:
        raise AudioError(f"not audio: its peak is more than {_MAX_PEAK:g} times full scale")
    if len(mono) < settings.min_seconds * rate:
        found = math.floor(100 * len(mono) / rate) / 100  # not rounded up to the minimum
        raise AudioError(f"too short: {found:.2f} s of sound, minimum {settings.min_seconds:g} s")
    if loudest < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    return mono if rate == settings.sample_rate else _resample(mono, rate, settings.sample_rate)


def peak(samples: np.ndarray) -> float:
    """The largest absolute value, as a fraction of full scale; 0 if there are no samples.

    Raises AudioError if any sample is NaN or infinite.
    """
    if len(samples) == 0:
        return 0.0
    scale = INT16_SCALE if samples.dtype == np.int16 else 1.0
    largest = float(np.maximum(samples.max(), -float(samples.min()))) * scale  # NaN if any sample is
    if not math.isfinite(largest):
        raise AudioError("holds NaN or infinite samples")
    return largest


def to_float(samples: np.ndarray) -> np.ndarray:
    """Samples as `float32` with full scale -1..1; the conversion from 16 bits is exact."""
    return samples * np.float32(INT16_SCALE) if samples.dtype == np.int16 else samples


def _resample(mono: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Resample like librosa.resample: soxr's high quality, with the number of samples rounded up."""
    samples = to_float(mono)
    length = math.ceil(len(samples) * sample_rate / rate)
    resampled = soxr.resample(samples, rate, sample_rate, quality="soxr_hq")[:length]
    return np.pad(resampled, (0, length - len(resampled)))

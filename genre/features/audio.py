"""Audio: how a file becomes mono samples at a given rate, and which samples are not music."""

import math
from pathlib import Path

import numpy as np
import soxr

from genre.errors import AudioError
from genre.features.decoding import INT16_SCALE, Stream, open_audio
from genre.features.settings import FeatureSettings

# Below this peak (-80 dB of full scale) a clip counts as silent: there is nothing to scale its spectrogram by.
SILENCE_PEAK = 1e-4
# -60 dB below the loudest sample: what lies below it before or after music is a fade, or noise.
SILENCE = 1e-3
_SHORTEST_SILENCE = 0.05  # in seconds: music that begins between two notes stays as it is
# Above this peak a float file is not audio, and its power would overflow single precision.
ABSURD_PEAK = 1e6


def load(path: Path, settings: FeatureSettings) -> tuple[np.ndarray, bool, str]:
    """Decode the first `settings.seconds` of an audio file, mix it to mono and resample it to `settings.sample_rate`.

    Silence before the music is skipped in a file that is longer.

    Returns the samples, `float32` with full scale -1..1, or `int16` of a mono file of 16 bits at this rate; whether the
    file ends there; and what of it could not be decoded (see `genre.features.decoding.Stream`). Raises AudioError where
    the file cannot be decoded, is empty, shorter than `settings.min_seconds` or silent, claims a sample rate outside
    `genre.features.decoding.SAMPLE_RATES`, or holds NaN, infinite or absurdly large samples.
    """
    with open_audio(path) as stream:
        length = int(settings.seconds * stream.rate)
        samples = stream.read(length + 1)
        if len(samples) > length:
            _, samples = skip_silence(stream, samples)
        return prepare(samples[:length], stream.rate, settings), len(samples) <= length, stream.unheard


def skip_silence(stream: Stream, block: np.ndarray) -> tuple[int, np.ndarray]:
    """Drop the silence at the start of a block of samples, and add as many of those that follow it in the stream.

    Returns how many samples were dropped, and the block. Raises AudioError where nothing but silence follows.
    """
    dropped = 0
    while silent := sound_start(block, stream.rate, max(SILENCE * peak(block), SILENCE_PEAK)):
        dropped += silent
        block = np.concatenate([block[silent:], stream.read(silent)])
        if not len(block):
            raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    return dropped, block


def sound_start(block: np.ndarray, rate: int, level: float) -> int:
    """Length of the silence, below `level` of full scale, at the start of a block, in samples; 0 where it is short."""
    if peak(block[: int(_SHORTEST_SILENCE * rate)]) >= level:  # as in most music, and quicker than to look at all
        return 0
    loud = np.abs(to_float(block)) >= level
    silent = int(loud.argmax()) if loud.any() else len(block)
    return silent if silent >= _SHORTEST_SILENCE * rate else 0


def prepare(mono: np.ndarray, rate: int, settings: FeatureSettings) -> np.ndarray:
    """Decoded samples [shape=(n,), dtype=float32 or int16] as `load` gives them; raises AudioError as `load` does."""
    if len(mono) == 0:
        raise AudioError("holds no samples")
    loudest = peak(mono)
    if loudest > ABSURD_PEAK:
        raise AudioError(f"not audio: its peak is more than {ABSURD_PEAK:g} times full scale")
    if len(mono) < settings.min_seconds * rate:
        raise AudioError(f"too short: {len(mono) / rate:.2f} s, minimum {settings.min_seconds:g} s")
    if loudest < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    return mono if rate == settings.sample_rate else _resample(mono, rate, settings.sample_rate)


def peak(samples: np.ndarray) -> float:
    """The largest absolute value, as a fraction of full scale; 0 of no samples.

    Raises AudioError where samples are NaN or infinite.
    """
    if len(samples) == 0:
        return 0.0
    scale = INT16_SCALE if samples.dtype == np.int16 else 1.0
    largest = float(np.maximum(samples.max(), -float(samples.min()))) * scale  # NaN where a sample is
    if not math.isfinite(largest):
        raise AudioError("holds NaN or infinite samples")
    return largest


def to_float(samples: np.ndarray) -> np.ndarray:
    """Samples as `float32`, full scale is -1..1; those of 16 bits are represented exactly."""
    return samples * np.float32(INT16_SCALE) if samples.dtype == np.int16 else samples


def _resample(mono: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """As librosa.resample: soxr's high quality, and as many samples as the ratio says, rounded up."""
    samples = to_float(mono)
    length = math.ceil(len(samples) * sample_rate / rate)
    resampled = soxr.resample(samples, rate, sample_rate, quality="soxr_hq")[:length]
    return np.pad(resampled, (0, length - len(resampled)))

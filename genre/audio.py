"""Audio files: which there are, and how one becomes mono samples at a given rate."""

import math
from pathlib import Path

import numpy as np
import soundfile
import soxr

from genre.errors import AudioError
from genre.mel import INT16_SCALE

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".au", ".m4a")
# What libsndfile does not read; ffmpeg decodes it where it is installed.
_FFMPEG_SUFFIXES = (".m4a",)
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
    np.ndarray [shape=(n,), dtype=float32 or int16]
        Samples, full scale is -1..1; a file of 16-bit samples that is mono and at this rate gives them as they are.

    Raises
    ------
    AudioError
        Where the file cannot be decoded, is empty, too short or silent, or holds NaN or infinite samples.
    """
    samples, rate = _decode(path, seconds)
    if len(samples) == 0:
        raise AudioError("holds no samples")
    peak = _peak(samples)
    if not np.isfinite(peak):
        raise AudioError("holds NaN or infinite samples")
    if peak > ABSURD_PEAK:
        raise AudioError(f"not audio: its peak is more than {ABSURD_PEAK:g} times full scale")
    if len(samples) < min_seconds * rate:
        raise AudioError(f"too short: {len(samples) / rate:.2f} s, the least is {min_seconds:g} s")
    mono = samples[:, 0]
    if samples.shape[1] > 1:
        mono = _as_float(samples).mean(axis=1)
        peak = _peak(mono)
    if peak < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    return mono if rate == sample_rate else _resample(_as_float(mono), rate, sample_rate)


def _peak(samples: np.ndarray) -> float:
    """The largest absolute value, as a fraction of full scale; NaN where a sample is."""
    scale = INT16_SCALE if samples.dtype == np.int16 else 1.0
    return float(np.maximum(samples.max(), -float(samples.min()))) * scale


def _as_float(samples: np.ndarray) -> np.ndarray:
    return samples * np.float32(INT16_SCALE) if samples.dtype == np.int16 else samples


def _resample(mono: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """As librosa.resample: soxr's high quality, and as many samples as the ratio says, rounded up."""
    length = math.ceil(len(mono) * sample_rate / rate)
    resampled = soxr.resample(mono, rate, sample_rate, quality="soxr_hq")[:length]
    return np.pad(resampled, (0, length - len(resampled)))


def _decode(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    """Samples [shape=(n, channels), dtype=float32 or int16] of the first `seconds`, and their rate in Hz."""
    if Path(path).suffix.lower() in _FFMPEG_SUFFIXES:
        return _decode_with_ffmpeg(path, seconds)
    try:
        with soundfile.SoundFile(path) as file:
            # Half the memory of floats, and a third of the time.
            dtype = "int16" if file.subtype == "PCM_16" else "float32"
            return file.read(int(seconds * file.samplerate), dtype=dtype, always_2d=True), file.samplerate
    except (soundfile.LibsndfileError, ValueError) as error:
        reason = getattr(error, "error_string", str(error))
        raise AudioError(f"cannot be decoded: {reason}") from error


def _decode_with_ffmpeg(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    import audioread.ffdec  # few need it, and it takes its time to import

    if not audioread.ffdec.available():
        raise AudioError(f"{Path(path).suffix} needs ffmpeg, which is not installed")
    try:
        with audioread.ffdec.FFmpegAudioFile(str(path)) as file:
            wanted = int(seconds * file.samplerate) * file.channels
            blocks, length = [], 0
            for block in file:
                blocks.append(np.frombuffer(block, dtype="<i2"))
                length += len(blocks[-1])
                if length >= wanted:
                    break
            samples = np.concatenate(blocks)[:wanted] if blocks else np.empty(0, dtype="<i2")
            return samples.reshape(-1, file.channels), file.samplerate
    except audioread.DecodeError as error:
        raise AudioError("cannot be decoded by ffmpeg") from error

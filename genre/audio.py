"""Audio files: which there are, and how one becomes mono samples at a given rate."""

from pathlib import Path

import audioread.ffdec
import librosa
import numpy as np
import soundfile

from genre.errors import AudioError

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
    np.ndarray [shape=(n,), dtype=float32]
        Samples, full scale is -1..1.

    Raises
    ------
    AudioError
        Where the file cannot be decoded, is empty, too short or silent, or holds NaN or infinite samples.
    """
    samples, rate = _decode(path, seconds)
    if len(samples) == 0:
        raise AudioError("holds no samples")
    if not np.isfinite(samples).all():
        raise AudioError("holds NaN or infinite samples")
    if np.abs(samples).max() > ABSURD_PEAK:
        raise AudioError(f"not audio: its peak is more than {ABSURD_PEAK:g} times full scale")
    if len(samples) < min_seconds * rate:
        raise AudioError(f"too short: {len(samples) / rate:.2f} s, the least is {min_seconds:g} s")
    mono = samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0]
    if np.abs(mono).max() < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    if rate != sample_rate:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=sample_rate)
    return mono


def _decode(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    """Samples [shape=(n, channels), dtype=float32] of the first `seconds`, and their rate in Hz."""
    if Path(path).suffix.lower() in _FFMPEG_SUFFIXES:
        return _decode_with_ffmpeg(path, seconds)
    try:
        with soundfile.SoundFile(path) as file:
            samples = file.read(int(seconds * file.samplerate), dtype="float32", always_2d=True)
            return samples, file.samplerate
    except (soundfile.LibsndfileError, ValueError) as error:
        reason = getattr(error, "error_string", str(error))
        raise AudioError(f"cannot be decoded: {reason}") from error


def _decode_with_ffmpeg(path: Path, seconds: float) -> tuple[np.ndarray, int]:
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
            return samples.reshape(-1, file.channels).astype(np.float32) / 32768, file.samplerate
    except audioread.DecodeError as error:
        raise AudioError("cannot be decoded by ffmpeg") from error

"""Audio files: which there are, and how one becomes mono samples at a given rate."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import BinaryIO

import librosa
import numpy as np
import soundfile

from genre.errors import AudioError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".au", ".m4a")
# What libsndfile does not read; ffmpeg decodes it where it is installed.
_FFMPEG_SUFFIXES = (".m4a",)
# No playlists, which make ffmpeg open other files.
_FFMPEG_FORMATS = "mov,aac,mp3,wav,flac,ogg,au,aiff,caf"
_FFMPEG_PATIENCE = 120  # for one file, in seconds
# What a header may claim, in Hz: telephones have 8,000, studios at most 768,000.
SAMPLE_RATES = (1_000, 768_000)
# Below this peak (-80 dB of full scale) a clip counts as silent: there is nothing to scale its spectrogram by.
SILENCE_PEAK = 1e-4
# Above this peak a float file is not audio, and its power would overflow single precision.
ABSURD_PEAK = 1e6
# Read at a time, in samples of all channels: a header may claim hours, or a thousand channels, that are not there.
_BLOCK = 1 << 23


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
        Where the file cannot be decoded, is empty, too short or silent, claims a sample rate outside `SAMPLE_RATES`,
        or holds NaN or infinite samples.
    """
    mono, rate = _decode(Path(path), seconds)
    if len(mono) == 0:
        raise AudioError("holds no samples")
    if not np.isfinite(mono).all():
        raise AudioError("holds NaN or infinite samples")
    if np.abs(mono).max() > ABSURD_PEAK:
        raise AudioError(f"not audio: its peak is more than {ABSURD_PEAK:g} times full scale")
    if len(mono) < min_seconds * rate:
        raise AudioError(f"too short: {len(mono) / rate:.2f} s, the least is {min_seconds:g} s")
    if np.abs(mono).max() < SILENCE_PEAK:
        raise AudioError(f"silent: its peak is below {SILENCE_PEAK:g} of full scale")
    if rate != sample_rate:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=sample_rate)
    return mono


def _decode(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    """Mono samples [shape=(n,), dtype=float32] of the first `seconds`, and their rate in Hz."""
    source = _through_ffmpeg(path, seconds) if path.suffix.lower() in _FFMPEG_SUFFIXES else path
    try:
        with soundfile.SoundFile(source) as file:
            return _read_mono(file, seconds), file.samplerate
    except (soundfile.LibsndfileError, ValueError) as error:
        reason = getattr(error, "error_string", str(error))
        if "does not exist" in reason and path.exists():  # so libsndfile 1.2 says it of an MP3 without a frame
            reason = "no frame of audio was found."
        raise AudioError(f"cannot be decoded: {reason}") from error


def _read_mono(file: soundfile.SoundFile, seconds: float) -> np.ndarray:
    lowest, highest = SAMPLE_RATES
    if not lowest <= file.samplerate <= highest:
        raise AudioError(f"claims a sample rate of {file.samplerate} Hz; {lowest} to {highest} Hz can be used")
    missing = int(seconds * file.samplerate)
    blocks = [np.empty(0, np.float32)]
    while missing > 0:
        block = file.read(min(missing, max(_BLOCK // file.channels, 1)), dtype="float32", always_2d=True)
        if len(block) == 0:
            break
        with np.errstate(over="ignore", invalid="ignore"):  # infinite samples are refused by `load`
            blocks.append(block.mean(axis=1) if file.channels > 1 else block[:, 0])
        missing -= len(block)
    return np.concatenate(blocks)


def _through_ffmpeg(path: Path, seconds: float) -> BinaryIO:
    """The beginning of a file as ffmpeg decodes it, 16 bit, in a format that libsndfile reads."""
    if shutil.which("ffmpeg") is None:
        raise AudioError(f"{path.suffix} needs ffmpeg, which is not installed")
    reading = ["-format_whitelist", _FFMPEG_FORMATS, "-protocol_whitelist", "file", "-i", f"file:{path}"]
    writing = ["-t", str(seconds + 1), "-map", "0:a:0", "-c:a", "pcm_s16be", "-f", "au", "-"]
    command = ["ffmpeg", "-nostdin", "-loglevel", "quiet", *reading, *writing]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_FFMPEG_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise AudioError(f"ffmpeg did not decode it in {_FFMPEG_PATIENCE} s") from None
    if not done.stdout:
        raise AudioError("cannot be decoded by ffmpeg")
    return io.BytesIO(done.stdout)

"""Decoding: an audio file as a stream of mono samples, by libsndfile, or by ffmpeg where that does not know the format.

What a header claims is not believed: samples are read block by block, until there are no more.
"""

import os
import shutil
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from genre.errors import AudioError

# What a header may claim, in Hz: telephones have 8,000, studios at most 768,000.
SAMPLE_RATES = (1_000, 768_000)
_BLOCK = 1 << 23  # read at a time, in samples of all channels

_UNKNOWN_FORMAT = 1  # libsndfile's error code
# libsndfile knows these: what it refuses is damaged, and ffmpeg is not to make noise of it.
_SNDFILE_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".au", ".aif", ".aiff")
# No playlists, which make ffmpeg open other files.
_FFMPEG_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,tta,w64,wav,wv"
)
_FFMPEG_PATIENCE = 120  # for the next samples, in seconds
_AU_HEADER = struct.Struct(">4s5I")  # magic, offset of the samples, their bytes, encoding, rate in Hz, channels


class Stream(Protocol):
    """The samples of a file, all channels mixed to mono, in the order they are asked for."""

    rate: int  # in Hz

    def read(self, count: int, *, integers: bool = False) -> np.ndarray:
        """The next samples [shape=(n,)]; n is less than `count` at the end alone.

        `float32`, full scale is -1..1; with `integers`, a mono file of 16-bit samples gives them as they are, `int16`.
        """
        ...


@contextmanager
def open_audio(path: Path) -> Iterator[Stream]:
    """Open an audio file for reading block by block.

    Raises
    ------
    AudioError
        At opening or reading, where neither libsndfile nor ffmpeg can decode the file, or its sample rate is outside
        `SAMPLE_RATES`.
    """
    path = Path(path)
    try:
        file = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)  # any bytes
    except soundfile.LibsndfileError as error:
        is_mp4 = _is_mp4(path)
        if not is_mp4 and (error.code != _UNKNOWN_FORMAT or path.suffix.lower() in _SNDFILE_SUFFIXES):
            reason = error.error_string
            if "does not exist" in reason and path.exists():  # so libsndfile 1.2 says it of an MP3 without a frame
                reason = "no frame of audio was found."
            raise AudioError(f"cannot be decoded: {reason}") from error
        if shutil.which("ffmpeg") is None:
            what = "MP4" if is_mp4 else path.suffix or "this format"
            raise AudioError(f"{what} needs ffmpeg, which is not installed") from error
        with _ffmpeg(path) as stream:
            yield _checked(stream)
        return
    with file:
        yield _checked(_SoundFileStream(file))


def _is_mp4(path: Path) -> bool:
    """Whether a file is MP4, under whatever name: many a download called .mp3 is."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def _checked(stream: Stream) -> Stream:
    lowest, highest = SAMPLE_RATES
    if not lowest <= stream.rate <= highest:
        raise AudioError(f"claims a sample rate of {stream.rate} Hz; {lowest} to {highest} Hz can be used")
    return stream


class _SoundFileStream:
    def __init__(self, file: soundfile.SoundFile) -> None:
        self.rate: int = file.samplerate
        self._file = file

    def read(self, count: int, *, integers: bool = False) -> np.ndarray:
        as_they_are = integers and self._file.channels == 1 and self._file.subtype == "PCM_16"
        dtype = "int16" if as_they_are else "float32"  # half the memory of floats, and a third of the time
        try:
            return _in_blocks(
                lambda frames: self._file.read(frames, dtype=dtype, always_2d=True), count, self._file.channels
            )
        except (soundfile.LibsndfileError, ValueError) as error:
            raise AudioError(f"cannot be decoded: {getattr(error, 'error_string', error)}") from error


class _AuStream:
    """What ffmpeg writes to a pipe as AU, whose short header needs no seeking: 32-bit float, big-endian."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        header = self._next(_AU_HEADER.size)
        if len(header) < _AU_HEADER.size:
            raise AudioError("cannot be decoded by ffmpeg")
        _, offset, _, _, self.rate, self._channels = _AU_HEADER.unpack(header)
        self._next(offset - _AU_HEADER.size)

    def read(self, count: int, *, integers: bool = False) -> np.ndarray:
        return _in_blocks(self._frames, count, self._channels)

    def _frames(self, count: int) -> np.ndarray:
        content = self._next(count * self._channels * 4)
        whole = len(content) // (self._channels * 4) * self._channels
        return np.frombuffer(content, ">f4", whole).astype(np.float32).reshape(-1, self._channels)

    def _next(self, size: int) -> bytes:
        """The next bytes, less than `size` at the end; what came before a damaged place is kept, as with libsndfile."""
        out: BinaryIO = self._process.stdout
        given_up = threading.Event()
        watch = threading.Timer(_FFMPEG_PATIENCE, lambda: (given_up.set(), self._process.kill()))
        watch.start()
        try:
            content = out.read(size)
        finally:
            watch.cancel()
        if given_up.is_set() and len(content) < size:
            raise AudioError(f"cannot be decoded: ffmpeg gave nothing for {_FFMPEG_PATIENCE:g} s")
        return content


@contextmanager
def _ffmpeg(path: Path) -> Iterator[Stream]:
    # `file:` and the whitelists: no name is taken for an option or an address, and no playlist reaches the network.
    reading = ["-format_whitelist", _FFMPEG_FORMATS, "-protocol_whitelist", "file", "-i", f"file:{path}"]
    writing = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-"]
    command = ["ffmpeg", "-nostdin", "-loglevel", "quiet", *reading, *writing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield _AuStream(process)
        finally:
            process.kill()  # where not everything was read


def _in_blocks(read: Callable[[int], np.ndarray], count: int, channels: int) -> np.ndarray:
    """Mono samples [shape=(n,)] of at most `count` frames, which `read` gives as (n, channels)."""
    blocks, missing = [], count
    while missing > 0 or not blocks:
        block = read(min(missing, max(_BLOCK // channels, 1)))
        if len(block) == 0 and blocks:
            break
        with np.errstate(over="ignore", invalid="ignore"):  # infinite samples are refused by who uses them
            blocks.append(block.mean(axis=1) if channels > 1 else block[:, 0])
        missing -= len(block) or missing  # an empty first block, of the samples' own type, is the file's end
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)  # most clips: a copy costs as much as decoding

"""Decoding: an audio file as a stream of samples, by libsndfile, or where that does not know the format, by ffmpeg."""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from genre.errors import AudioError

_UNKNOWN_FORMAT = 1  # libsndfile's error code
_AU_HEADER = struct.Struct(">4s5I")  # magic, offset of the samples, their bytes, encoding, rate in Hz, channels


class Stream(Protocol):
    """Samples of a file from its beginning, in the order they are asked for."""

    rate: int  # in Hz

    def read(self, count: int) -> np.ndarray:
        """The next samples [shape=(n, channels), dtype=float32]; n is less than `count` at the end alone."""
        ...


@contextmanager
def open_audio(path: Path) -> Iterator[Stream]:
    """Open an audio file for reading block by block.

    Raises
    ------
    AudioError
        At opening or reading, where neither libsndfile nor ffmpeg can decode the file.
    """
    path = Path(path)
    try:
        file = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)  # any bytes
    except soundfile.LibsndfileError as error:
        if error.code != _UNKNOWN_FORMAT or shutil.which("ffmpeg") is None:
            hint = "; ffmpeg may know it, but is not installed" if error.code == _UNKNOWN_FORMAT else ""
            raise AudioError(f"cannot be decoded: {error.error_string}{hint}") from error
        with _ffmpeg(path) as stream:
            yield stream
        return
    with file:
        yield _SoundFileStream(file)


class _SoundFileStream:
    def __init__(self, file: soundfile.SoundFile) -> None:
        self.rate: int = file.samplerate
        self._file = file

    def read(self, count: int) -> np.ndarray:
        try:
            return self._file.read(count, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise AudioError(f"cannot be decoded: {error.error_string}") from error


class _AuStream:
    """What ffmpeg writes to a pipe as AU, whose short header needs no seeking: 32-bit float, big-endian."""

    def __init__(self, pipe: BinaryIO) -> None:
        header = pipe.read(_AU_HEADER.size)
        if len(header) < _AU_HEADER.size:
            raise AudioError("cannot be decoded by ffmpeg")
        _, offset, _, _, self.rate, self._channels = _AU_HEADER.unpack(header)
        pipe.read(offset - _AU_HEADER.size)
        self._pipe = pipe

    def read(self, count: int) -> np.ndarray:
        content = self._pipe.read(count * self._channels * 4)
        whole = len(content) // (self._channels * 4) * self._channels
        return np.frombuffer(content, ">f4", whole).astype(np.float32).reshape(-1, self._channels)


@contextmanager
def _ffmpeg(path: Path) -> Iterator[Stream]:
    # `file:` and the whitelist: no name is taken for an option or an address, and no playlist reaches the network.
    command = ["ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", f"file:{path}"]
    command += ["-map", "0:a:0", "-f", "au", "-c:a", "pcm_f32be", "pipe:1"]
    with (
        tempfile.TemporaryFile() as said,  # not a pipe, which would block ffmpeg when it is full
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            yield _AuStream(process.stdout)
        finally:
            process.kill()  # where not everything was read

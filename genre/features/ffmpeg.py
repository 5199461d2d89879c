"""ffmpeg, as a program that may be installed: it decodes what libsndfile cannot."""

import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from genre.errors import AudioError

# No playlists, which make ffmpeg open other files, and nothing that is not made for sound or video.
_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,nut,ogg,oma,rm,shn,tak,truehd,tta,voc,w64,wav,wv,xwma"
)
_PATIENCE = 120  # for the next samples, in seconds
_GUESS = b"misdetection possible"  # ffmpeg's warning where hardly anything speaks for the format that it has chosen
_AU_HEADER = struct.Struct(">4s5I")  # magic, offset of the samples, their bytes, encoding, rate in Hz, channels


def is_installed() -> bool:
    """Whether there is a program `ffmpeg` in the path."""
    return shutil.which("ffmpeg") is not None


@contextmanager
def decode(path: Path, *, rate: int | None = None) -> Iterator["FfmpegSource"]:
    """The first audio track of a file, at its own sample rate or at `rate`, in Hz.

    Raises AudioError where ffmpeg finds none, or only guesses at the format.
    """
    # `file:` and the whitelists: no name is taken for an option or an address, and no playlist reaches the network.
    reading = ["-format_whitelist", _FORMATS, "-protocol_whitelist", "file", "-i", f"file:{path}"]
    # AU, whose short header needs no seeking, as 32-bit float.
    writing = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-"]
    resampling = [] if rate is None else ["-ar", str(rate)]
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", *reading, *resampling, *writing]
    with (
        tempfile.TemporaryFile("a+b") as log,  # appended to, so that reading it here does not move where ffmpeg writes
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout
        try:
            source = FfmpegSource(process, process.stdout)
            log.seek(0)
            if source.rate == 0 or _GUESS in log.read(1 << 16):
                raise AudioError("cannot be decoded: neither libsndfile nor ffmpeg finds sound in it")
            yield source
        finally:
            process.kill()  # where not everything was read


class FfmpegSource:
    """The frames that a process of ffmpeg writes."""

    def __init__(self, process: subprocess.Popen, output: IO[bytes]) -> None:
        self._process, self._output = process, output
        self._given_up = False
        self.rate, self.channels = 0, 0  # in Hz; 0 where ffmpeg found nothing
        header = self._next(_AU_HEADER.size)
        if len(header) == _AU_HEADER.size:
            _, offset, _, _, self.rate, self.channels = _AU_HEADER.unpack(header)
            self._next(offset - _AU_HEADER.size)

    def read(self, count: int) -> np.ndarray:
        """The next frames [shape=(n, channels), dtype=float32]; n is less than `count` at the end alone.

        What comes before a damaged part is kept. Raises AudioError where ffmpeg hangs.
        """
        content = self._next(count * self.channels * 4)
        whole = len(content) // (self.channels * 4) * self.channels
        return np.frombuffer(content, ">f4", whole).astype(np.float32).reshape(-1, self.channels)

    def _next(self, size: int) -> bytes:
        watch = threading.Timer(_PATIENCE, self._give_up)
        watch.start()
        try:
            content = self._output.read(size)
        finally:
            watch.cancel()
        if self._given_up and len(content) < size:
            raise AudioError(f"cannot be decoded: ffmpeg gave nothing for {_PATIENCE:g} s")
        return content

    def _give_up(self) -> None:
        self._given_up = True
        self._process.kill()

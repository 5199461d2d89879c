"""Decode with the ffmpeg program, if it is installed, what libsndfile cannot."""

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

# Audio and video formats only; no playlists, which make ffmpeg open other files.
_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,nut,ogg,oma,rm,shn,tak,truehd,tta,voc,w64,wav,wv,xwma"
)
_TIMEOUT = 120  # for the next samples, in seconds
_MISDETECTION = b"misdetection possible"  # ffmpeg's warning when it has little evidence for the detected format
_AU_HEADER = struct.Struct(">4s5I")  # magic, offset of the samples, their bytes, encoding, rate in Hz, channels


def is_installed() -> bool:
    """Whether a program `ffmpeg` is on the PATH."""
    return shutil.which("ffmpeg") is not None


@contextmanager
def decode(path: Path, *, rate: int | None = None) -> Iterator["FfmpegSource"]:
    """Decode the first audio track of a file, at its own sample rate or at `rate`, in Hz.

    Raises AudioError if ffmpeg finds none, or can only guess the format.
    """
    # `file:` keeps a name from being read as an option or a URL; the whitelists keep playlists off the network.
    reading = ["-format_whitelist", _FORMATS, "-protocol_whitelist", "file", "-i", f"file:{path}"]
    # 32-bit float in AU, whose short header needs no seeking.
    writing = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-"]
    resampling = [] if rate is None else ["-ar", str(rate)]
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", *reading, *resampling, *writing]
    with (
        tempfile.TemporaryFile("a+b") as log,  # append mode: reading it here does not move ffmpeg's write position
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout
        try:
            source = FfmpegSource(process, process.stdout)
            log.seek(0)
            if source.rate == 0 or _MISDETECTION in log.read(1 << 16):
                raise AudioError("cannot be decoded: neither libsndfile nor ffmpeg finds sound in it")
            yield source
        finally:
            process.kill()  # in case the caller stopped early


class FfmpegSource:
    """The frames that an ffmpeg process writes to its output."""

    def __init__(self, process: subprocess.Popen, output: IO[bytes]) -> None:
        self._process, self._output = process, output
        self._timed_out = False
        self.rate, self.channels = 0, 0  # in Hz; 0 if ffmpeg found no audio
        header = self._read_bytes(_AU_HEADER.size)
        if len(header) == _AU_HEADER.size:
            _, offset, _, _, self.rate, self.channels = _AU_HEADER.unpack(header)
            self._read_bytes(offset - _AU_HEADER.size)

    def read(self, count: int) -> np.ndarray:
        """The next frames [shape=(n, channels), dtype=float32]; n is less than `count` only at the end.

        The audio before a damaged part is kept. Raises AudioError if ffmpeg hangs.
        """
        content = self._read_bytes(count * self.channels * 4)
        whole = len(content) // (self.channels * 4) * self.channels
        return np.frombuffer(content, ">f4", whole).astype(np.float32).reshape(-1, self.channels)

    def _read_bytes(self, size: int) -> bytes:
        timer = threading.Timer(_TIMEOUT, self._on_timeout)
        timer.start()
        try:
            content = self._output.read(size)
        finally:
            timer.cancel()
        if self._timed_out and len(content) < size:
            raise AudioError(f"cannot be decoded: ffmpeg produced nothing for {_TIMEOUT:g} s")
        return content

    def _on_timeout(self) -> None:
        self._timed_out = True
        self._process.kill()

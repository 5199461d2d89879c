"""Decode with libsndfile, through `soundfile`: it decodes most files, but may stop before their end.

It reads an MP3 only as far as a header or an estimate says, and only the first stream of an Ogg or FLAC file, although
recorded streams and joined files contain more. The file position where it stopped shows how much is left.
"""

import io
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from enum import Enum
from pathlib import Path

import numpy as np
import soundfile

from genre.errors import AudioError

# Error codes while reading after which ffmpeg may succeed: a gap in an MP3, the end of a FLAC file that does not state
# its length, a damaged FLAC frame.
_TRY_FFMPEG = (29, 39, 158, 161)
_NO_FRAME = 7  # libsndfile's message for it reads as if there were no file
_MIN_REMAINDER = 1000  # bytes; less is not worth a note
_READ_AHEAD = 1 << 16  # bytes that a decoder may have read ahead
# The first bytes of a stream; in any other format, a stream starts with the first four bytes of its file.
_STREAM_STARTS = {"OGG": b"OggS\0\2", "FLAC": b"fLaC\0\0\0\x22"}
_COMPRESSED = ("MP3", *_STREAM_STARTS)
_TAGS = re.compile(rb"APETAGEX|LYRICS|ID3|TAG")
_CHUNK = re.compile(rb".?[\w -]{4}", re.DOTALL)  # a chunk name in WAV, AIFF and the like, after padding


class TryFfmpegError(AudioError):
    """libsndfile cannot decode a file, but ffmpeg may."""


class Remainder(Enum):
    """What a file contains after the part that libsndfile read."""

    NOTHING = "nothing"  # but tags, chunks or padding
    SOUND = "sound"  # in a compressed format, after all the frames that libsndfile expected
    DAMAGED = "the file is damaged"  # the same, but libsndfile stopped before that
    # In WAV and the like, where only the header tells sound from other data.
    BEYOND_HEADER = "the file is longer than its header says"


class SndfileSource:
    """The frames of a file from byte `start` on, as far as libsndfile reads them."""

    def __init__(self, path: Path, start: int = 0) -> None:
        """Raises AudioError if the file cannot be decoded, TryFfmpegError if ffmpeg may decode it."""
        self._path, self._start = path, start
        self._file = _OffsetFile(path, start)
        # libsndfile reads descriptors twice as fast. Either way it sees no name, and detects the format by content.
        by_descriptor = start == 0 and os.name == "posix"
        try:
            self._sound = _UnseekableFile(self._file.fileno() if by_descriptor else self._file, closefd=False)
        except soundfile.LibsndfileError as error:
            self._file.close()
            raise TryFfmpegError(_reason(error)) from error
        self.rate: int = self._sound.samplerate  # in Hz
        self.channels: int = self._sound.channels
        # Integers take half the memory and a third of the time.
        self.dtype = "int16" if self._sound.subtype == "PCM_16" and self.channels == 1 else "float32"
        self._prefetched = np.empty((0, self.channels), self.dtype)  # read in advance, to test the source
        self._frames_left = self._sound.frames  # by the header or an estimate

    def close(self) -> None:
        """Close the file."""
        self._sound.close()
        self._file.close()

    def read(self, count: int) -> np.ndarray:
        """The next frames [shape=(n, channels), dtype=self.dtype], at most `count`, none at the end.

        Raises AudioError if the file is damaged, TryFfmpegError if ffmpeg may decode it.
        """
        if len(self._prefetched):
            frames, self._prefetched = self._prefetched[:count], self._prefetched[count:]
            return frames
        try:
            frames = self._sound.read(min(count, self._frames_left), dtype=self.dtype, always_2d=True)
            self._frames_left -= len(frames)
            return frames
        except soundfile.LibsndfileError as error:
            raise (TryFfmpegError if error.code in _TRY_FFMPEG else AudioError)(_reason(error)) from error
        except ValueError as error:
            raise AudioError(f"cannot be decoded by libsndfile: {error}") from error

    def following(self) -> "SndfileSource | Remainder":
        """What follows this source in the file: another source, if libsndfile decodes at least a second of it."""
        stopped = self._start + self._file.tell()
        if os.fstat(self._file.fileno()).st_size - stopped < _MIN_REMAINDER:
            return Remainder.NOTHING
        found_sound = False
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start in self._stream_starts(content, stopped):
                with suppress(AudioError), ExitStack() as stack:
                    source = SndfileSource(self._path, start)
                    stack.callback(source.close)
                    second = source.read(source.rate)
                    if len(second) < source.rate:
                        continue
                    found_sound = True
                    if (source.rate, source.dtype) == (self.rate, self.dtype):
                        if self._sound.format == "MP3":  # frames that depend on earlier ones decode to zeros
                            second = second[int(second.any(axis=1).argmax()) :]
                        source._prefetched = second
                        stack.pop_all()
                        return source
            return Remainder.SOUND if found_sound else self._remainder(content, stopped)

    def _stream_starts(self, content: mmap.mmap, stopped: int) -> Iterator[int]:
        """Offsets in the file where another stream may start."""
        if self._sound.format == "MP3":
            yield stopped
            return
        magic = _STREAM_STARTS.get(self._sound.format, content[self._start : self._start + 4])
        offset = max(self._start, stopped - _READ_AHEAD)
        while (offset := content.find(magic, offset + 1)) >= 0:
            yield offset

    def _remainder(self, content: mmap.mmap, stopped: int) -> Remainder:
        """What the file contains if no other stream starts there."""
        head, tail = content[stopped : stopped + 4096], content[-1024:]
        is_compressed = self._sound.format in _COMPRESSED
        names = _TAGS.search(head + tail) if is_compressed else _CHUNK.match(head)
        if names or not (head + tail).strip(b"\0"):
            return Remainder.NOTHING
        if not is_compressed:
            return Remainder.BEYOND_HEADER
        return Remainder.DAMAGED if self._frames_left else Remainder.SOUND


class _UnseekableFile(soundfile.SoundFile):
    """A sound file in which soundfile does not seek after each block.

    Seeking loses MP3 frames that depend on many earlier ones, and fails in FLAC whose header does not state the length.
    """

    def seekable(self) -> bool:
        return False


class _OffsetFile(io.FileIO):
    """A file from an offset on, as if it started there."""

    def __init__(self, path: Path, start: int) -> None:
        super().__init__(path)
        self._start = start
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return super().seek(offset + (self._start if whence == os.SEEK_SET else 0), whence) - self._start

    def tell(self) -> int:
        return super().tell() - self._start


def _reason(error: soundfile.LibsndfileError) -> str:
    reason = "no frame of sound was found." if error.code == _NO_FRAME else error.error_string
    return f"cannot be decoded by libsndfile: {reason.rstrip('.')}"

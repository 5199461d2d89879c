"""libsndfile, by `soundfile`: it decodes most files, but may stop before their end.

It reads as much of an MP3 as a header claims or an estimate gives, and the first stream of an Ogg or FLAC file, though
streamed and joined files go on. Where in the file it stopped shows how much it left.
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

# Error codes where ffmpeg may know better: unknown, malformed, unsupported, no frame of MP3, unimplemented,
# unspecified, no data in a WAV, FLAC in Ogg as ffmpeg writes it.
_PARTLY_KNOWN = (1, 3, 4, 7, 18, 29, 71, 161)
# The same after the start: a hole in an MP3, the end of a FLAC file without its length, a damaged frame of FLAC.
_INTERRUPTED = (29, 39, 158, 161)
_NO_FRAME = 7  # which libsndfile words as if there were no file
_SOME = 1000  # bytes; fewer than these are not worth mentioning
_BUFFER = 1 << 16  # bytes that a decoder may have read ahead
# What a stream begins with; one of another format begins as its file does.
_STREAM_STARTS = {"OGG": b"OggS\0\2", "FLAC": b"fLaC\0\0\0\x22"}
_COMPRESSED = ("MP3", *_STREAM_STARTS)
_TAGS = re.compile(rb"APETAGEX|LYRICS|ID3|TAG")
_CHUNK = re.compile(rb".?[\w -]{4}", re.DOTALL)  # the name of a chunk in WAV, AIFF and the like, after padding


class PartlyKnownError(AudioError):
    """libsndfile cannot decode a file, and ffmpeg may."""


class Left(Enum):
    """What a file holds after what libsndfile read."""

    NOTHING = "nothing"  # but tags, chunks and padding
    SOUND = "sound"  # in MP3 and the like, after all that libsndfile expected
    DAMAGED = "the file is damaged"  # the same, before it
    # Of WAV and the like, where the header alone tells sound from other bytes.
    BEYOND_HEADER = "the file is longer than its header says"


class SndfileSource:
    """The frames of a file from an offset on, as far as libsndfile reads it."""

    def __init__(self, path: Path, start: int = 0) -> None:
        """Raises AudioError where the file cannot be decoded, PartlyKnownError where ffmpeg may help."""
        self._path, self._start = path, start
        self._file = _Tail(path, start)
        # By its descriptor libsndfile reads twice as fast. Either way it sees no name, and goes by the content alone.
        by_descriptor = start == 0 and os.name == "posix"
        try:
            self._sound = _Forward(self._file.fileno() if by_descriptor else self._file, closefd=False)
        except soundfile.LibsndfileError as error:
            self._file.close()
            raise _refusal(error, _PARTLY_KNOWN) from error
        self.rate: int = self._sound.samplerate  # in Hz
        self.channels: int = self._sound.channels
        # Integers take half the memory, and a third of the time.
        self.dtype = "int16" if self._sound.subtype == "PCM_16" and self.channels == 1 else "float32"
        self._ahead = np.empty((0, self.channels), self.dtype)  # was read to try the source
        self._expected = self._sound.frames  # and not read yet, by the header or an estimate

    def close(self) -> None:
        """Close the file."""
        self._sound.close()
        self._file.close()

    def read(self, count: int) -> np.ndarray:
        """The next frames [shape=(n, channels), dtype=self.dtype], at most `count`, none at the end.

        Raises AudioError where the file is damaged, PartlyKnownError where ffmpeg may help.
        """
        if len(self._ahead):
            frames, self._ahead = self._ahead[:count], self._ahead[count:]
            return frames
        try:
            frames = self._sound.read(min(count, self._expected), dtype=self.dtype, always_2d=True)
            self._expected -= len(frames)
            return frames
        except soundfile.LibsndfileError as error:
            raise _refusal(error, _INTERRUPTED) from error
        except ValueError as error:
            raise AudioError(f"cannot be decoded by libsndfile: {error}") from error

    def following(self) -> "SndfileSource | Left":
        """What follows in the file once this was read: a source if libsndfile decodes as much as a second of it."""
        stopped = self._start + self._file.tell()
        if os.fstat(self._file.fileno()).st_size - stopped < _SOME:
            return Left.NOTHING
        leads_to_sound = False
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start in self._next_starts(content, stopped):
                with suppress(AudioError), ExitStack() as stack:
                    source = SndfileSource(self._path, start)
                    stack.callback(source.close)
                    second = source.read(source.rate)
                    if len(second) < source.rate:
                        continue
                    leads_to_sound = True
                    if (source.rate, source.dtype) == (self.rate, self.dtype):
                        if self._sound.format == "MP3":  # frames that build on what lies before come out as zeros
                            second = second[int(second.any(axis=1).argmax()) :]
                        source._ahead = second
                        stack.pop_all()
                        return source
            return Left.SOUND if leads_to_sound else self._left(content, stopped)

    def _next_starts(self, content: mmap.mmap, stopped: int) -> Iterator[int]:
        """Places in the file where a further stream may begin."""
        if self._sound.format == "MP3":
            yield stopped
            return
        mark = _STREAM_STARTS.get(self._sound.format, content[self._start : self._start + 4])
        offset = max(self._start, stopped - _BUFFER)
        while (offset := content.find(mark, offset + 1)) >= 0:
            yield offset

    def _left(self, content: mmap.mmap, stopped: int) -> Left:
        """What the file holds where no further stream begins."""
        head, tail = content[stopped : stopped + 4096], content[-1024:]
        is_compressed = self._sound.format in _COMPRESSED
        names = _TAGS.search(head + tail) if is_compressed else _CHUNK.match(head)
        if names or not (head + tail).strip(b"\0"):
            return Left.NOTHING
        if not is_compressed:
            return Left.BEYOND_HEADER
        return Left.DAMAGED if self._expected else Left.SOUND


class _Forward(soundfile.SoundFile):
    """A sound file in which soundfile does not seek after each block.

    In MP3 that loses frames which build on many before them; in FLAC it fails where the header gives no length.
    """

    def seekable(self) -> bool:
        return False


class _Tail(io.FileIO):
    """A file from an offset on, as if it began there."""

    def __init__(self, path: Path, start: int) -> None:
        super().__init__(path)
        self._start = start
        self.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return super().seek(offset + (self._start if whence == os.SEEK_SET else 0), whence) - self._start

    def tell(self) -> int:
        return super().tell() - self._start


def _refusal(error: soundfile.LibsndfileError, partly_known: tuple[int, ...]) -> AudioError:
    reason = "no frame of sound was found." if error.code == _NO_FRAME else error.error_string
    kind = PartlyKnownError if error.code in partly_known else AudioError
    return kind(f"cannot be decoded by libsndfile: {reason.rstrip('.')}")

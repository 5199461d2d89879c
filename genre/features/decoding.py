"""Decode an audio file into a stream of mono samples: by libsndfile, or by ffmpeg where it decodes more of the file.

The format is detected from the content, not the file name. The length in the header is not trusted: samples are read
until there are no more.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from genre.errors import AudioError
from genre.features import ffmpeg, mpeg
from genre.features.ffmpeg import FfmpegSource
from genre.features.sndfile import Remainder, SndfileSource, TryFfmpegError

# Accepted sample rates, in Hz: telephony uses 8,000, studios at most 768,000.
SAMPLE_RATES = (1_000, 768_000)
INT16_SCALE = 2.0**-15  # converts 16-bit samples to full scale -1..1
_BLOCK = 1 << 23  # samples of all channels to read at once
_CANCELLATION = 0.1  # channels cancel if their mean has less than this fraction of the power of uncorrelated channels
_MORE_FOLLOWS = "more follows that was not heard: "


@contextmanager
def open_audio(path: Path) -> Iterator["Stream"]:
    """Open an audio file for reading block by block.

    Raises AudioError, on opening or reading, if the file cannot be read or neither libsndfile nor ffmpeg decodes it,
    and on opening if its sample rate is outside `SAMPLE_RATES`.
    """
    with ExitStack() as stack:
        try:
            if not path.is_file():  # opening a named pipe would block
                raise AudioError("is not a regular file" if path.exists() else "does not exist")
            stream = Stream(path, stack)
        except OSError as error:
            raise AudioError(f"cannot be read: {error.strerror}") from error
        lowest, highest = SAMPLE_RATES
        if not lowest <= stream.rate <= highest:
            raise AudioError(f"claims a sample rate of {stream.rate} Hz; {lowest} to {highest} Hz can be used")
        yield stream


class Stream:
    """The samples of a file, all channels mixed to mono.

    libsndfile decodes them; if it stops early, it is restarted from there, or ffmpeg decodes the rest. `rate` is in Hz,
    `n_read` is the number of samples read so far. Once the file has been read to its end, `undecoded` says why the rest
    of it could not be decoded; it is empty if there is no more.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.n_read = 0
        self.undecoded = ""
        self._path, self._stack = path, stack
        self._dtype = "float32"
        try:
            sound = SndfileSource(path)
            self._switch_to(sound)
            self._dtype = sound.dtype
        except TryFfmpegError as error:
            try:
                self._switch_to_ffmpeg(str(error))
            except AudioError:
                if not (start := mpeg.first_frame(path)):
                    raise
                self._switch_to(SndfileSource(path, start))
        self.rate = self._source.rate

    def read(self, count: int) -> np.ndarray:
        """The next samples [shape=(n,)]; n is less than `count` only at the end.

        A 16-bit mono file gives its samples unchanged, as `int16`; others give `float32` with full scale -1..1.
        """
        blocks, missing = [np.empty(0, self._dtype)], count
        while missing:
            frames = self._decode(min(missing, max(_BLOCK // self._source.channels, 1)))
            if len(frames):
                blocks.append(mono(frames))
                missing -= len(frames)
                self.n_read += len(frames)
            elif not self._advance():
                break
        return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)  # no copy: it takes as long as decoding

    def _decode(self, count: int) -> np.ndarray:
        """The next frames of the source [shape=(n, channels)], none at its end."""
        try:
            frames = self._source.read(count)
        except TryFfmpegError as error:
            self._switch_to_ffmpeg(str(error))
            frames = self._source.read(count)
        if frames.dtype == self._dtype:
            return frames
        samples = np.rint(frames / np.float32(INT16_SCALE))
        return np.clip(samples, -32768, 32767).astype(self._dtype)  # resampling may overshoot full scale

    def _advance(self) -> bool:
        """Switch to a source for the rest of the file; False if nothing more can be decoded."""
        if isinstance(self._source, FfmpegSource):
            return False
        following = self._source.following()
        if isinstance(following, SndfileSource):
            self._source.close()  # a radio recording may consist of hundreds of streams
            self._switch_to(following)
            return True
        if following is Remainder.SOUND or (following is Remainder.BEYOND_HEADER and not self.n_read):
            try:
                self._switch_to_ffmpeg("no sound was found by libsndfile")
                return True
            except AudioError:
                if not self.n_read:
                    raise
                missing = "it takes ffmpeg, which is not installed"
                self.undecoded = _MORE_FOLLOWS + ("ffmpeg cannot decode it" if ffmpeg.is_installed() else missing)
        elif self.n_read and following is not Remainder.NOTHING:
            self.undecoded = _MORE_FOLLOWS + following.value
        return False

    def _switch_to(self, source: SndfileSource) -> None:
        self._source: SndfileSource | FfmpegSource = source
        self._stack.callback(source.close)

    def _switch_to_ffmpeg(self, reason: str) -> None:
        """Let ffmpeg decode the file, from after the samples read so far."""
        if not ffmpeg.is_installed():
            raise AudioError(f"{reason}; it may take ffmpeg, which is not installed")
        rate = self.rate if self.n_read else None
        self._source = self._stack.enter_context(ffmpeg.decode(self._path, rate=rate))
        skipped = 0
        while skipped < self.n_read:
            frames = self._source.read(min(self.n_read - skipped, _BLOCK // self._source.channels))
            if not len(frames):
                break
            skipped += len(frames)


def mono(frames: np.ndarray) -> np.ndarray:
    """The mean of the channels of some frames [shape=(n, channels)], or the loudest channel if they cancel each other.

    Two channels cancel if one is the other inverted: each is loud on any player, but their mean is nearly silent.
    """
    n_channels = frames.shape[1]
    if n_channels == 1:
        return frames[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # callers reject infinite samples
        # Over an axis of length two, numpy's mean takes twenty times as long.
        mixed = (frames[:, 0] + frames[:, 1]) / 2 if n_channels == 2 else frames.mean(axis=1)
        power = np.vdot(frames, frames) / n_channels
        if np.vdot(mixed, mixed) < _CANCELLATION * power / n_channels:
            return np.ascontiguousarray(frames[:, np.square(frames).sum(axis=0).argmax()])
    return mixed

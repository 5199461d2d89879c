"""Decoding: an audio file as a stream of mono samples, by libsndfile, or by ffmpeg where that knows more of it.

The content decides, not the name; what a header claims is not believed: samples are read until there are no more.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from genre.errors import AudioError
from genre.features import ffmpeg, mpeg
from genre.features.ffmpeg import FfmpegSource
from genre.features.sndfile import Left, PartlyKnownError, SndfileSource

# What a header may claim, in Hz: telephones have 8,000, studios at most 768,000.
SAMPLE_RATES = (1_000, 768_000)
INT16_SCALE = 2.0**-15  # of a 16-bit sample: full scale is -1..1
_BLOCK = 1 << 23  # read at a time, in samples of all channels
_CANCELLING = 0.1  # least power of the mixed channels, as a fraction of what unrelated channels have
_UNHEARD = "more follows that was not heard: "


@contextmanager
def open_audio(path: Path) -> Iterator["Stream"]:
    """Open an audio file for reading block by block.

    Raises AudioError, at opening or reading, where the file cannot be read or neither libsndfile nor ffmpeg decodes it,
    and at opening where its sample rate is outside `SAMPLE_RATES`.
    """
    with ExitStack() as stack:
        try:
            if not path.is_file():  # a named pipe would be waited for
                raise AudioError("is not a regular file" if path.exists() else "does not exist")
            stream = Stream(path, stack)
        except OSError as error:
            raise AudioError(f"cannot be read: {error.strerror}") from error
        lowest, highest = SAMPLE_RATES
        if not lowest <= stream.rate <= highest:
            raise AudioError(f"claims a sample rate of {stream.rate} Hz; {lowest} to {highest} Hz can be used")
        yield stream


class Stream:
    """The samples of a file, all channels mixed to mono, in the order they are asked for.

    They are decoded by libsndfile, then by libsndfile from where it stopped, or by ffmpeg. `rate` is in Hz, `heard` the
    number of samples read so far. Once the file is read to its end, `unheard` says what follows in it that could not be
    decoded, and why; it is empty if nothing does.
    """

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.heard = 0
        self.unheard = ""
        self._path, self._stack = path, stack
        self._dtype = "float32"
        try:
            sound = SndfileSource(path)
            self._use(sound)
            self._dtype = sound.dtype
        except PartlyKnownError as error:
            try:
                self._use_ffmpeg(str(error))
            except AudioError:
                if not (start := mpeg.first_frame(path)):
                    raise
                self._use(SndfileSource(path, start))
        self.rate = self._source.rate

    def read(self, count: int) -> np.ndarray:
        """The next samples [shape=(n,)]; n is less than `count` at the end alone.

        A mono file of 16-bit samples gives them as they are, `int16`; others are `float32`, full scale is -1..1.
        """
        blocks, missing = [np.empty(0, self._dtype)], count
        while missing:
            frames = self._decode(min(missing, max(_BLOCK // self._source.channels, 1)))
            if len(frames):
                blocks.append(mono(frames))
                missing -= len(frames)
                self.heard += len(frames)
            elif not self._go_on():
                break
        return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)  # a copy takes as long as decoding

    def _decode(self, count: int) -> np.ndarray:
        """The next frames of the source, [shape=(n, channels)], none at its end."""
        try:
            frames = self._source.read(count)
        except PartlyKnownError as error:
            self._use_ffmpeg(str(error))
            frames = self._source.read(count)
        if frames.dtype == self._dtype:
            return frames
        samples = np.rint(frames / np.float32(INT16_SCALE))
        return np.clip(samples, -32768, 32767).astype(self._dtype)  # resampled, they may be beyond full scale

    def _go_on(self) -> bool:
        """Whether there is more in the file than the source has read; it is then the next source."""
        if isinstance(self._source, FfmpegSource):
            return False
        left = self._source.following()
        if isinstance(left, SndfileSource):
            self._source.close()  # a station's recording may be hundreds of streams
            self._use(left)
            return True
        if left is Left.SOUND or (left is Left.BEYOND_HEADER and not self.heard):
            try:
                self._use_ffmpeg("no sound was found by libsndfile")
                return True
            except AudioError:
                if not self.heard:
                    raise
                missing = "it takes ffmpeg, which is not installed"
                self.unheard = _UNHEARD + ("ffmpeg cannot decode it" if ffmpeg.is_installed() else missing)
        elif self.heard and left is not Left.NOTHING:
            self.unheard = _UNHEARD + left.value
        return False

    def _use(self, source: SndfileSource) -> None:
        self._source: SndfileSource | FfmpegSource = source
        self._stack.callback(source.close)

    def _use_ffmpeg(self, reason: str) -> None:
        """Go on with what ffmpeg decodes after the samples that were heard."""
        if not ffmpeg.is_installed():
            raise AudioError(f"{reason}; it may take ffmpeg, which is not installed")
        rate = self.rate if self.heard else None
        self._source = self._stack.enter_context(ffmpeg.decode(self._path, rate=rate))
        skipped = 0
        while skipped < self.heard:
            frames = self._source.read(min(self.heard - skipped, _BLOCK // self._source.channels))
            if not len(frames):
                break
            skipped += len(frames)


def mono(frames: np.ndarray) -> np.ndarray:
    """The mean of the channels of some frames [shape=(n, channels)], or the loudest one where they cancel each other.

    Two cancel where one is the other upside down: loud on any player, and nearly nothing in their mean.
    """
    n_channels = frames.shape[1]
    if n_channels == 1:
        return frames[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # infinite samples are refused by who uses them
        # Along an axis of two, numpy's mean takes twenty times as long.
        mixed = (frames[:, 0] + frames[:, 1]) / 2 if n_channels == 2 else frames.mean(axis=1)
        power = np.vdot(frames, frames) / n_channels
        if np.vdot(mixed, mixed) < _CANCELLING * power / n_channels:
            return np.ascontiguousarray(frames[:, np.square(frames).sum(axis=0).argmax()])
    return mixed

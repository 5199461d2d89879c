"""Windows: a song of any length cut into stretches like the training clips.

A spectrogram's levels are relative to its own loudest point, so a network trained on clips of 30 s has to see a song
in windows of that length. The first window equals what `extract` computes for the file, except that leading silence is
skipped even in a file no longer than a window.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genre.errors import AudioError
from genre.features import audio, quality, spectrogram
from genre.features.decoding import Stream
from genre.features.quality import Quality
from genre.features.settings import FeatureSettings


@dataclass(frozen=True)
class Window:
    """A stretch of a song, as long as a training clip, or the whole song if that is shorter."""

    start: float  # in seconds
    weight: float  # audio not in any earlier window, in seconds
    frames: np.ndarray  # (n, n_mels), as returned by `genre.features.spectrogram`
    quality: Quality


def windows(stream: Stream, settings: FeatureSettings) -> Iterator[Window]:
    """Cut a stream into adjacent windows of `settings.seconds`; the last one overlaps its predecessor to be as long.

    Silence at the start and end is skipped, and so are windows that are all silent. Raises AudioError if the audio
    cannot be decoded, is too short, or is all silent.
    """
    length = int(settings.seconds * stream.rate)
    least = settings.min_seconds * stream.rate
    block = stream.read(length)
    if not len(block):
        raise AudioError("holds no samples")
    offset, block = audio.skip_silence(stream, block)
    before, loudest, n_windows = block[:0], 0.0, 0
    while len(block):
        loudest = max(loudest, audio.peak(block))
        level = max(audio.SILENCE_RATIO * loudest, audio.SILENCE_PEAK)
        skipped, following = _next_sound(stream, length, level)
        if not len(following):
            block = block[: len(block) - audio.sound_start(block[::-1], stream.rate, level)]
        if len(block) >= least or not n_windows:  # `prepare` raises if the whole song is too short
            samples = np.concatenate([before[len(block) :], block]) if len(before) else block
            start, weight = (offset + len(block) - len(samples)) / stream.rate, len(block) / stream.rate
            n_windows += 1
            yield _window(start, weight, audio.prepare(samples, stream.rate, settings), settings)
        offset += len(block) + skipped
        before, block = block[:0] if skipped else block, following


def _window(start: float, weight: float, mono: np.ndarray, settings: FeatureSettings) -> Window:
    power = spectrogram.mel_power(mono, settings)
    decibels = spectrogram.to_decibels(power)
    frames = power if settings.scale == "power" else spectrogram.quantise(decibels)
    return Window(start, weight, frames, quality.measure(decibels, settings))


def _next_sound(stream: Stream, length: int, level: float) -> tuple[int, np.ndarray]:
    """The number of silent samples skipped, and the next `length` samples, none at the end.

    A pause of less than a second belongs to the music.
    """
    skipped, block = 0, stream.read(length)
    while len(block):
        silent = audio.sound_start(block, stream.rate, level)
        if silent < min(1 if skipped else stream.rate, len(block)):
            break
        skipped += silent
        block = np.concatenate([block[silent:], stream.read(silent)])
    return skipped, block

"""The prediction for a song of any length: the weighted mean of its windows', and one for each segment over time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genre.features import segments
from genre.features.decoding import Stream, open_audio
from genre.features.segments import Network
from genre.model.calibration import calibrate
from genre.model.model_file import ModelInfo
from genre.songs.windows import Window, windows


@dataclass(frozen=True)
class TimedPrediction:
    """The prediction for one segment of a song."""

    start: float  # in seconds
    end: float
    probabilities: np.ndarray  # (n_genres,), calibrated


@dataclass(frozen=True)
class Song:
    """The prediction for a whole song and for each of its segments."""

    seconds: float  # of the whole file, its silence included
    probabilities: np.ndarray  # (n_genres,), calibrated
    moments: list[TimedPrediction]
    windows: list[Window]  # empty unless they were asked for


def predict_song(
    path: Path,
    network: Network,
    info: ModelInfo,
    *,
    keep_windows: bool = False,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Song:
    """Predict the genre of an audio file of any length; memory does not grow with it unless windows are kept.

    A window's probabilities are the mean of its segments', as at evaluation; a song's are the mean of its windows',
    each weighted by the audio that it brings. Then they are calibrated. After each window, `progress` is called with
    how much was decoded so far, in seconds.

    Raises
    ------
    AudioError
        Where the file cannot be decoded, or is empty, too short, silent or not finite.
    """
    total, weights = np.zeros(len(info.genres)), 0.0
    moments, kept = [], []
    with open_audio(path) as stream:
        counted = _CountedStream(stream)
        for window in windows(counted, info.settings):
            starts = segments.evenly_spaced(len(window.frames), info.segment_frames, info.test_segments)
            batch = segments.cut(window.frames, starts, info.segment_frames)
            by_segment = np.asarray(network(batch), dtype=np.float64)
            total += window.weight * by_segment.mean(axis=0)
            weights += window.weight
            length = min(info.segment_frames, len(window.frames)) / info.settings.frames_per_second
            for start, probabilities in zip(starts, calibrate(by_segment, info.temperature), strict=True):
                begin = window.start + float(start) / info.settings.frames_per_second
                moments.append(TimedPrediction(begin, begin + length, probabilities))
            if keep_windows:
                kept.append(window)
            progress(counted.samples / counted.rate)
        seconds = counted.samples / counted.rate
    mean = total / weights
    return Song(seconds, calibrate(mean / mean.sum(), info.temperature), moments, kept)


class _CountedStream:
    """A stream that knows how much of it was read."""

    def __init__(self, stream: Stream) -> None:
        self.rate = stream.rate
        self.samples = 0
        self._stream = stream

    def read(self, count: int) -> np.ndarray:
        block = self._stream.read(count, integers=True)
        self.samples += len(block)
        return block

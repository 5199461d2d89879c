"""Predict a song of any length: the weighted mean over its windows, and one prediction per segment over time."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from genre.features import quality, segments
from genre.features.decoding import open_audio
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

    seconds: float  # decoded length of the file, including silence
    probabilities: np.ndarray  # (n_genres,), calibrated
    moments: list[TimedPrediction]
    windows: list[Window]  # empty unless `keep_windows`
    is_whole: bool = True  # whether the whole file was decoded
    notes: list[str] = field(default_factory=list)  # caveats about the file


def predict_song(
    path: Path,
    network: Network,
    info: ModelInfo,
    *,
    keep_windows: bool = False,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Song:
    """Predict the genre of an audio file of any length; memory use does not grow with it unless windows are kept.

    A window's probabilities are the mean over its segments: as many as in evaluation, or more where these would leave
    gaps. The song's are the mean over its windows, weighted by the new audio in each, and are then calibrated. After
    each window, `progress` is called with the seconds decoded so far. Raises AudioError if the file cannot be decoded,
    is empty, too short or silent, or has NaN or infinite samples.
    """
    total, weights = np.zeros(len(info.genres)), 0.0
    moments, kept, qualities = [], [], []
    with open_audio(path) as stream:
        for window in windows(stream, info.window_settings):
            count = math.ceil(len(window.frames) / info.segment_frames)  # enough to leave no gap
            count = max(info.test_segments, count) if len(window.frames) > info.segment_frames else 1
            starts = segments.evenly_spaced(len(window.frames), info.segment_frames, count)
            batch = segments.cut(window.frames, starts, info.segment_frames)
            by_segment = np.asarray(network(batch), dtype=np.float64)
            total += window.weight * by_segment.mean(axis=0)
            weights += window.weight
            length = min(info.segment_frames, len(window.frames)) / info.settings.frames_per_second
            for start, probabilities in zip(starts, calibrate(by_segment, info.temperature), strict=True):
                begin = window.start + float(start) / info.settings.frames_per_second
                moments.append(TimedPrediction(begin, begin + length, probabilities))
            qualities.append(window.quality)
            if keep_windows:
                kept.append(window)
            progress(stream.n_read / stream.rate)
        seconds, undecoded = stream.n_read / stream.rate, stream.undecoded
    moments = [replace(moment, end=min(moment.end, seconds)) for moment in moments]
    moments.sort(key=lambda moment: moment.start)  # the last window may overlap the one before it
    mean = total / weights
    notes = quality.notes(quality.summarise(qualities), info.settings)
    if undecoded:
        notes.insert(0, undecoded)
    return Song(seconds, calibrate(mean / mean.sum(), info.temperature), moments, kept, not undecoded, notes)

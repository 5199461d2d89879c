"""The prediction for a song of any length: the weighted mean of its windows', and one for each segment over time."""

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

    seconds: float  # of the file as far as it was decoded, its silence included
    probabilities: np.ndarray  # (n_genres,), calibrated
    moments: list[TimedPrediction]
    windows: list[Window]  # empty unless they were asked for
    is_whole: bool = True  # whether all of the file was decoded
    notes: list[str] = field(default_factory=list)  # what to know about the file


def predict_song(
    path: Path,
    network: Network,
    info: ModelInfo,
    *,
    keep_windows: bool = False,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Song:
    """Predict the genre of an audio file of any length; memory does not grow with it unless windows are kept.

    A window's probabilities are the mean of its segments', which are those of evaluation, or more where these would
    leave gaps; a song's are the mean of its windows', each weighted by the audio that it brings. Then they are
    calibrated. After each window, `progress` is called with how much was decoded so far, in seconds. Raises AudioError
    where the file cannot be decoded, or is empty, too short, silent or not finite.
    """
    total, weights = np.zeros(len(info.genres)), 0.0
    moments, kept, qualities = [], [], []
    with open_audio(path) as stream:
        for window in windows(stream, info.window_settings):
            count = math.ceil(len(window.frames) / info.segment_frames)  # to leave no gap
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
            progress(stream.heard / stream.rate)
        seconds, unheard = stream.heard / stream.rate, stream.unheard
    moments = [replace(moment, end=min(moment.end, seconds)) for moment in moments]
    moments.sort(key=lambda moment: moment.start)  # the last window may reach back before the one before it ends
    mean = total / weights
    notes = quality.notes(quality.summarise(qualities), info.settings)
    if unheard:
        notes.insert(0, unheard)
    return Song(seconds, calibrate(mean / mean.sum(), info.temperature), moments, kept, not unheard, notes)

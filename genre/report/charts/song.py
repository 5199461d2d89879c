"""A song's mel spectrogram above the probability of each genre over time."""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genre.model.model_file import ModelInfo
from genre.report.charts import style
from genre.report.charts.spectrograms import band_ticks, draw, label_decibels
from genre.report.charts.style import Data
from genre.songs.prediction import Song
from genre.songs.text import clock, extents, sureness

_MIN_NAMED = 0.03  # genres that never reach this probability are merged into "others",
_MAX_NAMED = 10  # and so are those beyond this number
_TICK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # in seconds


@style.styled
def song(name: str, prediction: Song, info: ModelInfo, *, width: float = 9) -> Figure:
    """Draw a prediction that `genre.songs.prediction.predict_song` made with `keep_windows`.

    `info` describes the model; `width` is in inches: 9 for a page, 4.2 for a phone.
    """
    best = np.argsort(-prediction.probabilities, kind="stable")
    genre, probability = info.genres[best[0]], prediction.probabilities[best[0]]
    figure = style.new_figure(
        width,
        4.6,
        f"{style.shorten(name, 60)}: {style.shorten(genre, 30)}, {100 * probability:.0f} % ({sureness(probability)})",
        Data(info.dataset, info.source, info.protocol),
        about="model trained on ",
        detail=f"predicted by {info.architecture}; 0 dB is the loudest point of a window",
    )
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.15, 1))
    _draw_spectrogram(above, prediction, info)
    _draw_probabilities(below, prediction, info.genres, best)
    below.set_xlim(0, prediction.seconds)
    ticks = time_ticks(prediction.seconds, at_most=int(width))
    below.set_xticks(ticks, [clock(tick) for tick in ticks])
    return figure


def time_ticks(seconds: float, *, at_most: int) -> np.ndarray:
    """Ticks at round times, with at most `at_most` intervals; matplotlib's own fall at times such as 16:40."""
    step = next((step for step in _TICK_STEPS if seconds / step <= at_most), None)
    return np.arange(0, seconds + 0.01, step or _TICK_STEPS[-1] * np.ceil(seconds / _TICK_STEPS[-1] / at_most))


def _draw_spectrogram(axes: Axes, prediction: Song, info: ModelInfo) -> None:
    settings = info.settings
    for window in prediction.windows:
        end = min(window.start + len(window.frames) / settings.frames_per_second, prediction.seconds)
        image = draw(axes, window.frames, settings, window.start, end, "magma")
    axes.set_facecolor("black")  # shows where silence was skipped
    axes.set_yticks(*band_ticks(settings))
    axes.set_ylabel("kHz")
    axes.set_ylim(-0.5, settings.n_mels - 0.5)
    label_decibels(axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03))


def _draw_probabilities(axes: Axes, prediction: Song, genres: list[str], best: np.ndarray) -> None:
    """Stack the probabilities, the most probable genre at the bottom."""
    colours, labels = style.genre_colours(genres), style.short_names(genres, 24)
    seconds: list[float] = []
    columns: list[np.ndarray] = []
    for (start, end), moment in zip(extents(prediction.moments), prediction.moments, strict=True):
        if seconds and start > seconds[-1]:  # silence, where the chart has a gap
            seconds.append(start)
            columns.append(np.full(len(genres), np.nan))
        seconds += [start, end]
        columns += [moment.probabilities] * 2
    shares = np.stack(columns, axis=1)
    largest = np.nanmax(shares, axis=1)
    named = [index for rank, index in enumerate(best) if rank == 0 or largest[index] >= _MIN_NAMED][:_MAX_NAMED]
    others = np.delete(shares, named, axis=0).sum(axis=0)
    areas = axes.stackplot(
        seconds, *shares[named], others, edgecolor="white", linewidth=0.4,
        colors=[*(colours[genres[index]] for index in named), style.GRID],
    )  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "50", "100"])
    axes.set_ylabel("probability, %")
    # matplotlib leaves labels that begin with _ out of the legend
    shown = [*(re.sub("^_", " _", labels[genres[index]]) for index in named), "others"]
    if len(named) == len(genres):
        areas, shown = areas[:-1], shown[:-1]
    axes.legend(
        areas[::-1], shown[::-1],  # in the order of the stack
        loc="lower left", bbox_to_anchor=(1.0, -0.04), fontsize=8, handlelength=1, labelspacing=0.35,
    )  # fmt: skip

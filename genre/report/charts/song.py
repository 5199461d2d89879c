"""One song: its mel spectrogram, and below it the probability of each genre over time."""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genre.model.model_file import ModelInfo
from genre.report.charts import style
from genre.report.charts.spectrograms import band_ticks, draw, label_decibels
from genre.report.charts.style import Data
from genre.songs.prediction import Song
from genre.songs.text import clock, sureness

_NAMED = 0.03  # a genre has an area of its own where it is at least so probable at some time,
_ROOM = 10  # and at most so many have one
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # between ticks, in seconds


@style.styled
def song(name: str, prediction: Song, info: ModelInfo, *, width: float = 9) -> Figure:
    """The picture of a file's prediction by `genre.songs.prediction.predict_song` with its windows kept.

    `info` is that of the model; `width` is in inches, 9 for a page, 4.2 for a phone.
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
    """Ticks at whole seconds, minutes or hours, with `at_most` steps; matplotlib's own are at times such as 16:40."""
    step = next((step for step in _STEPS if seconds / step <= at_most), None)
    return np.arange(0, seconds + 0.01, step or _STEPS[-1] * np.ceil(seconds / _STEPS[-1] / at_most))


def _draw_spectrogram(axes: Axes, prediction: Song, info: ModelInfo) -> None:
    settings = info.settings
    for window in prediction.windows:
        end = min(window.start + len(window.frames) / settings.frames_per_second, prediction.seconds)
        image = draw(axes, window.frames, settings, window.start, end, "magma")
    axes.set_facecolor("black")  # skipped silence
    axes.set_yticks(*band_ticks(settings))
    axes.set_ylabel("kHz")
    axes.set_ylim(-0.5, settings.n_mels - 0.5)
    label_decibels(axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03))


def _draw_probabilities(axes: Axes, prediction: Song, genres: list[str], best: np.ndarray) -> None:
    """Stacked, the most probable genre at the bottom; they change half way between the middles of two moments."""
    colours, labels = style.genre_colours(genres), style.short_names(genres, 24)
    moments = prediction.moments
    seconds = [moments[0].start, *((moment.start + moment.end) / 2 for moment in moments), moments[-1].end]
    shares = np.stack([moment.probabilities for moment in (moments[0], *moments, moments[-1])], axis=1)
    named = [index for place, index in enumerate(best) if place == 0 or shares[index].max() >= _NAMED][:_ROOM]
    others = np.delete(shares, named, axis=0).sum(axis=0)
    areas = axes.stackplot(
        seconds, *shares[named], others, step="mid", edgecolor="white", linewidth=0.4,
        colors=[*(colours[genres[index]] for index in named), style.GRID],
    )  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "50", "100"])
    axes.set_ylabel("probability, %")
    # matplotlib hides what begins with _
    shown = [*(re.sub("^_", " _", labels[genres[index]]) for index in named), "others"]
    if len(named) == len(genres):
        areas, shown = areas[:-1], shown[:-1]
    axes.legend(
        areas[::-1], shown[::-1],  # in the order of the stack
        loc="lower left", bbox_to_anchor=(1.0, -0.04), fontsize=8, handlelength=1, labelspacing=0.35,
    )  # fmt: skip

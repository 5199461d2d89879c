"""Mel spectrograms of test clips: one for each genre, and the most confident mistakes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from genre.features import bands
from genre.features.settings import FeatureSettings
from genre.features.spectrogram import TOP_DB, to_decibels
from genre.report.charts import style
from genre.report.charts.style import Data

if TYPE_CHECKING:  # pandas comes with them, and the picture of one song does without
    from genre.features.store import Features
    from genre.model.predictions import Predictions

MOST_MISTAKES = 9
_TICKS = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)  # in Hz
# Noise does not compress: steps of 2 dB and fewer dots keep the files small, which are in git.
_COLOURS = matplotlib.colormaps["magma"].resampled(40)
_DPI = 120
# Margins, height of a panel and the room beside it, in inches.
_LEFT, _RIGHT, _BELOW, _HIGH, _ACROSS = 0.52, 0.62, 0.5, 1.42, 0.22
_BOLD: dict[str, object] = {"size": 9, "weight": "bold"}
_SMALL: dict[str, object] = {"size": 8, "color": style.MUTED}


@style.styled
def spectrograms(features: "Features", predictions: "Predictions", data: Data) -> Figure:
    """For each genre the test clip with the highest probability of it."""
    colours = style.genre_colours(predictions.genres)
    of_truth = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    rows = []
    for label in sorted(set(predictions.labels), key=lambda label: predictions.genres[label]):
        candidates = np.flatnonzero(predictions.labels == label)
        rows.append(candidates[of_truth[candidates].argmax()])
    columns = min((5, 4, 3), key=lambda count: -len(rows) % count) if len(rows) > 3 else len(rows)
    figure, panels = _grid(
        "One test clip of each genre",
        data,
        "of each genre the clip that is most confidently recognised; 0 dB is a clip's loudest point",
        [features.of(predictions.clip_ids[row]) for row in rows],
        settings=features.settings,
        columns=columns,
        caption_lines=2,
    )
    names = style.short_names(predictions.genres, 20)
    for axes, row in zip(panels, rows, strict=True):
        genre = predictions.genres[predictions.labels[row]]
        clip = f"{style.shorten(predictions.clip_ids[row], 20)}, {_percent(of_truth[row])}"
        style.caption(axes, [[(style.CHIP, {"color": colours[genre]}), (names[genre], _BOLD)], [(clip, _SMALL)]])
    return figure


def confident_mistakes(predictions: "Predictions") -> np.ndarray:
    """Rows of the misclassified clips, the most confident first [shape=(n,), int]."""
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    confidence = predictions.probabilities.max(axis=1)
    return np.array(sorted(wrong, key=lambda row: (-confidence[row], predictions.clip_ids[row])), dtype=int)


@style.styled
def mistakes(features: "Features", predictions: "Predictions", data: Data) -> Figure:
    """The most confident mistakes in their order, with the probabilities of the true and the predicted genre."""
    wrong = confident_mistakes(predictions)
    total, n_wrong, rows = len(predictions.labels), len(wrong), wrong[:MOST_MISTAKES]
    if not n_wrong:
        figure = style.new_figure(
            7, 1.2, "The most confident mistakes", data, detail=f"0 of {total} test clips are misclassified"
        )
        figure.text(0.5, 0.25, f"No mistakes: all {total} test clips are classified correctly.", ha="center", size=14)
        return figure
    shown = "" if n_wrong == len(rows) else f"; the {len(rows)} most confident are shown"
    colours = style.genre_colours(predictions.genres)
    figure, panels = _grid(
        "The most confident mistakes",
        data,
        f"{n_wrong} of {total} test clips {'is' if n_wrong == 1 else 'are'} misclassified{shown}; beside each "
        "genre its probability; 0 dB is a clip's loudest point",
        [features.of(predictions.clip_ids[row]) for row in rows],
        settings=features.settings,
        columns=min(3, len(rows)),
        caption_lines=3,
    )
    names = style.short_names(predictions.genres, 20)
    for axes, row in zip(panels, rows, strict=True):
        lines = [[(style.shorten(predictions.clip_ids[row], 40), _SMALL)]]
        for what, label in (("true", predictions.labels[row]), ("predicted", predictions.predicted[row])):
            genre, probability = predictions.genres[label], _percent(predictions.probabilities[row, label])
            chip: tuple[str, dict[str, object]] = (style.CHIP, {"color": colours[genre]})
            lines.append([chip, (names[genre], _BOLD), (probability, {"size": 8.5}), (what, _SMALL)])
        style.caption(axes, lines)
    return figure


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %"


def decibels(clip: np.ndarray) -> np.ndarray:
    """Stored frames in dB below the clip's loudest point, -80..0.

    8-bit levels reach from the clip's own minimum; that is taken for the -80 dB that it nearly always is.
    """
    if clip.dtype == np.uint8:
        return clip.astype(np.float32) * np.float32(TOP_DB / 255) - np.float32(TOP_DB)
    return to_decibels(clip)


def band_ticks(settings: FeatureSettings) -> tuple[list[float], list[str]]:
    """The places of round frequencies among the mel bands, counted from 0, and their names in kHz."""
    centres = bands.frequencies(settings.n_mels, settings.sample_rate)[1:-1]
    inside = [hertz for hertz in _TICKS if centres[0] <= hertz <= centres[-1]]
    places = np.interp(inside, centres, np.arange(settings.n_mels))
    return list(places), [f"{hertz / 1000:g}" for hertz in inside]


def _grid(
    title: str,
    data: Data,
    detail: str,
    clips: Sequence[np.ndarray],
    *,
    settings: FeatureSettings,
    columns: int,
    caption_lines: int,
) -> tuple[Figure, list[Axes]]:
    """A figure with one clip [shape=(frames, n_mels)] per panel, and the panels."""
    n_rows = math.ceil(len(clips) / columns)
    wide = {1: 5.6, 2: 3.7, 3: 2.85, 4: 2.35, 5: 2.05}[columns]
    above = 0.2 + 0.17 * caption_lines
    height = _BELOW + n_rows * (_HIGH + above) - 0.12
    width = _LEFT + columns * (wide + _ACROSS) + _RIGHT
    # matplotlib's own arrangement is slow for many panels
    figure = style.new_figure(width, height, title, data, detail=detail, dpi=_DPI, arrange=False)
    across, up = figure.get_size_inches()
    lower, upper, right = _BELOW / up, (height - above + 0.12) / up, 1 - (_RIGHT + _ACROSS) / across
    grid = figure.subplots(n_rows, columns, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(_LEFT / across, lower, right, upper, wspace=_ACROSS / wide, hspace=above / _HIGH)
    panels = list(grid.ravel()[: len(clips)])
    for axes in grid.ravel()[len(clips) :]:
        axes.remove()
    longest = max(len(clip) for clip in clips) / settings.frames_per_second
    images = [
        draw(axes, clip, settings, 0, len(clip) / settings.frames_per_second, _COLOURS)
        for axes, clip in zip(panels, clips, strict=True)
    ]
    panels[0].set_xlim(0, max(longest, round(longest)))  # 29.98 s end at a tick
    places, names = band_ticks(settings)
    panels[0].set_yticks(places, names)
    for number, axes in enumerate(panels):
        axes.tick_params(labelbottom=number + columns >= len(clips), labelsize=8)
        if number + columns >= len(clips):
            axes.set_xlabel("seconds", size=8)
        if number % columns == 0:
            axes.set_ylabel("kHz", size=8)
    tall = min(upper - lower, 4 / up)
    bar = figure.colorbar(images[0], cax=figure.add_axes((right + 0.2 / across, upper - tall, 0.13 / across, tall)))
    label_decibels(bar)
    return figure, panels


def draw(
    axes: Axes, clip: np.ndarray, settings: FeatureSettings, start: float, end: float, colours: str | Colormap
) -> AxesImage:
    """Draw the frames [shape=(frames, n_mels)] of what lies between two times, in seconds, low bands below."""
    return axes.imshow(
        decibels(clip).T, cmap=colours, vmin=-TOP_DB, vmax=0, origin="lower", aspect="auto",
        extent=(start, end, -0.5, settings.n_mels - 0.5), interpolation_stage="data",
    )  # fmt: skip


def label_decibels(bar: Colorbar) -> None:
    """Write the unit over a colour bar."""
    bar.ax.set_title("dB", size=8, weight="normal", loc="center", color=style.MUTED)
    bar.outline.set_visible(False)

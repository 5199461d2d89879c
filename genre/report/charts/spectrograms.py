"""Mel spectrograms of test clips: one per genre, and the most confident mistakes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea, VPacker

from genre.features import bands
from genre.features.settings import FeatureSettings
from genre.features.spectrogram import TOP_DB, to_decibels
from genre.report.charts import style
from genre.report.charts.style import Data

if TYPE_CHECKING:  # they import pandas, which the chart of a single song does not need
    from genre.features.store import Features
    from genre.model.predictions import Predictions

MAX_MISTAKES = 9
_TICKS = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)  # in Hz
# Noise hardly compresses: 2 dB colour steps and a lower resolution keep the files small enough for git.
_COLOURS = matplotlib.colormaps["magma"].resampled(40)
_DPI = 120
_BOLD: dict[str, Any] = {"size": 9, "weight": "bold"}
_SMALL: dict[str, Any] = {"size": 8, "color": style.MUTED}
Caption = list[list[tuple[str, dict[str, Any]]]]  # lines of (text, text properties) pairs


@style.styled
def spectrograms(features: "Features", predictions: "Predictions", data: Data) -> Figure:
    """For each genre, its test clip with the highest probability of that genre."""
    colours, names = style.genre_colours(predictions.genres), style.short_names(predictions.genres, 20)
    true_probability = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    rows, captions = [], []
    for label in sorted(set(predictions.labels), key=lambda label: predictions.genres[label]):
        candidates = np.flatnonzero(predictions.labels == label)
        row = candidates[true_probability[candidates].argmax()]
        genre = predictions.genres[label]
        clip = f"{style.shorten(predictions.clip_ids[row], 20)}, {_percent(true_probability[row])}"
        rows.append(row)
        captions.append([[(style.CHIP, {"color": colours[genre]}), (names[genre], _BOLD)], [(clip, _SMALL)]])
    return _grid(
        "One test clip of each genre",
        data,
        "for each genre, the clip with its highest probability; 0 dB is a clip's loudest point",
        [features.of(predictions.clip_ids[row]) for row in rows],
        captions,
        settings=features.settings,
        columns=min((5, 4, 3), key=lambda count: -len(rows) % count) if len(rows) > 3 else len(rows),
    )


def confident_mistakes(predictions: "Predictions") -> np.ndarray:
    """Row numbers of the misclassified clips [shape=(n,), int], the most confident first."""
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    return wrong[np.lexsort((predictions.clip_ids[wrong], -predictions.probabilities[wrong].max(axis=1)))]


@style.styled
def mistakes(features: "Features", predictions: "Predictions", data: Data) -> Figure:
    """The most confident mistakes in order, with the probabilities of the true and the predicted genre."""
    wrong = confident_mistakes(predictions)
    total, n_wrong, rows = len(predictions.labels), len(wrong), wrong[:MAX_MISTAKES]
    title = "The most confident mistakes"
    if not n_wrong:
        figure = style.new_figure(7, 1.2, title, data, detail=f"0 of {total} test clips are misclassified")
        figure.text(0.5, 0.25, f"No mistakes: all {total} test clips are classified correctly.", ha="center", size=14)
        return figure
    colours, names = style.genre_colours(predictions.genres), style.short_names(predictions.genres, 20)
    captions = []
    for row in rows:
        lines: Caption = [[(style.shorten(predictions.clip_ids[row], 40), _SMALL)]]
        for what, label in (("true", predictions.labels[row]), ("predicted", predictions.predicted[row])):
            genre, probability = predictions.genres[label], _percent(predictions.probabilities[row, label])
            chip = (style.CHIP, {"color": colours[genre]})
            lines.append([chip, (names[genre], _BOLD), (probability, {"size": 8.5}), (what, _SMALL)])
        captions.append(lines)
    shown = "" if n_wrong == len(rows) else f"; the {len(rows)} most confident are shown"
    return _grid(
        title,
        data,
        f"{n_wrong} of {total} test clips {'is' if n_wrong == 1 else 'are'} misclassified{shown}; each genre "
        "is followed by its probability; 0 dB is a clip's loudest point",
        [features.of(predictions.clip_ids[row]) for row in rows],
        captions,
        settings=features.settings,
        columns=min(3, len(rows)),
    )


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %"


def decibels(clip: np.ndarray) -> np.ndarray:
    """Stored frames in dB relative to the clip's loudest point, -80..0.

    8-bit levels start at the clip's own minimum, which is assumed to be -80 dB, as it nearly always is.
    """
    if clip.dtype == np.uint8:
        return clip.astype(np.float32) * np.float32(TOP_DB / 255) - np.float32(TOP_DB)
    return to_decibels(clip)


def band_ticks(settings: FeatureSettings) -> tuple[list[float], list[str]]:
    """Ticks at round frequencies: fractional mel band indices, and labels in kHz."""
    centres = bands.frequencies(settings.n_mels, settings.sample_rate)[1:-1]
    inside = [hertz for hertz in _TICKS if centres[0] <= hertz <= centres[-1]]
    positions = np.interp(inside, centres, np.arange(settings.n_mels))
    return list(positions), [f"{hertz / 1000:g}" for hertz in inside]


def _grid(
    title: str,
    data: Data,
    detail: str,
    clips: Sequence[np.ndarray],
    captions: Sequence[Caption],
    *,
    settings: FeatureSettings,
    columns: int,
) -> Figure:
    """A figure with one clip [shape=(frames, n_mels)] per panel."""
    n_rows = math.ceil(len(clips) / columns)
    width = {1: 6.96, 2: 8.98, 3: 10.35, 4: 11.42, 5: 12.49}[columns]  # in inches
    height = n_rows * (1.62 + 0.17 * len(captions[0])) + 0.38
    figure = style.new_figure(width, height, title, data, detail=detail, dpi=_DPI)
    panels = figure.subplots(n_rows, columns, squeeze=False, sharex=True, sharey=True)
    for number, axes in enumerate(panels.ravel()):
        if number >= len(clips):
            axes.remove()
            continue
        image = draw(axes, clips[number], settings, 0, len(clips[number]) / settings.frames_per_second, _COLOURS)
        _write_caption(axes, captions[number])
        axes.tick_params(labelbottom=number + columns >= len(clips), labelsize=8)
        if number + columns >= len(clips):
            axes.set_xlabel("seconds", size=8)
        if number % columns == 0:
            axes.set_ylabel("kHz", size=8)
    longest = max(map(len, clips)) / settings.frames_per_second
    panels[0, 0].set_xlim(0, max(longest, round(longest)))  # extend 29.98 s to the tick at 30
    panels[0, 0].set_yticks(*band_ticks(settings))
    label_decibels(figure.colorbar(image, ax=figure.axes, anchor=(0, 1), shrink=min(1, 4 / height), pad=0.01))
    return figure


def _write_caption(axes: Axes, caption: Caption) -> None:
    rows: list[Artist] = [
        HPacker(children=[TextArea(text, textprops=look) for text, look in line], pad=0, sep=3) for line in caption
    ]
    axes.add_artist(
        AnchoredOffsetbox(
            "lower left", child=VPacker(children=rows, pad=0, sep=3), pad=0, borderpad=0.25, frameon=False,
            bbox_to_anchor=(0, 1), bbox_transform=axes.transAxes,
        )
    )  # fmt: skip


def draw(
    axes: Axes, clip: np.ndarray, settings: FeatureSettings, start: float, end: float, cmap: str | Colormap
) -> AxesImage:
    """Draw frames [shape=(frames, n_mels)] from time `start` to `end`, in seconds, low bands at the bottom."""
    return axes.imshow(
        decibels(clip).T, cmap=cmap, vmin=-TOP_DB, vmax=0, origin="lower", aspect="auto",
        extent=(start, end, -0.5, settings.n_mels - 0.5), interpolation_stage="data",
    )  # fmt: skip


def label_decibels(bar: Colorbar) -> None:
    """Write the unit above a colour bar."""
    bar.ax.set_title("dB", size=8, weight="normal", loc="center", color=style.MUTED)
    bar.outline.set_visible(False)

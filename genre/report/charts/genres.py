"""F1 per genre and the confusion matrix."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from genre.model.predictions import Predictions
from genre.report.charts import style
from genre.report.charts.style import Data

MAX_GENRES_WITH_PERCENT = 14  # genres; with more, the cells are too small for two lines


@style.styled
def f1(per_genre: pd.DataFrame, data: Data, *, macro_f1: float) -> Figure:
    """Bars of F1 per genre with 95 % intervals, best on top, and the mean `macro_f1` (0..1) as a line.

    `per_genre` has the columns `f1`, `f1_low`, `f1_high` (0..1) and `n_clips`, indexed by genre.
    """
    names = style.short_names(list(per_genre.index), 30)
    colours = style.genre_colours(list(per_genre.index))
    table = per_genre.sort_index().sort_values("f1", kind="stable", ascending=False)
    detail = f"{int(table.n_clips.sum())} test clips; whiskers: 95 % Wilson interval"
    figure = style.new_figure(8.2, 0.75 + 0.34 * len(table), "F1 per genre", data, detail=detail)
    axes = figure.subplots()
    positions = range(len(table))
    axes.barh(positions, table.f1, height=0.66, color=[colours[genre] for genre in table.index])
    for colour, width in (("white", 3.2), (style.INK, 1.3)):  # a white outline, visible on dark bars too
        axes.hlines(positions, table.f1_low, table.f1_high, color=colour, linewidth=width)
        for end in (table.f1_low, table.f1_high):
            axes.plot(end, positions, "|", color=colour, markersize=4 + width, markeredgewidth=width, clip_on=False)
    axes.axvline(macro_f1, color=style.INK, linestyle=(0, (4, 3)), linewidth=1)
    axes.annotate(
        f"macro F1 {macro_f1:.2f}", (macro_f1, 1), (0, 3), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="center", va="bottom", size=8,
    )  # fmt: skip
    for position, score, count in zip(positions, table.f1, table.n_clips, strict=True):
        text = f"{score:.2f}   n = {int(count)}"
        axes.annotate(
            text, (1, position), (12, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center_baseline", size=8.5,
        )  # fmt: skip
    axes.set_yticks(positions, [names[genre] for genre in table.index], color=style.INK)
    axes.set(xlabel="F1", xlim=(0, 1), ylim=(len(table) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return figure


@style.styled
def confusion(predictions: Predictions, scores: dict[str, Any], data: Data) -> Figure:
    """The confusion matrix: rows are true genres, columns predicted; each cell has its count and share of the row.

    `scores` has the keys `accuracy`, `accuracy_low`, `accuracy_high`, `majority_accuracy` (0..1) and `n_clips`.
    """
    genres = predictions.genres
    n = len(genres)
    counts = predictions.confusion
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    names = list(style.short_names(genres, 28).values())
    keys = ("accuracy", "accuracy_low", "accuracy_high", "majority_accuracy")
    accuracy, low, high, majority = (f"{100 * scores[key]:.1f}" for key in keys)
    detail = (
        f"accuracy {accuracy} % (95 % interval {low} to {high} %; majority-class baseline {majority} %), "
        f"{scores['n_clips']} test clips"
    )

    cell = float(np.clip(6.4 / n, 0.3, 1.3))
    margin = 0.5 + 0.075 * max(map(style.columns, names))
    size = max(n * cell, 2.6)
    figure = style.new_figure(
        size + margin + 1.5, size + 0.75 * margin + 0.35, "Confusion of genres", data, detail=detail
    )
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _write_cells(axes, counts, shares)
    _write_names(axes, genres, names, totals.ravel())
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=28, pad=0.03)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    bar.set_label("share of the true genre's clips")
    bar.outline.set_visible(False)
    return figure


def _write_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    """Write the counts; cells without clips stay blank, so that the mistakes stand out."""
    small = len(counts) > MAX_GENRES_WITH_PERCENT
    for row, column in np.argwhere(counts):
        share = shares[row, column]
        text = str(counts[row, column]) if small else f"{counts[row, column]}\n{100 * share:.0f} %"
        colour = "white" if share > 0.55 else style.INK
        axes.text(column, row, text, ha="center", va="center", size=7 if small else 8, color=colour)


def _write_names(axes: Axes, genres: list[str], names: list[str], totals: np.ndarray) -> None:
    positions = np.arange(len(names))
    fits_upright = len(names) <= 3 and max(map(style.columns, names)) <= 14
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(positions, names, **({} if fits_upright else slanted))
    axes.set_yticks(positions, [f"{name} ({count})" for name, count in zip(names, totals, strict=True)])
    axes.set(xlabel="predicted genre", ylabel="true genre (test clips)")
    axes.set_xticks(positions[:-1] + 0.5, minor=True)
    axes.set_yticks(positions[:-1] + 0.5, minor=True)
    axes.grid(which="minor", linewidth=1)
    axes.tick_params(which="both", length=0)
    axes.tick_params(pad=14)
    axes.spines[:].set_visible(False)
    colours = style.genre_colours(genres)
    look: dict[str, Any] = {
        "size": 9, "ha": "center", "va": "center", "textcoords": "offset points", "annotation_clip": False,
    }  # fmt: skip
    for position, genre in enumerate(genres):
        colour = colours[genre]
        axes.annotate(style.CHIP, (position, 0), (0, -8), xycoords=axes.get_xaxis_transform(), color=colour, **look)
        axes.annotate(style.CHIP, (0, position), (-8, 0), xycoords=axes.get_yaxis_transform(), color=colour, **look)

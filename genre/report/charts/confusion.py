"""Which genres are mistaken for which."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from genre.model.predictions import Predictions
from genre.report.charts import style
from genre.report.charts.style import Data

MOST_WITH_PERCENT = 14  # genres; with more of them the cells are too small for two lines


@style.styled
def confusion(predictions: Predictions, scores: dict[str, Any], data: Data) -> Figure:
    """Rows are true genres, columns predicted ones; a cell holds its clips and their share of the row.

    `scores` has `accuracy`, `accuracy_low`, `accuracy_high`, `majority_accuracy` (0..1) and `n_clips`.
    """
    genres = predictions.genres
    n = len(genres)
    counts = predictions.confusion
    of_genre = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(of_genre, 1)
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
    _write_names(axes, genres, names, of_genre.ravel())
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=28, pad=0.03)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    bar.set_label("share of the true genre's clips")
    bar.outline.set_visible(False)
    return figure


def _write_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    """Empty cells stay empty, so that the mistakes stand out."""
    small = len(counts) > MOST_WITH_PERCENT
    for row, column in np.argwhere(counts):
        share = shares[row, column]
        text = str(counts[row, column]) if small else f"{counts[row, column]}\n{100 * share:.0f} %"
        colour = "white" if share > 0.55 else style.INK
        axes.text(column, row, text, ha="center", va="center", size=7 if small else 8, color=colour)


def _write_names(axes: Axes, genres: list[str], names: list[str], of_genre: np.ndarray) -> None:
    places = np.arange(len(names))
    upright = len(names) <= 3 and max(map(style.columns, names)) <= 14
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(places, names, **({} if upright else slanted))
    axes.set_yticks(places, [f"{name} ({count})" for name, count in zip(names, of_genre, strict=True)])
    axes.set(xlabel="predicted genre", ylabel="true genre (test clips)")
    axes.set_xticks(places[:-1] + 0.5, minor=True)
    axes.set_yticks(places[:-1] + 0.5, minor=True)
    axes.grid(which="minor", linewidth=1)
    axes.tick_params(which="both", length=0)
    axes.tick_params(pad=14)
    axes.spines[:].set_visible(False)
    colours = style.genre_colours(genres)
    look: dict[str, Any] = {
        "size": 9, "ha": "center", "va": "center", "textcoords": "offset points", "annotation_clip": False,
    }  # fmt: skip
    for place, genre in enumerate(genres):
        colour = colours[genre]
        axes.annotate(style.CHIP, (place, 0), (0, -8), xycoords=axes.get_xaxis_transform(), color=colour, **look)
        axes.annotate(style.CHIP, (0, place), (-8, 0), xycoords=axes.get_yaxis_transform(), color=colour, **look)

"""How well each genre is recognised."""

import pandas as pd
from matplotlib.figure import Figure

from genre.report.charts import style
from genre.report.charts.style import Data


@style.styled
def f1(per_genre: pd.DataFrame, data: Data, *, macro_f1: float) -> Figure:
    """F1 of every genre with its 95 % interval, best on top, and their mean, 0..1.

    `per_genre` has the columns `f1`, `f1_low`, `f1_high` (0..1) and `n_clips`, indexed by genre.
    """
    names = style.short_names(list(per_genre.index), 30)
    colours = style.genre_colours(list(per_genre.index))
    table = per_genre.sort_index().sort_values("f1", kind="stable", ascending=False)
    detail = f"macro F1 {macro_f1:.2f}, {int(table.n_clips.sum())} test clips; whiskers: 95 % bootstrap interval"
    figure = style.new_figure(8.2, 0.75 + 0.34 * len(table), "F1 per genre", data, detail=detail)
    axes = figure.subplots()
    places = range(len(table))
    axes.barh(places, table.f1, height=0.66, color=[colours[genre] for genre in table.index])
    for colour, width in (("white", 3.2), (style.INK, 1.3)):  # a white rim, to be seen on dark bars too
        axes.hlines(places, table.f1_low, table.f1_high, color=colour, linewidth=width)
        for end in (table.f1_low, table.f1_high):
            axes.plot(end, places, "|", color=colour, markersize=4 + width, markeredgewidth=width, clip_on=False)
    axes.axvline(macro_f1, color=style.INK, linestyle=(0, (4, 3)), linewidth=1)
    axes.annotate(
        f"macro F1 {macro_f1:.2f}", (macro_f1, 1), (0, 3), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="center", va="bottom", size=8,
    )  # fmt: skip
    for place, score, count in zip(places, table.f1, table.n_clips, strict=True):
        text = f"{score:.2f}   n = {int(count)}"
        axes.annotate(
            text, (1, place), (12, 0), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", va="center_baseline", size=8.5,
        )  # fmt: skip
    axes.set_yticks(places, [names[genre] for genre in table.index], color=style.INK)
    axes.set(xlabel="F1", xlim=(0, 1), ylim=(len(table) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return figure

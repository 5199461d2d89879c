"""Learning curves: accuracy and loss after each epoch."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter, StrMethodFormatter

from genre.report.charts import style
from genre.report.charts.style import Data

COLOURS = {"train": style.PALETTE[0], "validation": style.PALETTE[6]}
LABELS = {"train": "training: augmented segments", "validation": "validation: whole clips"}


@style.styled
def curves(history: pd.DataFrame, data: Data, *, best_epoch: int, refit: bool) -> Figure:
    """Training and validation accuracy and loss, side by side, with the chosen epoch marked.

    `history` is indexed by epoch, starting at 1, with the columns `train/accuracy`, `validation/accuracy` (0..1),
    `train/loss` and `validation/loss` (nats). Training and validation scores are computed differently, see
    `genre.training.checkpoint.EpochScores`. With `refit`, the saved network comes from a second training run, which
    has no curves.
    """
    best = history.loc[best_epoch, "validation/accuracy"]
    detail = f"epoch {best_epoch} of {history.index.max()} was chosen: validation accuracy {100 * best:.1f} %"
    if refit:
        detail += "; the network was then trained again, on the training and validation sets"
    figure = style.new_figure(9.6, 3.9, "Accuracy and loss per epoch", data, detail=detail)
    left, right = figure.subplots(1, 2)
    for axes, name in ((left, "accuracy"), (right, "loss")):
        _draw(axes, history, name, best_epoch)
    left.set(title="Accuracy", ylim=(0, 1.02))
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    _finish_loss(right, history[["train/loss", "validation/loss"]].to_numpy())
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw(axes: Axes, history: pd.DataFrame, name: str, best_epoch: int) -> None:
    last = int(history.index.max())
    marker = "o" if len(history) <= 20 else None
    for part, colour in COLOURS.items():
        values = history[f"{part}/{name}"]
        axes.plot(values.index, values, color=colour, marker=marker, markersize=4, linewidth=1.6, label=LABELS[part])
    axes.axvline(best_epoch, color=style.MUTED, linestyle=(0, (4, 3)), linewidth=1, label="chosen epoch", zorder=1)
    best = history.loc[best_epoch, f"validation/{name}"]
    axes.plot(
        best_epoch, best, "o", markersize=8, color=COLOURS["validation"], markeredgecolor="white", markeredgewidth=1.5
    )
    space = max(0.02 * (last - 1), 0.5 if last == 1 else 0.1)
    axes.set(xlabel="epoch", xlim=(1 - space, last + space), xticks=_epoch_ticks(last))
    axes.grid(axis="y")


def _epoch_ticks(last: int) -> list[int]:
    """The first epoch, then round numbers up to the last."""
    round_numbers = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
    return [1, *(int(tick) for tick in round_numbers if 1 < tick <= last)]


def _finish_loss(axes: Axes, losses: np.ndarray) -> None:
    axes.set_title("Loss")
    axes.set_ylabel("cross-entropy in nats")
    if losses.min() > 0 and losses.max() > 15 * np.median(losses):  # keep one outlier epoch from flattening the others
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, max(1.06 * losses.max(), 0.1))

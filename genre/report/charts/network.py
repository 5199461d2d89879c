"""The architecture of a network as boxes and arrows, drawn with matplotlib alone."""

import math
import re
import textwrap
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path

from genre.model.model_file import ModelInfo
from genre.report.charts import routing, style
from genre.report.charts.blocks import Block, Drawing, Placed, Point, fold, place
from genre.report.charts.style import Data

ASPECT = 1.4  # width to height that the folding of a long network aims at
MOST_PANELS = 8
FOLD_STRAIN = 0.12  # what a fold costs against a better aspect
# In inches:
GAP = 0.32  # between rows
GUTTER = 0.28  # between boxes side by side
BETWEEN = 0.42  # panels
LINE = 0.155  # of text
MARGIN = 0.3
SIZE = 8  # of text, in points

# Fill and edge by what a block does; the first match counts.
_FAMILIES = (
    (r"Input", "#f2f4f7", "#475467"),
    (r"(Separable|Depthwise)?Conv", "#e3f0fb", "#3f90da"),
    (r"(Einsum)?Dense", "#fde8d7", "#e76300"),
    (r"(Add|Average|Concatenate|Multiply|Maximum|Minimum|Dot|Subtract)$", "#efe3f5", "#832db6"),
    (r"(Global|Max|Average)", "#e3f4f3", "#3d9aa0"),
    (r"", "#f7f5ec", "#a39a5c"),
)


@dataclass(frozen=True)
class _Spot:
    """Where a place of the drawing lies on the paper, in inches."""

    x: float
    top: float  # of the box
    bottom: float
    row_top: float
    row_bottom: float
    panel: int
    panel_left: float


@style.styled
def network(info: ModelInfo, data: Data) -> Figure:
    """The layers of `info` from input to output; a long network is folded into panels, read like columns of text.

    A box holds a layer and the normalisation, activation, pooling and dropout that directly follow it. It names
    its layers, the shape that comes out (without the batch axis) and the number of its parameters.
    """
    drawing = place(fold(info.layers))
    texts = {node.block.name: _text(node.block) for node in drawing.placed if node.block}
    box = 0.24 + max(_inches(line, bold=not number) for text in texts.values() for number, line in enumerate(text))
    tall = {name: 0.13 + LINE * len(text) for name, text in texts.items()}
    spots, width, height = _lay_out(drawing, tall, box)

    title = (
        f"Network {style.shorten(info.architecture, 40)}: {sum(layer.parameters for layer in info.layers):,} parameters"
    )
    detail = "a box: its name, its layers, the shape that comes out"
    figure = style.new_figure(max(width, 6.5), height, title, data, detail=detail, arrange=False)
    full_width, full_height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, height / full_height))
    shift = (full_width - width) / 2
    axes.set(xlim=(-shift, full_width - shift), ylim=(0, height))  # data units are inches
    axes.set_axis_off()
    levels = routing.levels(drawing.edges, {point: spot.x for point, spot in spots.items()})
    for edge in drawing.edges:
        _draw_edge(axes, [spots[point] for point in edge], [levels[piece] for piece in pairwise(edge)])
    for node in drawing.placed:
        if node.block:
            _draw_box(axes, node.block, texts[node.block.name], spots[node.row, node.column], box)
    return figure


def _text(block: Block) -> list[str]:
    """The lines of a box, its name first."""
    kinds = " + ".join(_short_kind(layer.kind) for layer in block.layers)
    shape = " \u00d7 ".join("?" if size is None else str(size) for size in block.shape) or "scalar"
    last = f"{shape} \u00b7 {block.parameters:,} parameters" if block.parameters else shape
    return [style.shorten(block.name, 28), *textwrap.wrap(kinds, 30), last]


def _short_kind(kind: str) -> str:
    return re.sub(r"(?<=.)Normalization", "Norm", kind).replace("Pooling", "Pool").removesuffix("Layer")


def _inches(text: str, *, bold: bool) -> float:
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=SIZE)
    points, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return points / 72


def _lay_out(drawing: Drawing, tall: dict[str, float], box: float) -> tuple[dict[Point, _Spot], float, float]:
    """The spot of every place, and the width and height of it all, for the folding that is nearest to `ASPECT`."""
    rows = [
        [node for node in drawing.placed if node.row == row]
        for row in range(1 + max(node.row for node in drawing.placed))
    ]
    heights = np.array([max(tall[node.block.name] for node in row if node.block) for row in rows])
    ends = [(min(node.column for node in row), max(node.column for node in row)) for row in rows]
    step = box + GUTTER
    foldings = []
    for count in range(1, MOST_PANELS + 1):
        panels = _panels(rows, heights, count)
        firsts = [min(ends[row][0] for row in panel) for panel in panels]
        widths = [
            box + step * (max(ends[row][1] for row in panel) - first)
            for panel, first in zip(panels, firsts, strict=True)
        ]
        width = sum(widths) + BETWEEN * (len(panels) - 1) + 2 * MARGIN
        height = max(_height(panel, heights) for panel in panels) + 2 * MARGIN
        strain = abs(math.log(width / height / ASPECT)) + FOLD_STRAIN * len(panels)
        foldings.append((strain, count, panels, firsts, widths, width, height))
    _, _, panels, firsts, widths, width, height = min(foldings)
    spots, left = {}, MARGIN
    for number, (panel, first, wide) in enumerate(zip(panels, firsts, widths, strict=True)):
        top = height - MARGIN
        for row in panel:
            for node in rows[row]:
                x = left + box / 2 + step * (node.column - first)
                half = (tall[node.block.name] if node.block else heights[row]) / 2
                middle, bottom = top - heights[row] / 2, top - heights[row]
                spots[row, node.column] = _Spot(x, middle + half, middle - half, top, bottom, number, left)
            top -= heights[row] + GAP
        left += wide + BETWEEN
    return spots, width, height


def _height(panel: range, heights: np.ndarray) -> float:
    return heights[panel.start : panel.stop].sum() + GAP * (len(panel) - 1)


def _panels(rows: list[list[Placed]], heights: np.ndarray, count: int) -> list[range]:
    """Cut the rows into at most `count` runs, as even as can be, each cut below a row that holds one place alone."""
    allowed = [row for row in range(1, len(rows)) if len(rows[row - 1]) == 1]
    whole = range(len(rows))
    for limit in np.linspace(1 / count, 1, 60) * _height(whole, heights):
        starts = [0]
        for cut, following in zip(allowed, [*allowed[1:], len(rows)], strict=True):
            if _height(range(starts[-1], following), heights) > limit:
                starts.append(cut)
        if len(starts) <= count:
            return [range(start, stop) for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True)]
    return [whole]


def _draw_box(axes: Axes, block: Block, text: list[str], spot: _Spot, box: float) -> None:
    fill, edge = next(look for pattern, *look in _FAMILIES if re.match(pattern, block.layers[0].kind))
    axes.add_patch(
        FancyBboxPatch(
            (spot.x - box / 2, spot.bottom),
            box,
            spot.top - spot.bottom,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.1,
            zorder=2,
        )
    )
    for number, line in enumerate(text):
        look = {"weight": "bold"} if not number else {"color": style.MUTED if number < len(text) - 1 else style.INK}
        y = spot.top - 0.065 - LINE * (number + 0.5)
        axes.text(spot.x, y, line, size=SIZE, ha="center", va="center_baseline", zorder=3, **look)


def _draw_edge(axes: Axes, spots: list[_Spot], levels: list[float]) -> None:
    corners = [(spots[0].x, spots[0].bottom)]
    for (start, end), above in zip(pairwise(spots), levels, strict=True):
        level = end.row_top + GAP * above
        if start.panel != end.panel:  # around the head of the next panel
            aside, low = end.panel_left - BETWEEN / 2, start.row_bottom - GAP / 2
            corners += [(start.x, low), (aside, low), (aside, level), (end.x, level)]
        else:
            corners += [(start.x, level), (end.x, level)]
        corners += [(end.x, end.top), (end.x, end.bottom)]
    corners.pop()  # the last box is where the arrow ends
    axes.add_patch(
        FancyArrowPatch(
            path=_rounded(corners),
            arrowstyle="-|>,head_length=4,head_width=2.2",
            color=style.MUTED,
            linewidth=1.1,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
            capstyle="butt",
            joinstyle="round",
        )
    )


def _rounded(corners: list[tuple[float, float]], radius: float = 0.08) -> Outline:
    """A path through `corners` whose bends are round."""
    points = [np.array(corners[0])]
    for corner in corners[1:]:
        if np.abs(np.array(corner) - points[-1]).max() > 1e-6:
            points.append(np.array(corner))
    vertices, codes = [points[0]], [Outline.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        arms = [other - corner for other in (before, after)]
        starts = [corner + arm * min(radius / np.hypot(*arm), 0.5) for arm in arms]
        vertices += [starts[0], corner, starts[1]]
        codes += [Outline.LINETO, Outline.CURVE3, Outline.CURVE3]
    return Outline([*vertices, points[-1]], [*codes, Outline.LINETO])

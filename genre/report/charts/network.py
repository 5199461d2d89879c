"""A diagram of the network: boxes and arrows, with branches side by side."""

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from genre.model.layer_summary import LayerSummary
from genre.model.model_file import ModelInfo
from genre.report.charts import style
from genre.report.charts.style import Data

# Lengths in inches.
GAP = 0.26  # between rows
GUTTER = 0.3  # between branches
LINE = 0.155  # line height
PADDING = 0.07  # around the text of a box
SIZE = 8  # font size, in points
CHARACTERS = 48  # maximum per line
# Layers drawn in the same box as the layer before them.
_FOLLOWERS = r".*(Normalization|Dropout|Activation|LU|Flatten|Reshape|(?<!Global)MaxPooling\dD|^AveragePooling\dD)$"
# Fill and edge colour of a box, by the class of its first layer; the first match wins.
_FAMILIES = (
    (r"Input", "#f2f4f7", "#475467"),
    (r"(Separable|Depthwise)?Conv", "#e3f0fb", "#3f90da"),
    (r"(Einsum)?Dense", "#fde8d7", "#e76300"),
    (r"(Add|Average|Concatenate|Multiply|Maximum|Minimum|Dot|Subtract)$", "#efe3f5", "#832db6"),
    (r"(Global|Max|Average)", "#e3f4f3", "#3d9aa0"),
    (r"", "#faf9f3", "#a39a5c"),
)
_SETTINGS = {
    "kernel_size": " {}", "pool_size": " {}", "rate": " {}", "n": " \u00d7 {}", "filters": ", {} filters",
    "units": ", {} units", "output_shape": ", {} units", "strides": ", stride {}", "activation": ", {}",
}  # fmt: skip
_ARROW: dict[str, Any] = {
    "arrowstyle": "-|>,head_length=4,head_width=2.2", "color": style.MUTED, "linewidth": 1.1, "shrinkB": 0,
}  # fmt: skip


@dataclass
class Block:
    """A layer and those folded into its box, such as a convolution with its pooling, normalisation and activation."""

    layers: list[LayerSummary]
    inputs: list[str]  # names of its input blocks
    outputs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = fold(self.layers[0].layers)  # the network nested in the layer, if any

    @property
    def lines(self) -> list[str]:
        """The text: the first layer, the layers folded in, then the output shape with the number of parameters."""
        head, *followers = map(describe, self.layers)
        followers = [text for text in followers if text != "reshape"]
        head = head[:1].upper() + head[1:]
        shape = " \u00d7 ".join("?" if size is None else str(size) for size in self.layers[-1].shape) or "scalar"
        parameters = sum(layer.parameters for layer in self.layers)
        last = f"{shape} \u00b7 {parameters:,} parameters" if parameters else shape
        return [style.shorten(head, CHARACTERS), *textwrap.wrap(", ".join(followers), CHARACTERS), last]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, in inches."""
        bold = FontProperties(weight="bold")
        points = max(TextPath((0, 0), line, SIZE, bold).get_extents().width for line in self.lines)
        width, height = points / 72 + 4 * PADDING, LINE * len(self.lines) + 2 * PADDING
        if self.inner:
            _, inner_width, inner_height = arrange(self.inner)
            width, height = max(width, inner_width + 2 * GUTTER), height + inner_height + 1.5 * GAP
        return width, height


# Horizontal centre (0 is the diagram's) and top, in inches, of each block and of each arrow that skips a branch.
Places = dict[str | tuple[str, str], tuple[float, float]]


@style.styled
def network(info: ModelInfo, data: Data) -> Figure:
    """The layers of `info` from input to output; a nested network is drawn in the box of its layer.

    A box lists its layers with their settings, the output shape (without the batch axis) and the number of parameters.
    """
    blocks = fold(info.layers)
    places, width, height = arrange(blocks)
    title = f"Network {info.architecture}: {sum(layer.parameters for layer in info.layers):,} parameters"
    detail = "each box: a layer, the layers applied after it, and the output shape"
    width, height = max(width + 2 * GUTTER, 6.5), height + 0.1 + GUTTER
    figure = style.new_figure(width, height, title, data, detail=detail)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, height / figure.get_figheight()), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    _draw(axes, blocks, places, middle=width / 2, top=0.1)
    return figure


def fold(layers: Sequence[LayerSummary]) -> dict[str, Block]:
    """Group layers into blocks, keyed by the name of their first layer, in topological order."""
    uses = Counter(name for layer in layers for name in layer.inputs)
    blocks: dict[str, Block] = {}
    owner: dict[str, Block] = {}  # the block that holds each layer
    for layer in layers:
        before = owner[layer.inputs[0]] if [uses[name] for name in layer.inputs] == [1] else None
        if before and not before.inner and re.match(_FOLLOWERS, layer.kind):
            before.layers.append(layer)
            owner[layer.name] = before
        else:
            sources = list(dict.fromkeys(owner[name].layers[0].name for name in layer.inputs))
            owner[layer.name] = blocks[layer.name] = Block([layer], sources)
            for name in sources:
                blocks[name].outputs.append(layer.name)
    return blocks


def arrange(blocks: dict[str, Block]) -> tuple[Places, float, float]:
    """Lay branches out side by side between fork and join; returns the places and the total width and height."""
    end = ""  # a virtual block below the last one
    post_dominators = {end: {end}}  # of each block: the blocks on every path from it to the end
    for name in reversed(blocks):
        following = [post_dominators[output] for output in blocks[name].outputs or [end]]
        post_dominators[name] = {name}.union(set.intersection(*following))
    placed = {end}

    def column(name: str, stop: str) -> tuple[Places, float, float]:
        places: Places = {}
        width = top = 0.0
        while name != stop and name not in placed:
            placed.add(name)
            wide, high = blocks[name].size
            places[name], width, top = (0.0, top), max(width, wide), top + high + GAP
            outputs = blocks[name].outputs
            join = min(post_dominators[name] - {name}, key=[*blocks, end].index)  # where its branches meet again
            if len(outputs) > 1:
                skip: tuple[Places, float, float] = ({(name, join): (0.0, 0.0)}, 0.0, 0.0)
                branches = [skip if output == join else column(output, join) for output in outputs]
                left = -(sum(wide for _, wide, _ in branches) + GUTTER * (len(branches) - 1)) / 2
                width = max(width, -2 * left)
                for branch, wide, _ in branches:
                    places |= {item: (left + wide / 2 + x, top + y) for item, (x, y) in branch.items()}
                    left += wide + GUTTER
                top += max(high for _, _, high in branches) + GAP
            name = join
        return places, width, max(top - GAP, 0.0)

    return column(next(iter(blocks), end), end)


def describe(layer: LayerSummary) -> str:
    """A layer and its settings in words, such as `convolution 3 x 5, 24 filters, stride 1 x 2`."""
    settings = {
        key: " \u00d7 ".join(map(str, value)) if isinstance(value, list) else str(value).replace("relu", "ReLU")
        for key, value in layer.settings.items()
        if value not in ("linear", [1], [1, 1]) and not (key == "strides" and "pool_size" in layer.settings)
    }
    if layer.kind in ("InputLayer", "Activation"):
        return f"input: {layer.name}" if layer.kind == "InputLayer" else settings.get("activation", "linear")
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", re.sub(r"(Pooling|Conv)\dD", r"\1", layer.kind))
    words = re.sub("conv$", "convolution", words.lower()).replace("normalization", "norm").replace("einsum ", "")
    return words + "".join(form.format(settings[key]) for key, form in _SETTINGS.items() if key in settings)


def _draw(axes: Axes, blocks: dict[str, Block], places: Places, *, middle: float, top: float) -> None:
    spots = {item: (middle + x, top + y) for item, (x, y) in places.items()}
    for name in (name for name in blocks if name in spots):
        block, (x, upper) = blocks[name], spots[name]
        _draw_box(axes, block, x, upper)
        if block.inner:
            below = upper + LINE * len(block.lines) + 2 * PADDING
            _draw(axes, block.inner, arrange(block.inner)[0], middle=x, top=below + GAP / 2)
        for source in (source for source in block.inputs if source in spots):
            start, lower = spots[source][0], spots[source][1] + blocks[source].size[1]
            across, _ = spots.get((source, name), (start if len(blocks[source].outputs) == 1 else x, 0))
            first, last = lower + GAP / 2, upper - GAP / 2  # heights at which the arrow bends
            corners = [(start, lower), (start, first), (across, first), (across, last), (x, last), (x, upper)]
            axes.add_patch(FancyArrowPatch(path=Outline(corners), **_ARROW))


def _draw_box(axes: Axes, block: Block, x: float, top: float) -> None:
    fill, edge = next(look for pattern, *look in _FAMILIES if re.match(pattern, block.layers[0].kind))
    width, height = block.size
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, top), width, height,
            boxstyle="round,pad=0,rounding_size=0.07", facecolor=fill, edgecolor=edge, linewidth=1.1,
        )
    )  # fmt: skip
    for number, line in enumerate(block.lines):
        colour = style.MUTED if 0 < number < len(block.lines) - 1 else style.INK
        weight = "normal" if number else "bold"
        y = top + PADDING + LINE * (number + 0.5)
        axes.text(x, y, line, size=SIZE, ha="center", va="center_baseline", color=colour, weight=weight)

"""What is drawn of a network: its layers folded into blocks, and where each block stands.

The placing is the layered drawing of Sugiyama, Tagawa and Toda (1981), cut down: rows by longest path, the order in
a row by the mean of its neighbours, and then columns that pull each block towards the middle of its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from genre.model.layer_summary import LayerSummary

_FOLLOWERS = (
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "Activation", "ReLU", "LeakyReLU", "PReLU",
    "ELU", "MaxPooling", "AveragePooling", "Dropout", "SpatialDropout", "GaussianNoise", "GaussianDropout",
)  # fmt: skip
_SWEEPS = 24


@dataclass(frozen=True)
class Block:
    """A layer, or a run of layers that belong together such as convolution, normalisation, activation and pooling."""

    layers: tuple[LayerSummary, ...]
    inputs: tuple[str, ...]  # names of the blocks that feed it

    @property
    def name(self) -> str:
        """That of its first layer."""
        return self.layers[0].name

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def shape(self) -> list[int | None]:
        """Of what it puts out, without the batch axis."""
        return self.layers[-1].shape


@dataclass(frozen=True)
class Placed:
    """Where a block stands; an edge that passes a row without stopping has a place there too, with no block."""

    block: Block | None
    row: int  # 0 is the top
    column: float  # of its middle, in widths of a block


Point = tuple[int, float]  # row and column


@dataclass(frozen=True)
class Drawing:
    """The blocks in their places, and each edge as the places that it runs through from block to block."""

    placed: list[Placed]  # in any order
    edges: list[tuple[Point, ...]]


def fold(layers: Sequence[LayerSummary]) -> list[Block]:
    """Put normalisation, activation, pooling and dropout into the block of the one layer that feeds them."""
    known = {layer.name for layer in layers}
    feeds = {name: [layer for layer in layers if name in layer.inputs] for name in known}
    owner: dict[str, str] = {}
    members: dict[str, list[LayerSummary]] = {}
    for layer in layers:
        before = layer.inputs[0] if len(set(layer.inputs)) == 1 else None
        head = owner.get(before) if before else None
        straight = head is not None and len(feeds[before]) == 1 and members[head][0].kind != "InputLayer"
        if straight and layer.kind.startswith(_FOLLOWERS):
            members[head].append(layer)
        else:
            head = layer.name
            members[head] = [layer]
        owner[layer.name] = head
    seen: set[str] = set()
    blocks = []
    for head, run in members.items():
        # An edge back to a later layer (a layer used twice) has no place in a drawing from top to bottom.
        inputs = dict.fromkeys(owner[name] for name in run[0].inputs if owner.get(name) in seen)
        blocks.append(Block(tuple(run), tuple(inputs)))
        seen.add(head)
    return blocks


def place(blocks: Sequence[Block], *, passing_width: float = 0.25) -> Drawing:
    """Give each block a row and a column; an edge that passes a row takes `passing_width` of a block's width there."""
    row: dict[str, int] = {}
    for block in blocks:
        row[block.name] = 1 + max((row[name] for name in block.inputs), default=-1)
    nodes: list[tuple[Block | None, int]] = [(block, row[block.name]) for block in blocks]
    place_of = {block.name: number for number, block in enumerate(blocks)}
    paths = []
    for block in blocks:
        for name in block.inputs:
            passing = range(row[name] + 1, row[block.name])
            paths.append([place_of[name], *range(len(nodes), len(nodes) + len(passing)), place_of[block.name]])
            nodes += [(None, passed) for passed in passing]
    above: list[list[int]] = [[] for _ in nodes]
    below: list[list[int]] = [[] for _ in nodes]
    for path in paths:
        for start, end in pairwise(path):
            above[end].append(start)
            below[start].append(end)
    rows: list[list[int]] = [[] for _ in range(max(row.values()) + 1)]
    for number, (_, at) in enumerate(nodes):
        rows[at].append(number)
    widths = [passing_width if block is None else 1.0 for block, _ in nodes]
    column = [0.0] * len(nodes)
    for line in rows:
        line.sort(key=lambda number: _mean([column[other] for other in above[number]]))
        _spread(line, column, [_mean([column[other] for other in above[number]]) for number in line], widths)
    for sweep in range(_SWEEPS):
        for line in rows if sweep % 2 else reversed(rows):
            wanted = [_mean([column[other] for other in above[number] + below[number]]) for number in line]
            _spread(line, column, wanted, widths)
    passing = [path[1:-1] for path in paths if len(path) > 2]
    _straighten([*_chains(rows, above, below), *passing], rows, column, widths)
    placed = [Placed(block, at, column[number]) for number, (block, at) in enumerate(nodes)]
    return Drawing(placed, [tuple((placed[number].row, placed[number].column) for number in path) for path in paths])


def _chains(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> list[list[int]]:
    """What stands one above the other without a branch."""
    chains = []
    for head in (number for line in rows for number in line):
        if len(above[head]) == 1 and len(below[above[head][0]]) == 1:
            continue  # within a chain
        chain = [head]
        while len(below[chain[-1]]) == 1 and len(above[below[chain[-1]][0]]) == 1:
            chain.append(below[chain[-1]][0])
        chains.append(chain)
    return chains


def _straighten(runs: list[list[int]], rows: list[list[int]], column: list[float], widths: list[float]) -> None:
    """Put each run into one column where its rows have the room: their mean, else the nearest of their own to it."""
    for run in runs:
        before = [column[number] for number in run]
        middle = _mean(before)
        touched = [line for line in rows if not set(run).isdisjoint(line)]
        for aim in (middle, *sorted(before, key=lambda own: abs(own - middle))):
            for number in run:
                column[number] = aim
            if not any(_crowded(line, column, widths) for line in touched):
                break
        else:
            for number, old in zip(run, before, strict=True):
                column[number] = old


def _crowded(line: list[int], column: list[float], widths: list[float]) -> bool:
    """Whether two of a row are nearer than nine tenths of the room they need; the gap beside a box is wider."""
    return any(
        column[right] - column[left] < 0.9 * (widths[left] + widths[right]) / 2 for left, right in pairwise(line)
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _spread(line: list[int], column: list[float], wanted: list[float], widths: list[float]) -> None:
    """Set the columns of one row to what is nearest to `wanted` (least squares) without two touching.

    With the room that each needs taken off, this is isotonic regression: pool adjacent violators.
    """
    room = [0.0]
    for left, right in pairwise(line):
        room.append(room[-1] + (widths[left] + widths[right]) / 2)
    pools: list[tuple[float, int]] = []  # mean, how many
    for want, offset in zip(wanted, room, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    values = [mean for mean, count in pools for _ in range(count)]
    for number, value, offset in zip(line, values, room, strict=True):
        column[number] = value + offset

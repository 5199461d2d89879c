"""How the arrows of a network's picture run between two rows: where two run to the side together, they belong together.

Lines from one block share a level, and so do lines to one block; those that would lie on others have another level, in
an order with few crossings (channel routing, as on circuit boards).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from genre.report.charts.blocks import Point


@dataclass(frozen=True)
class _Bus:
    """Lines that run to the side at one level of the gap between two rows: all of one origin, or all of one aim."""

    starts: list[float]  # where lines come down to it, from left to right
    ends: list[float]  # where they leave it

    @property
    def extent(self) -> tuple[float, float]:
        return min(self.starts + self.ends), max(self.starts + self.ends)

    def covers(self, x: float) -> bool:
        return self.extent[0] <= x <= self.extent[1]

    def overlaps(self, other: "_Bus") -> bool:
        """Whether the two would lie on one another at one level; a line straight down has none."""
        straight = any(left == right for left, right in (self.extent, other.extent))
        return not straight and max(self.extent[0], other.extent[0]) <= min(self.extent[1], other.extent[1])

    def crossings(self, lower: "_Bus") -> int:
        """How often the two cross where the other one runs below this one; lines on one another count for ten."""
        on_one_another = len(set(self.ends) & set(lower.starts))
        return sum(map(self.covers, lower.starts)) + sum(map(lower.covers, self.ends)) + 10 * on_one_another


def levels(edges: Sequence[tuple[Point, ...]], x: dict[Point, float]) -> dict[tuple[Point, Point], float]:
    """The level at which each piece of an edge, from one row to the next, runs to the side.

    Parameters
    ----------
    edges : sequence
        As in a `Drawing`.
    x : dict
        Where each place lies from left to right, in any unit.

    Returns
    -------
    dict
        0..1 by piece: 0 is the top of the row that it leads to, 1 the bottom of the row that it comes from.
    """
    pieces = list(dict.fromkeys(piece for edge in edges for piece in pairwise(edge)))
    fans = Counter(start for start, _ in pieces)
    gaps: dict[int, dict[Point, list[tuple[Point, Point]]]] = {}
    for start, end in pieces:
        together = gaps.setdefault(start[0], {})
        together.setdefault(start if fans[start] > 1 else end, []).append((start, end))
    found = {}
    for together in gaps.values():
        buses = {
            point: _Bus([x[start] for start, _ in lines], [x[end] for _, end in lines])
            for point, lines in together.items()
        }
        track: dict[Point, int] = {}
        for point in _ordered(buses):
            track[point] = 1 + max((track[other] for other in track if buses[other].overlaps(buses[point])), default=0)
        for point, lines in together.items():
            found |= dict.fromkeys(lines, 1 - track[point] / (1 + max(track.values())))
    return found


def _ordered(buses: dict[Point, _Bus]) -> list[Point]:
    """Buses from the top, each put where it crosses those before it least."""
    order: list[Point] = []
    for point, bus in buses.items():
        crossings = [
            sum(buses[upper].crossings(bus) for upper in order[:at])
            + sum(bus.crossings(buses[lower]) for lower in order[at:])
            for at in range(len(order) + 1)
        ]
        order.insert(crossings.index(min(crossings)), point)
    return order

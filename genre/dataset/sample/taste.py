"""The random choices of a clip: its artist's habits, and the clip's deviations from them.

Every draw has its own generator, seeded by the seed, the genre, the artist or clip, and the draw's name. So a draw does
not depend on earlier draws, nor a clip on the number of clips.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_HABIT = 0.7  # probability that a clip follows its artist's habit
_SPAN = 0.35  # width of an artist's part of a range, as a fraction


@dataclass(frozen=True)
class Taste:
    """The draws of clip number `index` of genre number `genre`."""

    seed: int
    genre: int
    index: int

    @property
    def artist(self) -> int:
        """Number of the clip's artist, from 0: artists have two and three clips alternately."""
        return 2 * (self.index // 5) + (self.index % 5 >= 2)

    def uniform(self, name: str, bounds: tuple[float, float]) -> float:
        """A number in the artist's part of the range `bounds`."""
        low, high = bounds
        position = (1 - _SPAN) * self.of_artist(name).random() + _SPAN * self.of_clip(name).random()
        return low + (high - low) * position

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of `options`, usually the artist's favourite."""
        return options[int(self._draw(name) * len(options))]

    def chance(self, name: str, probability: float) -> bool:
        """Whether an event of this probability, 0..1, occurs in this clip."""
        return self._draw(name) < probability

    def of_artist(self, name: str) -> np.random.Generator:
        """A generator with the same state for all clips of the artist."""
        return np.random.default_rng([self.seed, self.genre, 1, self.artist, zlib.crc32(name.encode())])

    def of_clip(self, name: str) -> np.random.Generator:
        """A generator for this clip only."""
        return np.random.default_rng([self.seed, self.genre, 0, self.index, zlib.crc32(name.encode())])

    def _draw(self, name: str) -> float:
        own = self.of_clip(name)
        return self.of_artist(name).random() if own.random() < _HABIT else own.random()

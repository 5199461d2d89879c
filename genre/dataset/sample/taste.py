"""What one clip draws at random: an artist's habits, and the clip's departures from them.

Every draw has a name, and its randomness is keyed by seed, genre, artist or clip, and that name: a draw does not
depend on how many were made before it, nor a clip on how many clips there are.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_HABIT = 0.7  # how often an artist does as usual
_SPAN = 0.35  # an artist's own part of a range


@dataclass(frozen=True)
class Taste:
    """The draws of clip number `index` of a genre; `genre` is the genre's number."""

    seed: int
    genre: int
    index: int

    @property
    def artist(self) -> int:
        """Number of the clip's artist, from 0: artists have two and three clips in turn."""
        return 2 * (self.index // 5) + (self.index % 5 >= 2)

    def uniform(self, name: str, bounds: tuple[float, float]) -> float:
        """A number in the artist's own part of `bounds`."""
        low, high = bounds
        part = (1 - _SPAN) * self.of_artist(name).random() + _SPAN * self.of_clip(name).random()
        return low + (high - low) * part

    def choice(self, name: str, options: Sequence[T]) -> T:
        """One of `options`, more often than not the artist's favourite."""
        return options[int(self._often(name) * len(options))]

    def chance(self, name: str, probability: float) -> bool:
        """Whether something of this probability, 0..1, happens in this clip."""
        return self._often(name) < probability

    def of_artist(self, name: str) -> np.random.Generator:
        """A generator that all clips of the artist share."""
        return np.random.default_rng([self.seed, self.genre, 1, self.artist, zlib.crc32(name.encode())])

    def of_clip(self, name: str) -> np.random.Generator:
        """A generator of this clip alone."""
        return np.random.default_rng([self.seed, self.genre, 0, self.index, zlib.crc32(name.encode())])

    def _often(self, name: str) -> float:
        own = self.of_clip(name)
        return self.of_artist(name).random() if own.random() < _HABIT else own.random()

"""Training data: the training clips in batches of augmented segments, epoch after epoch."""

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from genre.features import segments
from genre.features.bands import mel_bands
from genre.features.store import Features
from genre.params import TrainParams
from genre.training.augment import augment

Batch = tuple[np.ndarray, tuple[np.ndarray, ...]]
# That prepare batches: two fewer than cores, as the network computes on the same processor.
THREADS = min(8, max(1, len(os.sched_getaffinity(0)) - 2)) if hasattr(os, "sched_getaffinity") else 1


@dataclass(frozen=True)
class SegmentBatches:
    """The training clips in batches of augmented segments, each clip once per epoch.

    All batches have the same size, so that a network is compiled only once: the last is padded with the first clips of
    its epoch. A batch depends only on the parameters, epoch and step, so a run can be repeated or resumed anywhere.
    """

    features: Features
    rows: np.ndarray  # (n,), int: rows of `features.clips`
    labels: np.ndarray  # (n, n_genres), float32: one-hot
    params: TrainParams
    n_members: int = 0  # of the network, all trained on the same labels; 0 if it has no output for members
    divisor: int = 1  # the batch size is a multiple of it

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return math.ceil(len(self.rows) / self.params.batch_size)

    @property
    def size(self) -> int:
        """Segments per batch."""
        return math.ceil(len(self.rows) / self.steps / self.divisor) * self.divisor

    def from_epoch(self, first: int) -> Iterator[Batch]:
        """All batches from epoch `first`, counted from 0, to the end of training; threads prepare some ahead."""
        upcoming = product(range(first, self.params.epochs), range(self.steps))  # (epoch, step)
        with ThreadPoolExecutor(THREADS) as pool:
            ahead = deque(pool.submit(self.batch, *position) for position in islice(upcoming, 2 * THREADS))
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(self.batch, *position) for position in islice(upcoming, 1))  # if any is left

    def batch(self, epoch: int, step: int) -> Batch:
        """Segments [shape=(size, segment_frames, n_mels), float32], and labels for each output of the network.

        Labels are [shape=(size, n_genres), float32]; for members, [shape=(size, n_members, n_genres)].
        """
        order = np.random.default_rng([self.params.seed, epoch]).permutation(len(self.rows))
        chosen = np.resize(order, self.steps * self.size)[step * self.size :][: self.size]
        rng = np.random.default_rng([self.params.seed, epoch, step])
        length = self.features.segment_frames(self.params.segment_seconds)
        batch = segments.draw(self.features, self.rows[chosen], length, rng=rng)
        labels = self.labels[chosen]
        members = (np.repeat(labels[:, None], self.n_members, axis=1),) if self.n_members else ()
        return augment(batch, self.params.augment, mel_bands(self.features.settings), rng=rng), (labels, *members)

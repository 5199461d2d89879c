"""What a network is trained on: the training clips in batches of augmented segments, epoch after epoch."""

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product

import numpy as np

from genre.features import segments
from genre.features.bands import mel_bands
from genre.features.store import Features
from genre.params import TrainParams
from genre.training.augment import augment

Batch = tuple[np.ndarray, tuple[np.ndarray, ...]]
# Batches that are made at once. Two threads fewer than cores, as the network computes on the same processor.
THREADS = min(8, max(1, len(os.sched_getaffinity(0)) - 2)) if hasattr(os, "sched_getaffinity") else 1


class SegmentBatches:
    """The training clips in batches of augmented segments, each clip once per epoch.

    All batches have one size, for which a network is compiled once: the last is filled up with the first clips of its
    epoch. What a batch holds depends on the parameters, epoch and step alone, so that a run can be repeated or resumed
    anywhere.

    Parameters
    ----------
    features : Features
    rows : np.ndarray [shape=(n,), dtype=int]
        Rows of `features.clips`.
    labels : np.ndarray [shape=(n, n_genres), dtype=float32]
        One-hot.
    params : TrainParams
    segment_frames : int
        Length of a segment.
    n_members : int
        Of the network, each of which has the same labels; 0 where its only output is its prediction.
    divisor : int
        The size of a batch is a multiple of it.
    """

    def __init__(
        self,
        features: Features,
        rows: np.ndarray,
        labels: np.ndarray,
        *,
        params: TrainParams,
        segment_frames: int,
        n_members: int = 0,
        divisor: int = 1,
    ) -> None:
        self._features = features
        self._rows = rows
        self._labels = labels
        self._params = params
        self._segment_frames = segment_frames
        self._n_members = n_members
        self._bands = mel_bands(features.settings)
        self.epochs = params.epochs
        self.steps = math.ceil(len(rows) / params.batch_size)  # batches in an epoch
        self.size = math.ceil(len(rows) / self.steps / divisor) * divisor  # of a batch

    def from_epoch(self, first: int) -> Iterator[Batch]:
        """All batches from epoch `first`, counted from 0, to the last one's, some made ahead in threads."""
        places = product(range(first, self.epochs), range(self.steps))
        with ThreadPoolExecutor(THREADS) as pool:
            ahead = deque(pool.submit(self.batch, *place) for place in islice(places, 2 * THREADS))
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(self.batch, *place) for place in islice(places, 1))

    def batch(self, epoch: int, step: int) -> Batch:
        """Segments [shape=(size, segment_frames, n_mels), float32], and their labels for each output of the network.

        Labels are [shape=(size, n_genres), float32], for members [shape=(size, n_members, n_genres)].
        """
        order = np.random.default_rng([self._params.seed, epoch]).permutation(len(self._rows))
        chosen = np.resize(order, self.steps * self.size)[step * self.size :][: self.size]
        rng = np.random.default_rng([self._params.seed, epoch, step])
        batch = segments.draw(self._features, self._rows[chosen], self._segment_frames, rng=rng)
        labels = self._labels[chosen]
        members = (np.repeat(labels[:, None], self._n_members, axis=1),) if self._n_members else ()
        return augment(batch, self._params.augment, self._bands, rng=rng), (labels, *members)

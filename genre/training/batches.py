"""What a network is trained on: the training clips in batches of augmented segments, epoch after epoch."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from genre.errors import ParamsError
from genre.features import segments
from genre.features.bands import mel_bands
from genre.features.store import Features
from genre.params import TrainParams
from genre.training.augment import augment


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, n: int) -> np.ndarray:
    """The order in which `n` clips are seen in an epoch [shape=(n,), int]; kept, as every batch asks for it."""
    return np.random.default_rng([seed, epoch]).permutation(n)


class SegmentBatches:
    """The training clips in batches of augmented segments, one from each clip per epoch.

    What a batch holds depends on the parameters, epoch and step alone, so that a run can be repeated or taken up
    anywhere; with several shares, on their number too.

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
    n_outputs : int
        Outputs of the network; each has the same labels.
    shares : int
        A batch can be split into so many equal parts; the few clips over are left out of an epoch.

    Raises
    ------
    ParamsError
        Where there are fewer clips than shares.
    """

    def __init__(
        self,
        features: Features,
        rows: np.ndarray,
        labels: np.ndarray,
        *,
        params: TrainParams,
        segment_frames: int,
        n_outputs: int = 1,
        shares: int = 1,
    ) -> None:
        self._features = features
        self._rows = rows
        self._labels = labels
        self._bands = mel_bands(features.settings)
        self._params = params
        self._segment_frames = segment_frames
        self._n_outputs = n_outputs
        self._shares = shares
        self._n_groups = len(rows) // shares  # of as many clips as there are shares
        if self._n_groups == 0:
            raise ParamsError(f"{len(rows)} clips to train on cannot be split between {shares} GPUs; use fewer of them")

    @property
    def steps(self) -> int:
        """How many batches make an epoch."""
        return min(math.ceil(len(self._rows) / self._params.batch_size), self._n_groups)  # none is empty

    def from_epoch(self, first: int) -> Iterator[tuple[np.ndarray, tuple[np.ndarray, ...]]]:
        """All batches from epoch `first`, counted from 0, to the last one's."""
        for epoch in range(first, self._params.epochs):
            for step in range(self.steps):
                yield self.batch(epoch, step)

    def stream(self, first: int) -> Any:
        """What `keras.Model.fit` takes: all batches from epoch `first`; TensorFlow makes the next while it computes.

        A `tf.data.Dataset` under TensorFlow, else an iterator.

        Keras would have tf.data tune itself, where the end of a dataset waits for the tuner to wake: often 2 s after
        every epoch, half a minute after a long one.
        """
        if keras.backend.backend() != "tensorflow":
            return self.from_epoch(first)
        import tensorflow as tf

        kind = keras.tree.map_structure(
            lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), self.batch(first, 0)
        )
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = tf.data.Dataset.from_generator(lambda: self.from_epoch(first), output_signature=kind)
        return dataset.prefetch(1).with_options(options)

    def batch(self, epoch: int, step: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """Segments [shape=(n, segment_frames, n_mels), float32] and, for each output, labels [shape=(n, n_genres)]."""
        order = epoch_order(self._params.seed, epoch, len(self._rows))
        order = order[: self._n_groups * self._shares].reshape(-1, self._shares)
        size, larger = divmod(len(order), self.steps)  # the first batches are larger by one: no tiny last batch
        begin = step * size + min(step, larger)
        chosen = order[begin : begin + size + (step < larger)].ravel()
        rng = np.random.default_rng([self._params.seed, epoch, step])
        batch = segments.draw(
            self._features,
            self._rows[chosen],
            self._segment_frames,
            rng=rng,
            short=self._params.augment.short,
        )
        batch = augment(batch, self._params.augment, self._bands, rng=rng)
        return batch, (self._labels[chosen],) * self._n_outputs

"""SpecAugment's masks, as a layer: what a network that learns its own filters must do without while it learns."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True)
class Masks:
    """How much is hidden at most: fractions of a segment's frames and of its mel bands, 0..1."""

    time: float
    mel: float


NO_MASKS = Masks(0.0, 0.0)


@keras.saving.register_keras_serializable("genre")
class RandomMasks(keras.layers.Layer):
    """While training, hides a stretch of time and neighbouring mel bands: (batch, frames, n_mels) -> the same shape.

    Each segment has masks of its own, and its mean stands in their place (SpecAugment; Park et al., Interspeech 2019).

    Parameters
    ----------
    time, mel : float
        0..1; a mask's length is drawn evenly from none to this fraction of the axis.
    """

    def __init__(self, *, time: float, mel: float, **settings: Any) -> None:
        super().__init__(**{**settings, "dtype": "float32"})
        self.time = time
        self.mel = mel
        self.seed_generator = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"time": self.time, "mel": self.mel}

    def call(self, segments: Any, training: bool = False) -> Any:
        if not training:
            return segments
        frames = self._stretch(segments, axis=1, fraction=self.time)[:, :, None]
        bands = self._stretch(segments, axis=2, fraction=self.mel)[:, None, :]
        return ops.where(frames | bands, ops.mean(segments, axis=(1, 2), keepdims=True), segments)

    def _stretch(self, segments: Any, *, axis: int, fraction: float) -> Any:
        """Which places along an axis are hidden (batch, size)."""
        size, each = segments.shape[axis], (ops.shape(segments)[0], 1)
        longest = int(fraction * size)
        length = ops.floor(keras.random.uniform(each, maxval=longest + 1, seed=self.seed_generator))
        start = ops.floor(keras.random.uniform(each, seed=self.seed_generator) * (size - length + 1))
        places = ops.arange(size, dtype="float32")
        return (places >= start) & (places < start + length)

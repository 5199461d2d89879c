"""The settings that decide the value of every feature, without the code that computes them.

What only needs to know how features were made does not depend on how: a stage runs again when a module that it imports
changes.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

TOP_DB = 80.0  # levels further below the clip's loudest point are clipped


@dataclass(frozen=True)
class FeatureSettings:
    """What decides the value of every frame; it is stored beside the features and in the model file."""

    sample_rate: int  # in Hz
    n_fft: int  # length of the Fourier window, in samples
    hop_length: int  # distance of two frames, in samples
    n_mels: int
    seconds: float  # the first so many seconds of a clip are used
    min_seconds: float  # a shorter clip is refused
    scale: Literal["db", "power"]

    @classmethod
    def of(cls, params: Any) -> "FeatureSettings":
        """The settings among the attributes of `params`, such as the `extract` section."""
        return cls(**{name: getattr(params, name) for name in cls.__dataclass_fields__})

    @property
    def dtype(self) -> np.dtype:
        """The type of stored frames: `uint8` levels for `db`, `float32` for `power`."""
        return np.dtype(np.uint8 if self.scale == "db" else np.float32)

    @property
    def frames_per_second(self) -> float:
        """The frame rate, in Hz."""
        return self.sample_rate / self.hop_length

    def n_frames(self, seconds: float) -> int:
        """Frames that `seconds` of audio give (centred frames: one for every begun hop)."""
        return int(seconds * self.sample_rate) // self.hop_length + 1

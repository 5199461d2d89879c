"""The settings that determine the value of every feature, kept apart from the code that computes features.

DVC reruns a stage when a module that it imports changes: a stage that needs only the settings imports no more.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

TOP_DB = 80.0  # levels further below the clip's loudest point are clipped


@dataclass(frozen=True)
class FeatureSettings:
    """The settings that determine every frame; stored with the features and in the model file."""

    sample_rate: int  # in Hz
    n_fft: int  # length of the Fourier window, in samples
    hop_length: int  # distance between frames, in samples
    n_mels: int
    seconds: float  # length used of a clip, from its start
    min_seconds: float  # shorter clips are rejected
    scale: Literal["db", "power"]

    @classmethod
    def of(cls, params: Any) -> "FeatureSettings":
        """Take the settings from the attributes of `params`, such as the `extract` section."""
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
        """Number of frames in `seconds` of audio; frames are centred at multiples of the hop length."""
        return int(seconds * self.sample_rate) // self.hop_length + 1

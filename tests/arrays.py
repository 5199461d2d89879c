"""Features built from arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from genre.features import store
from genre.features.settings import FeatureSettings
from genre.features.store import Features


def from_arrays(
    spectrograms: Sequence[np.ndarray], clips: pd.DataFrame, *, settings: FeatureSettings, dataset: dict[str, Any]
) -> Features:
    """Features held in memory.

    Parameters
    ----------
    spectrograms : sequence of np.ndarray [shape=(n_frames, n_mels)]
        One per row of `clips`, in the same order.
    clips : pd.DataFrame
        clip_id, genre, and optionally artist and sha256.
    settings : FeatureSettings
    dataset : dict
        At least `name`.
    """
    lengths = np.array([len(frames) for frames in spectrograms])
    table = clips.reindex(columns=store.CLIP_COLUMNS[:4], fill_value="").fillna("")
    table["first_frame"] = np.cumsum(lengths) - lengths
    table["n_frames"] = lengths
    table["seconds"] = (lengths - 1) / settings.frames_per_second
    return Features(np.concatenate(spectrograms), table.set_index("clip_id"), settings, dataset)

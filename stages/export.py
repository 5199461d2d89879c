"""Export the model for prediction without TensorFlow: models/model.keras -> models/model.tflite, metrics/export.json.

    python -m stages.export

The exported model must give every test clip the probabilities that Keras gives it, to 0.001. The weights are stored
in 16 bits where that is near enough, else in 32.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from genre import console, files, networks, runtime, store, tables
from genre.calibration import calibrate
from genre.errors import DataError
from genre.model_file import ModelInfo
from genre.prediction import predict_clips
from genre.segments import Network
from genre.store import Features

FEATURES = Path("data/features")
SPLITS = Path("data/splits.csv")
MODEL = Path("models/model.keras")
OUT = Path("models/model.tflite")
METRICS = Path("metrics/export.json")

TOLERANCE = 0.001  # of a probability

log = logging.getLogger(__name__)


def largest_difference(one: Network, other: Network, info: ModelInfo, features: Features, split: pd.Series) -> float:
    """The largest difference of a test clip's calibrated probability of a genre between two networks, 0..1."""
    rows = features.rows(split, "test")
    shape = {"segment_frames": info.segment_frames, "test_segments": info.test_segments}
    told = [calibrate(predict_clips(network, features, rows, **shape), info.temperature) for network in (one, other)]
    return float(np.abs(told[0] - told[1]).max())


def export(model: Path, out: Path, features: Features, split: pd.Series) -> dict[str, float | str | int]:
    """Write `out`, the exported `model`, and check it against Keras.

    Returns
    -------
    dict
        `weights` (their type), `bytes`, and the `largest_difference` of a probability over the test clips, 0..1.

    Raises
    ------
    DataError
        Where the exported model differs by more than 0.001; `out` is removed.
    """
    network, info = networks.load(model)
    for weights in ("float16", "float32"):
        runtime.save(network, info, out, weights=weights)
        exported, _ = runtime.load(out)
        difference = largest_difference(network.predict_on_batch, exported, info, features, split)
        if difference <= TOLERANCE:
            return {"weights": weights, "bytes": out.stat().st_size, "largest_difference": round(difference, 5)}
        log.warning("with %s weights, a probability differs from Keras's by %.4f", weights, difference)
    out.unlink()
    raise DataError(
        f"the exported {model} differs from Keras by {difference:.4f} in a test clip's probability, more than "
        f"{TOLERANCE:g}; {out} is not kept. A layer that LiteRT computes otherwise is to be replaced"
    )


def main() -> None:
    report = export(MODEL, OUT, store.read(FEATURES), tables.read(SPLITS).set_index("clip_id").split)
    files.write_json(METRICS, report)
    log.info(
        "%s: %.2f MB, %s weights; largest difference of a probability from Keras: %.2g",
        OUT, report["bytes"] / 1e6, report["weights"], report["largest_difference"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

"""Export the model for prediction without TensorFlow: models/model.keras -> models/model.tflite, metrics/export.json.

    python -m stages.export

The exported model must give every test clip the probabilities that Keras gives it, to 0.001.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from genre import console, files, paths
from genre.errors import DataError
from genre.features import store
from genre.features.segments import Network
from genre.features.store import Features
from genre.model import exported, networks
from genre.model.model_file import ModelInfo
from genre.model.predictions import predict_calibrated

TOLERANCE = 0.001  # of a probability

log = logging.getLogger(__name__)


def largest_difference(one: Network, other: Network, info: ModelInfo, features: Features, split: pd.Series) -> float:
    """The largest difference of a test clip's calibrated probability of a genre between two networks, 0..1."""
    rows = features.rows(split, "test")
    first, second = (predict_calibrated(network, info, features, rows) for network in (one, other))
    return float(np.abs(first - second).max())


def export(model: Path, out: Path, features: Features, split: pd.Series) -> dict[str, float | int]:
    """Write `out`, the exported `model`, and check it against Keras.

    Returns
    -------
    dict
        `bytes`, and the `largest_difference` of a probability over the test clips, 0..1.

    Raises
    ------
    DataError
        Where the exported model differs by more than 0.001; `out` is removed.
    """
    network, info = networks.load(model)
    exported.save(network, info, out)
    converted, _ = exported.load(out)
    difference = largest_difference(network.predict_on_batch, converted, info, features, split)
    if difference > TOLERANCE:
        out.unlink()
        raise DataError(
            f"the exported {model} gives a test clip a probability that differs by {difference:.4f} from Keras's, more "
            f"than {TOLERANCE:g}; {out} was removed. Replace the layer that LiteRT computes differently"
        )
    return {"bytes": out.stat().st_size, "largest_difference": round(difference, 7)}


def main() -> None:
    report = export(
        paths.MODEL,
        paths.EXPORTED_MODEL,
        store.read(paths.FEATURES),
        files.read_table(paths.SPLITS).set_index("clip_id").split,
    )
    files.write_json(paths.METRICS / "export.json", report)
    log.info(
        "%s: %.2f MB; largest difference of a probability from Keras: %.2g",
        paths.EXPORTED_MODEL, report["bytes"] / 1e6, report["largest_difference"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

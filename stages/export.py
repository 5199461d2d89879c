"""Export the model for prediction without TensorFlow: models/model.keras -> models/model.tflite, metrics/export.json.

    python -m stages.export

The exported model must give every test clip the same probabilities as Keras, to within 0.001.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from genre import console, files, paths
from genre.errors import DataError
from genre.features import store
from genre.features.store import Features
from genre.model import exported, networks
from genre.model.predictions import predict_calibrated

TOLERANCE = 0.001  # of probabilities

log = logging.getLogger(__name__)


def export(model: Path, out: Path, features: Features, split: pd.Series) -> dict[str, float | int]:
    """Export `model` to `out`; return its size in `bytes` and its `largest_difference` from Keras on the test clips.

    The difference is in calibrated probabilities, 0..1. If it is above 0.001, `out` is removed and DataError is raised.
    """
    network, info = networks.load(model)
    exported.save(network, info, out)
    converted, _ = exported.load(out)
    rows = features.rows(split, "test")
    expected = predict_calibrated(network.predict_on_batch, info, features, rows)
    difference = float(np.abs(predict_calibrated(converted, info, features, rows) - expected).max())
    if not difference <= TOLERANCE:  # also if it is NaN
        out.unlink()
        raise DataError(
            f"the exported {model} gives a test clip a probability that differs by {difference:.4f} from Keras's, more "
            f"than {TOLERANCE:g}; {out} was removed. Replace the layer that LiteRT computes differently"
        )
    return {"bytes": out.stat().st_size, "largest_difference": round(difference, 7)}


def main() -> None:
    split = files.read_table(paths.SPLITS).set_index("clip_id").split
    report = export(paths.MODEL, paths.EXPORTED_MODEL, store.read(paths.FEATURES), split)
    files.write_json(paths.METRICS / "export.json", report)
    log.info(
        "%s: %.2f MB; largest difference of a probability from Keras: %.2g",
        paths.EXPORTED_MODEL, report["bytes"] / 1e6, report["largest_difference"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main, about=__doc__)

"""Evaluate the model on the test part: models/model.keras -> metrics/evaluate.json, plots/*.csv.

python -m stages.evaluate
"""

import logging
from pathlib import Path

import pandas as pd

from genre import console, files, networks, store, tables
from genre.calibration import calibrate
from genre.model_file import ModelInfo
from genre.prediction import Predictions, predict_clips
from genre.scores import summary
from genre.segments import Network
from genre.store import Features

FEATURES = Path("data/features")
SPLITS = Path("data/splits.csv")
MODEL = Path("models/model.keras")
METRICS = Path("metrics/evaluate.json")
PREDICTIONS = Path("plots/predictions.csv")
PER_GENRE = Path("plots/per_genre.csv")

log = logging.getLogger(__name__)


def evaluate(network: Network, info: ModelInfo, features: Features, split: pd.Series) -> Predictions:
    """What a network says of the clips of the `test` part, calibrated."""
    rows = features.rows(split, "test")
    probabilities = predict_clips(
        network,
        features,
        rows,
        segment_frames=info.segment_frames,
        test_segments=info.test_segments,
    )
    names = features.clips.index[rows].to_numpy(str)
    calibrated = calibrate(probabilities, info.temperature)
    return Predictions(names, features.labels(rows, info.genres), calibrated, info.genres)


def main() -> None:
    model, info = networks.load(MODEL)
    features = store.read(FEATURES)
    split = tables.read(SPLITS).set_index("clip_id").split
    predictions = evaluate(model.predict_on_batch, info, features, split)
    figures = summary(predictions)
    tables.write(PREDICTIONS, predictions.table())
    per_genre = pd.DataFrame(figures["per_genre"]).T.rename_axis("genre").reset_index().astype({"n_clips": int})
    # The page of `dvc plots` says what each revision was run on; it knows these columns alone.
    tables.write(PER_GENRE, per_genre.assign(dataset=info.dataset, protocol=info.protocol))
    files.write_json(METRICS, {"dataset": info.dataset, "protocol": info.protocol, **figures})
    log.info(
        "%s, %s split: test accuracy %.1f %% (95 %% interval %.1f to %.1f) on %d clips",
        info.dataset, info.protocol,
        *(100 * figures[key] for key in ("accuracy", "accuracy_low", "accuracy_high")), figures["n_clips"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

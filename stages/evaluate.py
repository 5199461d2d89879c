"""Evaluate the model on the test part: models/model.keras -> metrics/evaluate.json, plots/*.csv.

python -m stages.evaluate
"""

import logging

import pandas as pd

from genre import console, files, paths
from genre.features import store
from genre.features.segments import Network
from genre.features.store import Features
from genre.model import networks
from genre.model.calibration import calibrate
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions, predict_clips
from genre.model.scores import summary

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
    model, info = networks.load(paths.MODEL)
    features = store.read(paths.FEATURES)
    split = files.read_table(paths.SPLITS).set_index("clip_id").split
    predictions = evaluate(model.predict_on_batch, info, features, split)
    figures = summary(predictions)
    files.write_table(paths.PREDICTIONS, predictions.table())
    per_genre = pd.DataFrame(figures["per_genre"]).T.rename_axis("genre").reset_index().astype({"n_clips": int})
    # The page of `dvc plots` says what each revision was run on; it knows these columns alone.
    files.write_table(paths.PER_GENRE, per_genre.assign(dataset=info.dataset, protocol=info.protocol))
    files.write_json(paths.METRICS / "evaluate.json", {"dataset": info.dataset, "protocol": info.protocol, **figures})
    log.info(
        "%s, %s split: test accuracy %.1f %% (95 %% interval %.1f to %.1f) on %d clips",
        info.dataset, info.protocol,
        *(100 * figures[key] for key in ("accuracy", "accuracy_low", "accuracy_high")), figures["n_clips"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

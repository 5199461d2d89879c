"""Evaluate the model on the test set: models/model.keras -> metrics/evaluate.json, plots/*.csv.

python -m stages.evaluate
"""

import logging

import pandas as pd

from genre import console, files, paths
from genre.features import store
from genre.features.segments import Network
from genre.features.store import Features
from genre.model import networks
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions, predict_calibrated
from genre.model.scores import summary

log = logging.getLogger(__name__)


def evaluate(network: Network, info: ModelInfo, features: Features, split: pd.Series) -> Predictions:
    """A network's calibrated predictions for the test set."""
    rows = features.rows(split, "test")
    probabilities = predict_calibrated(network, info, features, rows)
    return Predictions(
        features.clips.index[rows].to_numpy(str), features.labels(rows, info.genres), probabilities, info.genres
    )


def main() -> None:
    model, info = networks.load(paths.MODEL)
    features = store.read(paths.FEATURES)
    split = files.read_table(paths.SPLITS).set_index("clip_id").split
    predictions = evaluate(model.predict_on_batch, info, features, split)
    scores = summary(predictions)
    files.write_table(paths.PREDICTIONS, predictions.table())
    data = {"dataset": info.dataset, "source": info.source, "protocol": info.protocol}
    per_genre = pd.DataFrame(scores["per_genre"]).T.rename_axis("genre").reset_index().astype({"n_clips": int})
    # The page of `dvc plots` names the dataset of each revision, and this table is its only source for that.
    files.write_table(paths.PER_GENRE, per_genre.assign(**data))
    files.write_json(paths.METRICS / "evaluate.json", data | scores)
    log.info(
        "%s, %s split: test accuracy %.1f %% (95 %% interval %.1f to %.1f; majority-class baseline %.1f) on %d clips, "
        "macro F1 %.2f",
        info.dataset, info.protocol,
        *(100 * scores[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "majority_accuracy")),
        scores["n_clips"], scores["macro_f1"],
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main, about=__doc__)

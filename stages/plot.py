"""Draw the run: metrics/, plots/, data/features/ and models/model.keras -> plots/*.png.

    python -m stages.plot

Curves, confusion matrix, F1 per genre, a spectrogram per genre, the most confident mistakes, and the architecture.
Equal inputs give equal bytes. TensorFlow is not imported.
"""

import logging
from pathlib import Path

import pandas as pd

from genre import console, files, paths
from genre.errors import DataError
from genre.features import store
from genre.model import model_file
from genre.model.predictions import Predictions
from genre.report.charts.curves import curves
from genre.report.charts.genres import confusion, f1
from genre.report.charts.network import network
from genre.report.charts.spectrograms import mistakes, spectrograms
from genre.report.charts.style import Data, save
from genre.report.plots_page import plots_page

log = logging.getLogger(__name__)


def read_curves(folder: Path) -> pd.DataFrame:
    """Read dvclive's logs, indexed by epoch from 1; one column per file, such as `train/loss`.

    Raises DataError if there are no curves, or if one has an epoch twice.
    """
    columns = {}
    for path in folder.rglob("*.tsv"):
        column = pd.read_csv(path, sep="\t", index_col="step").squeeze("columns")
        if not column.index.is_unique:
            raise DataError(f"{path} has an epoch twice; `dvc repro --single-item --force train` writes it again")
        columns[path.relative_to(folder).with_suffix("").as_posix()] = column
    if not columns:
        raise DataError(f"{folder} holds no curves; `dvc repro train` makes them")
    return pd.DataFrame(columns).rename(index=lambda step: step + 1)


def main() -> None:
    features = store.read(paths.FEATURES)
    predictions = Predictions.from_table(files.read_table(paths.PREDICTIONS))
    scores = files.read_json(paths.METRICS / "evaluate.json")
    data = Data(scores["dataset"], scores["source"], scores["protocol"])
    per_genre = pd.DataFrame.from_dict(scores["per_genre"], orient="index")
    training = files.read_json(paths.METRICS / "train.json")
    history = read_curves(paths.CURVES / "plots/metrics")
    pictures = {
        "curves": curves(history, data, best_epoch=training["best_epoch"], refit=training["refit"]),
        "confusion": confusion(predictions, scores, data),
        "f1": f1(per_genre, data, macro_f1=scores["macro_f1"]),
        "spectrograms": spectrograms(features, predictions, data),
        "mistakes": mistakes(features, predictions, data),
        "network": network(model_file.read_info(paths.MODEL), data),
    }
    for name, figure in pictures.items():
        save(figure, paths.PLOTS / f"{name}.png")
    files.write_text(paths.PLOTS_PAGE, plots_page())
    log.info("%d pictures and the page of `dvc plots` in %s", len(pictures), paths.PLOTS)


if __name__ == "__main__":
    console.run(main, about=__doc__)

"""Measure test accuracy over several seeds, with the pipeline's own code for splitting, training and evaluation.

    python -m benchmarks.accuracy --protocol random --seeds 0 1 2 3 4

Reads the features written by the extract stage: data/features after `dvc repro` on GTZAN, or --features. A seed sets
the split (except for the published lists of `fault_filtered`) and all randomness in training. The test set is used only
after training, and no choice depends on it. The last line of stdout is JSON.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.recipe import recipe
from genre import console, files, params, paths
from genre.dataset.splits import split
from genre.features import store
from genre.features.store import Features
from genre.model.backend import keras
from genre.model.model_file import ModelInfo
from genre.model.networks import NETWORKS
from genre.model.predictions import Predictions
from genre.model.scores import expected_calibration_error, summary
from genre.params import SplitParams, TrainParams
from genre.report.charts.genres import confusion
from genre.report.charts.style import Data, save
from genre.training.loop import train
from stages.evaluate import evaluate

BRANCHES = ("contrast", "convolution")  # of `two_branch`
PROTOCOLS = ("random", "artist", "fault_filtered")


@dataclass(frozen=True)
class Run:
    """The result of one seed; accuracies are fractions of the test clips, 0..1."""

    accuracy: float
    accuracy_without_refit: float | None  # None if the recipe does not refit
    val_accuracy: float
    calibration_error: float
    n_test: int
    parameters: int
    train_seconds: float
    best_epoch: int
    branches: dict[str, float]  # accuracy of each branch alone
    predictions: Predictions
    model: keras.Model
    info: ModelInfo
    parts: pd.Series  # train, validation or test; indexed by clip_id


def run(features: Features, parts: pd.Series, train_params: TrainParams, *, protocol: str) -> Run:
    """Train once on the `train` and `validation` clips of `parts`, and evaluate on its `test` clips."""
    trained = train(features, parts, train_params)
    info = trained.info(features, train_params, protocol=protocol)

    def predict(network: keras.Model) -> Predictions:
        return evaluate(network.predict_on_batch, info, features, parts)

    predictions = predict(trained.model)
    branches = BRANCHES if train_params.architecture == "two_branch" else ()
    return Run(
        accuracy=accuracy(predictions),
        accuracy_without_refit=accuracy(predict(trained.selected)) if trained.selected is not None else None,
        val_accuracy=trained.val_accuracy,
        calibration_error=expected_calibration_error(predictions),
        n_test=len(predictions.labels),
        parameters=trained.model.count_params(),
        train_seconds=trained.seconds,
        best_epoch=trained.best_epoch,
        branches={name: accuracy(predict(branch(trained.model, name))) for name in branches},
        predictions=predictions,
        model=trained.model,
        info=info,
        parts=parts,
    )


def branch(model: keras.Model, name: str) -> keras.Model:
    """One branch of a trained `two_branch`; it has its own loss, so it learned the same as it would have alone."""
    return keras.Model(model.input, model.get_layer(f"{name}_genres").output, name=name)


def split_clips(features: Features, split_params: SplitParams) -> pd.Series:
    """`train`, `validation` or `test` by clip_id, as assigned by the split stage."""
    return split(features.clips, split_params).split


def accuracy(predictions: Predictions) -> float:
    """The fraction of clips whose predicted genre is correct, 0..1."""
    return float((predictions.predicted == predictions.labels).mean())


def half_interval(values: Sequence[float]) -> float:
    """Half-width of the 95 % confidence interval of the mean of two or more values (Student's t)."""
    return float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def over_seeds(name: str, values: Sequence[float]) -> dict[str, Any]:
    """The values under the key `name`, their mean and standard deviation, and the mean's 95 % confidence interval."""
    mean = float(np.mean(values))
    half, sd = (half_interval(values), float(np.std(values, ddof=1))) if len(values) > 1 else (None, None)
    return {
        name: [round(value, 4) for value in values],
        f"{name}_mean": round(mean, 4),
        f"{name}_sd": None if sd is None else round(sd, 4),
        f"{name}_interval": None if half is None else [round(mean - half, 4), round(mean + half, 4)],
    }


def report(runs: Sequence[Run]) -> dict[str, Any]:
    """The results of all seeds, for JSON."""
    selected = [result.accuracy_without_refit for result in runs if result.accuracy_without_refit is not None]
    return {
        **over_seeds("accuracy", [result.accuracy for result in runs]),
        **(over_seeds("accuracy_without_refit", selected) if selected else {}),
        "val_accuracy": [round(result.val_accuracy, 4) for result in runs],
        "calibration_error": [round(result.calibration_error, 4) for result in runs],
        "best_epoch": [result.best_epoch for result in runs],
        "n_test": runs[0].n_test,
        "parameters": runs[0].parameters,
        "train_seconds_mean": round(float(np.mean([result.train_seconds for result in runs])), 1),
        "branches": {name: [round(result.branches[name], 4) for result in runs] for name in runs[0].branches},
    }


def recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the features and change the recipe."""
    parser.add_argument("--features", type=Path, default=paths.FEATURES, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--architecture", choices=sorted(NETWORKS), help="default: two_branch")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="e.g. train.augment.gain=0")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    recipe_arguments(parser)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="random", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="write every test clip's probabilities")
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the first seed's confusion matrix")
    arguments = parser.parse_args()

    defaults = params.load()
    chosen = recipe(
        defaults.train, architecture=arguments.architecture, epochs=arguments.epochs, overrides=arguments.set
    )
    features = store.read(arguments.features)
    runs = []
    for seed in arguments.seeds:
        split_params = defaults.split.model_copy(update={"protocol": arguments.protocol, "seed": seed})
        parts = split_clips(features, split_params)
        result = run(features, parts, chosen.model_copy(update={"seed": seed}), protocol=arguments.protocol)
        runs.append(result)
        numbers = {key: value for key, value in vars(result).items() if isinstance(value, (int, float))}
        print(f"seed {seed}: {json.dumps(numbers)}", flush=True)
    if arguments.predictions:
        by_seed = [r.predictions.table().assign(seed=seed) for seed, r in zip(arguments.seeds, runs, strict=True)]
        files.write_table(arguments.predictions, pd.concat(by_seed))
    if arguments.confusion:
        first = runs[0].predictions
        data = Data(features.dataset["name"], features.dataset.get("source", ""), arguments.protocol)
        save(confusion(first, summary(first), data), arguments.confusion)
    facts = {
        "protocol": arguments.protocol,
        "architecture": chosen.architecture,
        "dataset": features.dataset["name"],
        "seeds": arguments.seeds,
    }
    print(json.dumps(facts | report(runs)))


if __name__ == "__main__":
    console.run(main)

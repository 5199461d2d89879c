"""Test accuracy on real GTZAN log-mel spectrograms, over seeds, with the pipeline's own split, train and evaluate code.

    python -m benchmarks.accuracy --logmel NPZ --tracks CSV --protocol random --seeds 0 1 2 3 4

NPZ holds `logmel` (uint8 [clips, n_mels, frames], 12.9 frames a second) and `clip_id`; CSV is a catalogue such as
genre/gtzan.csv. A seed sets the split (but for the published lists of `fault_filtered`) and everything random in
training. A test part is looked at after training alone, and nothing is chosen by it. The last line of stdout is JSON.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import yaml
from pydantic import ValidationError

from genre import console, files, params
from genre.dataset import catalogue
from genre.dataset.splits import split
from genre.errors import ParamsError, UserError
from genre.features import store
from genre.features.settings import FeatureSettings
from genre.features.store import Features
from genre.model.model_file import ModelInfo
from genre.model.networks import KINDS, NETWORKS, without
from genre.model.predictions import Predictions
from genre.model.scores import expected_calibration_error, summary
from genre.params import SplitParams, TrainParams
from genre.report.charts.confusion import confusion
from genre.report.charts.style import Source, save
from genre.training.loop import train
from stages.evaluate import evaluate

STARTING_POINT = Path(__file__).resolve().parent.parent / "starting_point.txt"


@dataclass(frozen=True)
class Run:
    """What one seed gave."""

    accuracy: float  # on the test part, 0..1
    val_accuracy: float
    calibration_error: float
    n_test: int
    parameters: int
    train_seconds: float
    best_epoch: int
    without: dict[str, float]  # accuracy of a committee less some of its members, by their kind
    predictions: Predictions
    model: keras.Model
    info: ModelInfo
    parts: pd.Series  # train, validation or test, by clip_id


def read_features(logmel: Path, catalogue: pd.DataFrame) -> Features:
    """The spectrograms of an npz file as the pipeline's features, in memory."""
    with np.load(logmel) as archive:
        levels, clip_ids = archive["logmel"], archive["clip_id"]
    unknown = set(clip_ids) - set(catalogue.index)
    if unknown:
        raise UserError(f"{logmel}: {len(unknown)} clips are not in the catalogue, such as {min(unknown)}")
    clips = catalogue.loc[clip_ids, ["genre", "artist", "sha256"]].reset_index()
    settings = FeatureSettings(
        sample_rate=22050,
        n_fft=2048,
        hop_length=1708,
        n_mels=levels.shape[1],
        seconds=31.0,  # the pipeline's default: the spectrograms hold whole clips
        min_seconds=1.0,
        scale="db",
    )
    spectrograms = list(levels.transpose(0, 2, 1))  # each (frames, n_mels)
    return store.from_arrays(spectrograms, clips, settings=settings, dataset={"name": "GTZAN"})


def accuracy(predictions: Predictions) -> float:
    """The share of clips, 0..1, whose genre was found."""
    return float((predictions.predicted == predictions.labels).mean())


def run(features: Features, fault_filtered: pd.Series, split_params: SplitParams, train_params: TrainParams) -> Run:
    """Split, train and evaluate once."""
    parts = split(features.clips, split_params, fault_filtered=fault_filtered).split
    trained = train(features, parts, train_params)
    info = trained.info(features, train_params, protocol=split_params.protocol)
    predictions = evaluate(trained.model.predict_on_batch, info, features, parts)
    kinds = KINDS if train_params.architecture == "committee" else ()
    rest = {kind: without(trained.model, kind).predict_on_batch for kind in kinds}
    return Run(
        accuracy=accuracy(predictions),
        val_accuracy=trained.history[trained.best_epoch - 1].val_accuracy,
        calibration_error=expected_calibration_error(predictions),
        n_test=len(predictions.labels),
        parameters=trained.model.count_params(),
        train_seconds=trained.seconds,
        best_epoch=trained.best_epoch,
        without={kind: accuracy(evaluate(network, info, features, parts)) for kind, network in rest.items()},
        predictions=predictions,
        model=trained.model,
        info=info,
        parts=parts,
    )


def train_params(
    chosen: TrainParams, *, architecture: str | None, epochs: int | None, overrides: list[str]
) -> TrainParams:
    """The default recipe, or the starting point's with its architecture, with what the command line changes.

    ParamsError where a change names no parameter of `train`, or a value that it cannot have.
    """
    changes = starting_point() if architecture == "small_alexnet" else []
    options = {"architecture": architecture, "epochs": epochs}
    changes += [(key, value, f"--{key}") for key, value in options.items() if value is not None]
    for override in overrides:
        key, _, text = override.partition("=")
        try:
            changes.append((key, json.loads(text), f"--set {override}"))
        except ValueError:
            changes.append((key, text, f"--set {override}"))
    values, said = chosen.model_dump(), {}
    for key, value, origin in changes:
        *sections, last = key.removeprefix("train.").split(".")
        place: Any = values
        for section in sections:
            place = place.get(section) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            raise ParamsError(f"{origin}: {key} is not a parameter of params.yaml's `train`")
        place[last] = value
        said[(*sections, last)] = origin
    try:
        return TrainParams.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ParamsError(f"{said.get(first['loc'], first['loc'])}: {first['msg']}") from None


def starting_point() -> list[tuple[str, Any, str]]:
    """The starting point's own recipe, for whole clips: keys under `train`, values, and where each is from."""
    lines = STARTING_POINT.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=") for line in lines if line.startswith("train.")]
    recipe = [(key, yaml.safe_load(text), STARTING_POINT.name) for key, text in pairs]
    return [*recipe, ("train.segment_seconds", 30.0, "benchmarks.accuracy")]  # all of a clip: 388 frames and fewer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--tracks", type=Path, required=True, metavar="CSV")
    parser.add_argument("--protocol", choices=["random", "artist", "fault_filtered"], default="random")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--architecture", choices=sorted(NETWORKS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in train.augment.mixup=0")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="write every test clip's probabilities")
    parser.add_argument("--confusion", type=Path, metavar="PNG", help="draw the first seed's confusion matrix")
    arguments = parser.parse_args()

    defaults = params.load()
    tracks = catalogue.load(arguments.tracks)
    features = read_features(arguments.logmel, tracks)
    recipe = train_params(
        defaults.train, architecture=arguments.architecture, epochs=arguments.epochs, overrides=arguments.set
    )
    runs = []
    for seed in arguments.seeds:
        split_params = defaults.split.model_copy(update={"protocol": arguments.protocol, "seed": seed})
        result = run(features, tracks.fault_filtered_split, split_params, recipe.model_copy(update={"seed": seed}))
        runs.append(result)
        figures = {key: value for key, value in vars(result).items() if isinstance(value, (int, float))}
        print(f"seed {seed}: {json.dumps(figures)}", flush=True)
    if arguments.predictions:
        by_seed = [r.predictions.table().assign(seed=seed) for seed, r in zip(arguments.seeds, runs, strict=True)]
        files.write_table(arguments.predictions, pd.concat(by_seed))
    if arguments.confusion:
        first = runs[0].predictions
        figure = confusion(first, summary(first), Source(features.dataset_label, arguments.protocol))
        save(figure, arguments.confusion)
    accuracies = [result.accuracy for result in runs]
    print(
        json.dumps(
            {
                "protocol": arguments.protocol,
                "architecture": recipe.architecture,
                "seeds": arguments.seeds,
                "accuracy": [round(value, 4) for value in accuracies],
                "accuracy_mean": round(float(np.mean(accuracies)), 4),
                "accuracy_sd": round(float(np.std(accuracies, ddof=1)), 4) if len(runs) > 1 else None,
                "val_accuracy": [round(result.val_accuracy, 4) for result in runs],
                "calibration_error": [round(result.calibration_error, 4) for result in runs],
                "n_test": runs[0].n_test,
                "parameters": runs[0].parameters,
                "train_seconds_mean": round(float(np.mean([result.train_seconds for result in runs])), 1),
                "without": {kind: [round(result.without[kind], 4) for result in runs] for kind in runs[0].without},
            }
        )
    )


if __name__ == "__main__":
    console.run(main)

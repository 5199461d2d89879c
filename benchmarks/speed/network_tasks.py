"""What is measured of training and evaluation; times are in seconds and leave out this process's imports."""

import time
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from benchmarks.accuracy import read_features, train_params
from benchmarks.speed.data_tasks import timed
from genre import params
from genre.dataset import catalogue, splits
from genre.features import store
from genre.features.store import Features
from genre.model import networks
from genre.model.model_file import ModelInfo
from genre.model.networks import InputShape
from genre.params import TrainParams
from genre.training import loop
from genre.training.batches import SegmentBatches
from genre.training.checkpoint import EpochScores
from stages import evaluate as stage

ACCURACY = 0.6333  # the starting point's, on its random split


class Reached(Exception):
    """The accuracy that was waited for: training need not go on."""


def random_split(features: Features) -> pd.Series:
    """`train`, `validation` or `test` by clip_id, by the random protocol with the default fractions and seed."""
    chosen = params.load().split.model_copy(update={"protocol": "random"})
    return splits.split(features.clips, chosen, fault_filtered=pd.Series(dtype=str)).split


def recipe(architecture: str | None, **changes: Any) -> TrainParams:
    """The default recipe, or that of another architecture, with some changes."""
    chosen = train_params(params.load().train, architecture=architecture, epochs=None, overrides=[])
    return chosen.model_copy(update=changes)


def time_epochs(features: Features, chosen: TrainParams, *, compare: bool = False) -> list[tuple[float, float]]:
    """Seconds of every epoch but the first, which compiles, without validation; per training clip.

    With `compare` each is followed by a bare loop of as many steps on one ready batch, whose time per clip is the
    second figure. What training reports is of no use then: the loop changes the weights.
    """
    parts = random_split(features)
    n_train = int((parts == "train").sum())
    found, ready = [], []

    class Kept(SegmentBatches):
        def batch(self, epoch: int, step: int) -> tuple:
            ready[:] = ready or [super().batch(0, 0)]
            return super().batch(epoch, step)

    class Timed(loop.Progress):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            self.begin = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            whole = (time.perf_counter() - self.begin) / n_train
            bare = bare_loop(self.model, ready[0], steps=self.params["steps"]) if compare else 0.0
            if epoch > 0:
                found.append((whole, bare))
            super().on_epoch_end(epoch, logs)

    with mock.patch.multiple(loop, Progress=Timed, SegmentBatches=Kept):
        loop.train(features, parts, chosen)
    return found


def bare_loop(model: Any, batch: tuple, *, steps: int) -> float:
    """Seconds per clip of training steps of a model that has been trained already, always on the same batch."""
    import tensorflow as tf

    ready = iter(tf.data.Dataset.from_tensors(batch).repeat())

    def loop() -> None:
        for _ in range(steps):
            logs = model.train_function(ready)
        float(logs["loss"])  # waits for the last step

    return timed(loop) / (steps * len(batch[0]))


def epoch(*, features: str, architecture: str | None = None) -> float:
    """A training epoch, per training clip."""
    return time_epochs(store.read(Path(features)), recipe(architecture, epochs=2))[-1][0]


def steady(*, logmel: str, tracks: str, repeats: int) -> list[list[float]]:
    """Clips a second in an epoch and in the bare loop after it."""
    features = read_features(Path(logmel), catalogue.load(Path(tracks)))
    pairs = time_epochs(features, recipe(None, epochs=repeats + 1), compare=True)
    return [[1 / whole, 1 / bare] for whole, bare in pairs]


def reach(*, logmel: str, tracks: str, architecture: str | None = None, seed: int = 0) -> float | None:
    """Time from the call of `train` to the epoch that has ACCURACY on the validation part; None where none has."""
    features = read_features(Path(logmel), catalogue.load(Path(tracks)))
    begin = time.perf_counter()

    def report(scores: EpochScores) -> None:
        if scores.val_accuracy >= ACCURACY:
            raise Reached

    try:
        loop.train(features, random_split(features), recipe(architecture, seed=seed), report=report)
    except Reached:
        return time.perf_counter() - begin
    return None


def evaluate(*, features: str) -> float:
    """A second evaluation with a new network of the default architecture, per test clip; the first one compiles."""
    data, chosen = store.read(Path(features)), params.load().train
    genres = sorted(data.clips.genre.unique())
    frames = data.settings.segment_frames(chosen.segment_seconds)
    model = networks.NETWORKS[chosen.architecture](InputShape(frames, data.settings.n_mels, len(genres)))
    network = networks.answer_alone(model).predict_on_batch
    info = ModelInfo(
        genres, data.settings, frames, chosen.test_segments,
        temperature=1.0, architecture=chosen.architecture, dataset="", protocol="", layers=[],
    )  # fmt: skip
    parts = random_split(data)
    stage.evaluate(network, info, data, parts)
    return timed(lambda: stage.evaluate(network, info, data, parts)) / int((parts == "test").sum())

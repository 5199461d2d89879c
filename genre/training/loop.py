"""Training: a split in, a trained network out."""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from genre.errors import ParamsError
from genre.features.store import Features
from genre.model.backend import keras
from genre.model.calibration import fit_temperature
from genre.model.layer_summary import summarise_layers
from genre.model.model_file import ModelInfo
from genre.model.networks import inference_model
from genre.model.predictions import predict_clips
from genre.params import TrainParams
from genre.training import device
from genre.training.checkpoint import Checkpoint, EpochScores
from genre.training.setup import check, get_state, new_network, prepare, set_state


@dataclass(frozen=True)
class Trained:
    """A trained network and how it got there; networks compute in float32, whatever they were trained in."""

    model: keras.Model  # with `refit`, trained on the train and validation parts; else on the train part, as below
    selected: keras.Model | None  # with `refit`, trained on the train part alone, as at its best validated epoch
    genres: list[str]  # in the order of the outputs
    segment_frames: int
    history: list[EpochScores]  # of the training on the train part
    best_epoch: int  # of the same; 1 is the first
    val_loss: float  # mean cross-entropy in nats on the validation part, uncalibrated, of the network without refit
    val_accuracy: float  # of the same, 0..1
    temperature: float  # that calibrates a clip's probabilities, fitted on the validation part to the same
    n_clips: int  # that `model` was trained on
    seconds: float  # of wall-clock time of the epochs of this process, validation and checkpoints included

    def info(self, features: Features, params: TrainParams, *, protocol: str) -> ModelInfo:
        """What prediction needs beside the weights, of a network trained on these features with these parameters."""
        return ModelInfo(
            genres=self.genres,
            settings=features.settings,
            segment_frames=self.segment_frames,
            test_segments=params.test_segments,
            temperature=self.temperature,
            architecture=params.architecture,
            dataset=features.dataset["name"],
            protocol=protocol,
            layers=summarise_layers(self.model),
            clip_seconds=float(features.clips.n_frames.median()) / features.settings.frames_per_second,
            source=features.dataset.get("source", ""),
        )


def train(
    features: Features,
    split: pd.Series,
    params: TrainParams,
    *,
    report: Callable[[EpochScores], None] = lambda scores: None,
    save: Callable[[Checkpoint], None] | None = None,
    resumed: Checkpoint | None = None,
) -> Trained:
    """Train a network on the `train` part, validated on the `validation` part; `test` is not touched.

    With `params.refit`, a second network is trained on both parts, for all epochs of the schedule; nothing is chosen.

    Parameters
    ----------
    features : Features
    split : pd.Series
        `train`, `validation` or `test` by clip_id.
    params : TrainParams
    report : callable
        Called with the scores of every epoch of the first training as soon as it has ended; those of resumed epochs
        come first.
    save : callable, optional
        Called with a checkpoint after every epoch of either training.
    resumed : Checkpoint, optional
        Of the same run: it resumes after its last epoch, and ends as if it had never been interrupted.

    Returns
    -------
    Trained

    Raises
    ------
    ParamsError
        Where parameters do not go together, or the loss is no longer finite.
    """
    check(features, params)
    genres = sorted(features.clips.genre.loc[split.index].unique())
    rows = {part: features.rows(split, part) for part in ("train", "validation")}
    labels = features.labels(rows["validation"], genres)
    progress = resumed or Checkpoint([], 0, [], [])
    begin = time.perf_counter()
    with device.prepared(params.precision), _progress_bar(params, progress) as bar:
        run = _Run(features, params, genres, rows, bar=bar, report=report, save=save, progress=progress)
        for scores in progress.history:
            report(scores)
        run.train_validated()
        final = run.train_on_both() if params.refit else run.progress.best_weights
    seconds = time.perf_counter() - begin

    def network(weights: list[np.ndarray]) -> keras.Model:
        made = inference_model(new_network(features, params, genres))
        made.set_weights(weights)
        return made

    validated = network(run.progress.best_weights)
    probabilities = run.predict_validation(validated)
    val_loss, val_accuracy = clip_scores(probabilities, labels)
    return Trained(
        model=network(final) if params.refit else validated,
        selected=validated if params.refit else None,
        genres=genres,
        segment_frames=features.segment_frames(params.segment_seconds),
        history=run.progress.history,
        best_epoch=run.progress.best_epoch,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        temperature=fit_temperature(probabilities, labels),
        n_clips=len(rows["train"]) + (len(rows["validation"]) if params.refit else 0),
        seconds=seconds,
    )


def _progress_bar(params: TrainParams, progress: Checkpoint) -> tqdm:
    total = params.epochs * (2 if params.refit else 1)
    done = len(progress.history) + progress.refit_epochs
    return tqdm(total=total, initial=done, desc="train", unit="epoch", mininterval=1)


@dataclass
class _Run:
    """The trainings of one call of `train`, and how far they are."""

    features: Features
    params: TrainParams
    genres: list[str]
    rows: dict[str, np.ndarray]  # of the train and the validation part
    bar: tqdm
    report: Callable[[EpochScores], None]
    save: Callable[[Checkpoint], None] | None
    progress: Checkpoint

    def train_validated(self) -> None:
        """The first training: on the train part, validated clip by clip after each epoch."""
        if len(self.progress.history) == self.params.epochs:
            return
        model, batches = prepare(self.features, self.rows["train"], self.params, genres=self.genres)
        network = inference_model(model)
        network.jit_compile = model.jit_compile
        labels = self.features.labels(self.rows["validation"], self.genres)

        def ended(epoch: int, logs: dict[str, Any]) -> None:
            accuracy = logs["accuracy" if "accuracy" in logs else "genres_accuracy"]  # the latter for several outputs
            rate = keras.ops.convert_to_numpy(model.optimizer.learning_rate)
            validation = clip_scores(self.predict_validation(network), labels)
            scores = EpochScores(float(logs["loss"]), float(accuracy), *validation, float(rate))
            history = [*self.progress.history, scores]
            best = self.progress.best_epoch
            if not best or scores.rank(self.params.select) > history[best - 1].rank(self.params.select):
                self.progress = replace(self.progress, best_epoch=epoch + 1, best_weights=network.get_weights())
            self.progress = replace(self.progress, history=history)
            self._checkpoint(model)
            self.bar.set_postfix_str(f"loss {scores.loss:.3f}, validation {scores.val_accuracy:.1%}", refresh=False)
            self.report(scores)

        self._fit(model, batches, first=len(self.progress.history), ended=ended)

    def train_on_both(self) -> list[np.ndarray]:
        """The second training: on the train and validation parts; the weights at its end."""
        rows = np.concatenate([self.rows["train"], self.rows["validation"]])
        model, batches = prepare(self.features, rows, self.params, genres=self.genres)

        def ended(epoch: int, logs: dict[str, Any]) -> None:
            self.progress = replace(self.progress, refit_epochs=epoch + 1)
            self._checkpoint(model)
            self.bar.set_postfix_str(f"loss {logs['loss']:.3f}, on the validation part too", refresh=False)

        self._fit(model, batches, first=self.progress.refit_epochs, ended=ended)
        return inference_model(model).get_weights()

    def predict_validation(self, network: keras.Model) -> np.ndarray:
        """Probabilities of the clips of the validation part [shape=(n, n_genres)]."""

        def predict(segments: np.ndarray) -> np.ndarray:
            spare = -len(segments) % device.n_used()  # every device takes an equal part
            padded = np.pad(segments, ((0, spare), (0, 0), (0, 0))) if spare else segments
            return np.asarray(network.predict_on_batch(padded))[: len(segments)]

        return predict_clips(
            predict,
            self.features,
            self.rows["validation"],
            segment_frames=self.features.segment_frames(self.params.segment_seconds),
            test_segments=self.params.test_segments,
            clips_per_batch=128 if device.gpus() else 8,
        )

    def _fit(
        self, model: keras.Model, batches: Any, *, first: int, ended: Callable[[int, dict[str, Any]], None]
    ) -> None:
        """Train from epoch `first`, counted from 0, to the last one, after which comes `ended` each time."""
        if first:
            set_state(model, self.progress.state)
        # Not `fit`: it feeds a network through tf.data's generators, which have glibc return memory to the system after
        # every operation.
        with closing(batches.from_epoch(first)) as stream:
            for epoch in range(first, self.params.epochs):
                steps = [
                    model.train_on_batch(segments, labels, return_dict=True)
                    for segments, labels in islice(stream, batches.steps)
                ]
                # Keras gives each batch's own metrics, and all batches have one size.
                logs = {name: float(np.mean([step[name] for step in steps])) for name in steps[0]}
                if not math.isfinite(logs["loss"]):
                    raise ParamsError(
                        f"the loss became {logs['loss']} in epoch {epoch + 1}: lower train.learning_rate, or check the "
                        "data"
                    )
                ended(epoch, logs)
                self.bar.update()

    def _checkpoint(self, model: keras.Model) -> None:
        if self.save:
            self.progress = replace(self.progress, state=get_state(model))
            self.save(self.progress)


def clip_scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and accuracy 0..1.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, n_genres)]
        Of clips, 0..1.
    labels : np.ndarray [shape=(n,), dtype=int]
        Index of the true genre.
    """
    of_truth = probabilities[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(of_truth, 1e-7)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())

"""Training: a split in, a trained network out."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

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
from genre.training.batches import SegmentBatches
from genre.training.checkpoint import Checkpoint, EpochScores
from genre.training.setup import check, get_state, new_network, prepare, set_state


@dataclass(frozen=True)
class Trained:
    """A trained network and its training history; networks compute in float32, whatever the training precision."""

    model: keras.Model  # with `refit`, trained on training and validation sets; else as of the best epoch
    selected: keras.Model | None  # with `refit`, the network of the best epoch on the training set alone
    genres: list[str]  # in the order of the outputs
    history: list[EpochScores]  # of the training on the training set alone
    best_epoch: int  # of the same training, counted from 1
    val_loss: float  # mean cross-entropy in nats on the validation set, uncalibrated, of the network before refit
    val_accuracy: float  # of the same predictions, 0..1
    temperature: float  # calibrates a clip's probabilities; fitted to the same predictions
    n_clips: int  # that `model` was trained on
    seconds: float  # wall-clock time of this process's epochs, including validation and checkpoints

    def info(self, features: Features, params: TrainParams, *, protocol: str) -> ModelInfo:
        """All that prediction needs besides the weights; features and parameters as in training."""
        return ModelInfo(
            genres=self.genres,
            settings=features.settings,
            segment_frames=features.segment_frames(params.segment_seconds),
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
    """Train a network on the `train` part of a split and validate it on the `validation` part; `test` is not used.

    With `params.refit`, a second network is trained on both parts for the full schedule, without selecting an epoch.

    `split` maps clip_id to part. `report` is called with the scores of each epoch of the first training as soon as it
    ends, starting with those of the resumed epochs, and `save` with a checkpoint after every epoch of either training.
    A run `resumed` from one of its checkpoints ends as if it had never been interrupted.

    Raises ParamsError if the parameters do not suit the features, or the loss is no longer finite.
    """
    check(features, params)
    genres = sorted(features.clips.genre.loc[split.index].unique())
    train_rows, validation_rows = features.rows(split, "train"), features.rows(split, "validation")
    both = np.concatenate([train_rows, validation_rows])
    labels = features.labels(validation_rows, genres)

    def predict_validation(network: keras.Model) -> np.ndarray:
        """Probabilities of the validation clips [shape=(n, n_genres)]."""

        def predict(segments: np.ndarray) -> np.ndarray:
            padding = -len(segments) % device.n_devices()  # every device gets an equal part
            padded = np.pad(segments, ((0, padding), (0, 0), (0, 0)))
            return np.asarray(network.predict_on_batch(padded))[: len(segments)]

        return predict_clips(
            predict,
            features,
            validation_rows,
            segment_frames=features.segment_frames(params.segment_seconds),
            test_segments=params.test_segments,
            clips_per_batch=128 if device.gpus() else 8,
        )

    def with_weights(weights: Sequence[np.ndarray]) -> keras.Model:
        network = inference_model(new_network(features, params, genres))
        network.set_weights(weights)
        return network

    progress = resumed or Checkpoint()
    total, done = params.epochs * (2 if params.refit else 1), len(progress.history) + progress.refit_epochs
    start = time.perf_counter()
    with (
        device.prepared(params.precision),
        tqdm(total=total, initial=done, desc="train", unit="epoch", mininterval=1) as bar,
    ):
        for scores in progress.history:
            report(scores)
        if len(progress.history) < params.epochs:
            model, batches = prepare(features, train_rows, params, genres=genres)
            network = inference_model(model)
            network.jit_compile = model.jit_compile
            for logs in _epochs(model, batches, progress.state, first=len(progress.history)):
                accuracy = logs["genres_accuracy" if len(model.outputs) > 1 else "accuracy"]
                rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
                scores = EpochScores(logs["loss"], accuracy, *clip_scores(predict_validation(network), labels), rate)
                history = [*progress.history, scores]
                best = progress.best_epoch
                if not best or scores.rank(params.select) > history[best - 1].rank(params.select):
                    progress = replace(progress, best_epoch=len(history), best_weights=network.get_weights())
                progress = replace(progress, history=history)
                if save:
                    progress = replace(progress, state=get_state(model))
                    save(progress)
                bar.set_postfix_str(f"loss {scores.loss:.3f}, validation {scores.val_accuracy:.1%}", refresh=False)
                report(scores)
                bar.update()
        if params.refit:
            model, batches = prepare(features, both, params, genres=genres)
            for logs in _epochs(model, batches, progress.state, first=progress.refit_epochs):
                progress = replace(progress, refit_epochs=progress.refit_epochs + 1)
                if save:
                    progress = replace(progress, state=get_state(model))
                    save(progress)
                bar.set_postfix_str(f"refit, loss {logs['loss']:.3f}", refresh=False)
                bar.update()
            refitted = inference_model(model).get_weights()
    seconds = time.perf_counter() - start

    validated = with_weights(progress.best_weights)
    final = with_weights(refitted) if params.refit else validated
    probabilities = predict_validation(validated)
    # A step's loss precedes its update, so that no loss shows whether the last update diverged.
    outcomes = [probabilities, predict_validation(final)] if params.refit else [probabilities]
    if not all(np.isfinite(found).all() for found in outcomes):
        raise ParamsError(
            "the trained network's predictions are not finite: lower train.learning_rate, or check the data"
        )
    val_loss, val_accuracy = clip_scores(probabilities, labels)
    return Trained(
        model=final,
        selected=validated if params.refit else None,
        genres=genres,
        history=list(progress.history),
        best_epoch=progress.best_epoch,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        temperature=fit_temperature(probabilities, labels),
        n_clips=len(both if params.refit else train_rows),
        seconds=seconds,
    )


def _epochs(
    model: keras.Model, batches: SegmentBatches, state: Sequence[np.ndarray], *, first: int
) -> Iterator[dict[str, float]]:
    """Train from epoch `first`, counted from 0, to the last one; yield each epoch's mean metrics.

    `state` is the model's before epoch `first`; unused if this is 0.
    """
    if first:
        set_state(model, state)
    stream = batches.from_epoch(first)
    for epoch in range(first, batches.params.epochs):
        # Not `fit`: it feeds the network through tf.data generators, which make glibc return memory to the system after
        # every operation.
        steps = [
            model.train_on_batch(segments, labels, return_dict=True)
            for segments, labels in islice(stream, batches.steps)
        ]
        # Keras returns the metrics of each batch alone, and all batches have the same size.
        logs = {name: float(np.mean([step[name] for step in steps])) for name in steps[0]}
        if not math.isfinite(logs["loss"]):
            raise ParamsError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}: lower train.learning_rate, or check the data"
            )
        yield logs


def clip_scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and accuracy 0..1, of clips' probabilities (n, n_genres), given the true `labels`."""
    p_true = probabilities[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(p_true, 1e-7)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())

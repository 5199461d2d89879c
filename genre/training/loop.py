"""Training: a split in, the network with the best validated weights out."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from genre.errors import ParamsError
from genre.features.store import Features
from genre.model.calibration import fit_temperature
from genre.model.layer_summary import summarise_layers
from genre.model.masks import Masks
from genre.model.model_file import ModelInfo
from genre.model.networks import NETWORKS, InputShape, answer_alone
from genre.model.predictions import predict_clips
from genre.params import TrainParams
from genre.training import device, optimizer
from genre.training.batches import SegmentBatches
from genre.training.checkpoint import Checkpoint, EpochScores

LEAST_FRAMES = 4  # of a segment: the committee's convolutions see its quarters


@dataclass(frozen=True)
class Trained:
    """A trained network and how it got there."""

    model: keras.Model  # computes in float32, whatever it was trained in
    genres: list[str]  # in the order of its outputs
    segment_frames: int
    history: list[EpochScores]
    best_epoch: int  # 1 is the first
    temperature: float  # that calibrates a clip's probabilities, fitted on the validation part
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
            dataset=features.dataset_label,
            protocol=protocol,
            layers=summarise_layers(self.model),
            source=features.dataset.get("source", ""),
        )


class Progress(keras.callbacks.Callback):
    """Validates clip by clip after each epoch, keeps the best weights, saves a checkpoint and reports the scores."""

    def __init__(
        self,
        network: keras.Model,
        validate: Callable[[], tuple[float, float]],
        *,
        select: str,
        report: Callable[[EpochScores], None],
        save: Callable[[Checkpoint], None],
        resumed: Checkpoint | None,
    ) -> None:
        super().__init__()
        self.history = list(resumed.history) if resumed else []
        self.best_epoch = resumed.best_epoch if resumed else 0
        self.best_weights = resumed.best_weights if resumed else []
        self._network = network
        self._validate = validate
        self._select = select
        self._report = report
        self._save = save

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise ParamsError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}: lower train.learning_rate, or check the data"
            )
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        accuracy = float(logs.get("accuracy", logs.get("genres_accuracy")))  # Keras names it so for several outputs
        with averaged_weights(self.model):
            scores = EpochScores(float(logs["loss"]), accuracy, *self._validate(), rate)
            if not self.history or scores.rank(self._select) > self.history[self.best_epoch - 1].rank(self._select):
                self.best_epoch = epoch + 1
                self.best_weights = self._network.get_weights()
        self.history.append(scores)
        self._save(Checkpoint(self.history, self.best_epoch, self.best_weights, get_state(self.model)))
        self._report(scores)


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Within this block the model has the running mean of its weights, where its optimizer keeps one."""
    averaging = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # mixed_float16 wraps it
    if not averaging.use_ema:
        yield
        return
    weights = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    averaging.finalize_variable_values(model.trainable_variables)
    for variable in model.trainable_variables:  # JAX lets it share the mean's array, which it gives away in a step
        variable.assign(keras.ops.copy(variable))
    yield
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)


def get_state(model: keras.Model) -> list[np.ndarray]:
    """Every variable that training changes: weights, statistics, random generators and the optimizer's."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]


def set_state(model: keras.Model, state: list[np.ndarray]) -> None:
    """The inverse of `get_state`."""
    for variable, value in zip(_variables(model), state, strict=True):
        variable.assign(value)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def train(
    features: Features,
    split: pd.Series,
    params: TrainParams,
    *,
    report: Callable[[EpochScores], None] = lambda scores: None,
    save: Callable[[Checkpoint], None] = lambda state: None,
    resumed: Checkpoint | None = None,
) -> Trained:
    """Train a network on the `train` part and choose its epoch on the `validation` part; `test` is not touched.

    Parameters
    ----------
    features : Features
    split : pd.Series
        `train`, `validation` or `test` by clip_id.
    params : TrainParams
    report : callable
        Called with the scores of every epoch as soon as it has ended; those of resumed epochs come first.
    save : callable
        Called with a checkpoint after every epoch.
    resumed : Checkpoint, optional
        Of the same run: training goes on after its last epoch, and ends as if it had never been interrupted.

    Returns
    -------
    Trained

    Raises
    ------
    ParamsError
        Where parameters do not go together, or the loss is no longer finite.
    """
    _check(features, params)
    policy = device.prepare(params.precision, seed=params.seed)
    genres = sorted(features.clips.genre.loc[split.index].unique())
    rows = {part: features.rows(split, part) for part in ("train", "validation")}
    labels = {part: features.labels(rows[part], genres) for part in rows}
    segment_frames = features.settings.segment_frames(params.segment_seconds)
    shape = InputShape(segment_frames, features.settings.n_mels, len(genres))
    masks = Masks(params.augment.time_mask, params.augment.mel_mask)
    one_hot = np.eye(len(genres), dtype=np.float32)[labels["train"]]
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=params.label_smoothing)
    with device.sharing():
        model = NETWORKS[params.architecture](shape, masks)
        members = len(model.outputs) - 1
        batches = SegmentBatches(
            features, rows["train"], one_hot,
            params=params, segment_frames=segment_frames, n_outputs=1 + members, shares=device.shares(),
        )  # fmt: skip
        model.compile(
            optimizer=optimizer.make(params, steps=params.epochs * batches.steps),
            loss=[None] + [loss] * members if members else [loss],
            loss_weights=[None] + [1 / members] * members if members else [1.0],
            metrics=[["accuracy"]] + [[]] * members,
        )
        _make_variables(model, batches.batch(0, 0))
    network = answer_alone(model)

    def predict_validation(network: keras.Model) -> np.ndarray:
        return predict_clips(
            network.predict_on_batch,
            features,
            rows["validation"],
            segment_frames=segment_frames,
            test_segments=params.test_segments,
        )

    def validate() -> tuple[float, float]:
        return clip_scores(predict_validation(network), labels["validation"])

    done = resumed.history if resumed else []
    bar = tqdm(total=params.epochs, initial=len(done), desc="train", unit="epoch", mininterval=1)

    def show(scores: EpochScores) -> None:
        bar.set_postfix_str(f"loss {scores.loss:.3f}, validation {scores.val_accuracy:.1%}", refresh=False)
        bar.update()
        report(scores)

    for scores in done:
        report(scores)
    progress = Progress(network, validate, select=params.select, report=show, save=save, resumed=resumed)
    if resumed:
        set_state(model, resumed.state)
    begin = time.perf_counter()
    if len(done) < params.epochs:  # Keras takes no empty stream
        model.fit(
            batches.stream(len(done)), steps_per_epoch=batches.steps,
            initial_epoch=len(done), epochs=params.epochs, callbacks=[progress], shuffle=False, verbose=0,
        )  # fmt: skip
    seconds = time.perf_counter() - begin
    bar.close()
    if policy != "float32":  # the saved network runs on any machine
        keras.config.set_dtype_policy("float32")
        network = answer_alone(NETWORKS[params.architecture](shape, masks))
    network.set_weights(progress.best_weights)
    temperature = fit_temperature(predict_validation(network), labels["validation"])
    return Trained(network, genres, segment_frames, progress.history, progress.best_epoch, temperature, seconds)


def _make_variables(model: keras.Model, batch: tuple) -> None:
    """Make those of the optimizer and the metrics now; made in the first step, TensorFlow would trace that twice."""
    model.optimizer.build(model.trainable_variables)
    if keras.backend.backend() == "tensorflow" and device.shares() == 1:  # for several GPUs Keras does so itself
        model.test_step(batch)


def _check(features: Features, params: TrainParams) -> None:
    frames = features.settings.segment_frames(params.segment_seconds)
    if frames < LEAST_FRAMES:
        raise ParamsError(
            f"segments have {frames} frames, fewer than the {LEAST_FRAMES} that a network needs; raise "
            f"train.segment_seconds (at most extract.seconds counts), or lower extract.hop_length"
        )
    if features.settings.scale == "power" and params.augment.on_levels:
        raise ParamsError(
            f"extract.scale = 'power' has no levels 0..1 to augment; set to 0: "
            f"{', '.join(f'train.augment.{key}' for key in params.augment.on_levels)}"
        )


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

"""Set up a training: a compiled network with all of its variables, and its batches."""

from collections.abc import Sequence

import numpy as np

from genre.errors import ParamsError
from genre.features.store import Features
from genre.model.backend import keras
from genre.model.networks import NETWORKS
from genre.params import TrainParams
from genre.training import device, optimizer
from genre.training.batches import SegmentBatches

MIN_FRAMES = 4  # of a segment: the convolutions see quarters of it


def check(features: Features, params: TrainParams) -> None:
    """Raise ParamsError if the parameters do not suit the features."""
    frames = features.segment_frames(params.segment_seconds)
    if frames < MIN_FRAMES:
        raise ParamsError(
            f"segments have {frames} frames, fewer than the {MIN_FRAMES} that a network needs; raise "
            f"train.segment_seconds (no segment is longer than the longest clip), or lower extract.hop_length"
        )
    if features.settings.scale == "power" and params.augment.on_levels:
        raise ParamsError(
            "extract.scale = 'power' has no levels 0..1 to augment; set to 0: "
            + ", ".join(f"train.augment.{name}" for name in params.augment.on_levels)
        )


def new_network(features: Features, params: TrainParams, genres: list[str]) -> keras.Model:
    """A network for segments of these features, with new weights."""
    frames = features.segment_frames(params.segment_seconds)
    return NETWORKS[params.architecture](frames=frames, n_mels=features.settings.n_mels, n_genres=len(genres))


def prepare(
    features: Features, rows: np.ndarray, params: TrainParams, *, genres: list[str]
) -> tuple[keras.Model, SegmentBatches]:
    """A new compiled network, and the batches to train it on, from some rows of `features.clips`.

    Call this and train within `device.prepared`; `genres` are in the order of the network's outputs.
    """
    keras.utils.set_random_seed(params.seed)
    model = new_network(features, params, genres)
    n_members = model.outputs[1].shape[1] if len(model.outputs) > 1 else 0
    labels = np.eye(len(genres), dtype=np.float32)[features.labels(rows, genres)]
    batches = SegmentBatches(features, rows, labels, params, n_members=n_members, divisor=device.n_devices())
    loss = keras.losses.CategoricalCrossentropy()
    model.compile(
        optimizer=optimizer.make(params, steps=params.epochs * batches.steps),
        loss=[None, loss] if n_members else [loss],  # members have equal weights in its mean
        metrics=[["accuracy"], []] if n_members else [["accuracy"]],
        # XLA is slower on a CPU under TensorFlow; "auto" is Keras's choice.
        jit_compile=bool(device.gpus()) if keras.backend.backend() == "tensorflow" else "auto",
    )
    # If the first step created these variables, TensorFlow would trace it twice.
    model.optimizer.build(model.trainable_variables)
    if keras.backend.backend() == "tensorflow":
        model.test_step(keras.tree.map_structure(lambda array: array[:2], batches.batch(0, 0)))
    return model, batches


def get_state(model: keras.Model) -> list[np.ndarray]:
    """Every variable that training changes: weights, statistics, random generators and the optimizer's state."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]


def set_state(model: keras.Model, state: Sequence[np.ndarray]) -> None:
    """The inverse of `get_state`."""
    for variable, value in zip(_variables(model), state, strict=True):
        variable.assign(value)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]

"""The networks, by name: segments (batch, frames, n_mels) in, genre probabilities (batch, n_genres) out.

A network whose first output is an average has its members as further outputs: each is trained with a loss of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
from keras import layers

from genre import model_file
from genre.errors import DataError
from genre.model_file import ModelInfo
from genre.statistics import BandStatistics, ContrastStatistics


@dataclass(frozen=True)
class InputShape:
    """What a network is built for."""

    frames: int
    n_mels: int
    n_genres: int


def small_alexnet(shape: InputShape) -> keras.Model:
    """The AlexNet-like network that the project started from.

    Five convolutions with 8, 16, 32, 64 and 64 filters, each followed by 4x4 max-pooling, then dropout and dense
    layers of 128, 64 and n_genres units: 86,730 weights for its own input of 1249 x 128 and ten genres. The input is
    not normalised.
    """
    segment = keras.Input((shape.frames, shape.n_mels), name="segment")
    x = layers.Reshape((shape.frames, shape.n_mels, 1), name="as_image")(segment)
    for number, filters in enumerate((8, 16, 32, 64, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(4, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(128, activation="relu", name="dense1")(x)
    x = layers.Dense(64, activation="relu", name="dense2")(x)
    genres = layers.Dense(shape.n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="small_alexnet")


def contrast_committee(shape: InputShape) -> keras.Model:
    """Six small dense networks, four on contrast and two on timbre, whose probabilities are averaged.

    The members on the same statistics differ by their initial weights and dropout alone; averaging them takes out
    much of the chance that a few hundred clips leave in a single one.
    """
    segment = keras.Input((shape.frames, shape.n_mels), name="segment")
    votes = []
    for name, layer, members in (("contrast", ContrastStatistics, 4), ("timbre", BandStatistics, 2)):
        statistics = layer(name=name)(segment)
        # Standardises alone: the members' first layers have scales and offsets of their own.
        statistics = layers.BatchNormalization(
            center=False, scale=False, momentum=0.95, dtype="float32", name=f"{name}_norm"
        )(statistics)
        votes += [_member(statistics, shape.n_genres, f"{name}{number}") for number in range(1, members + 1)]
    genres = layers.Average(dtype="float32", name="genres")(votes)
    return keras.Model(segment, [genres, *votes], name="contrast_committee")


def _member(statistics: keras.KerasTensor, n_genres: int, name: str) -> keras.KerasTensor:
    """One hidden layer, with heavy dropout on both sides of it."""
    x = layers.Dropout(0.3, name=f"{name}_drop1")(statistics)
    x = layers.Dense(96, use_bias=False, name=f"{name}_hidden")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_hidden_norm")(x)
    x = layers.Activation("relu", name=f"{name}_relu")(x)
    x = layers.Dropout(0.5, name=f"{name}_drop2")(x)
    return layers.Dense(n_genres, activation="softmax", dtype="float32", name=f"{name}_vote")(x)


NETWORKS: dict[str, Callable[[InputShape], keras.Model]] = {
    "contrast_committee": contrast_committee,
    "small_alexnet": small_alexnet,
}


def answer_alone(model: keras.Model) -> keras.Model:
    """The same network without its members' own outputs, as it is validated, saved and used."""
    return keras.Model(model.input, model.outputs[0], name=model.name)


def load(path: Path) -> tuple[keras.Model, ModelInfo]:
    """The network in a model file, ready to predict, and its info; code carried by the file is never run (`safe_mode`).

    Raises DataError where the file is missing, damaged, no model file of this project, or carries code.
    """
    info = model_file.read_info(path)
    model_file.check_harmless(path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True), info
    except Exception as error:  # Keras raises anything over a file that is damaged
        if isinstance(error, OSError) and error.errno:  # of the disk, on which Keras unpacks it
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} cannot be loaded ({reason:.200}); `dvc repro train` makes a model") from error

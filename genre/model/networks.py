"""The networks, by name: segments (batch, frames, n_mels) in, genre probabilities (batch, n_genres) out.

A network whose first output is an average has its members as further outputs: each is trained with a loss of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from genre.errors import DataError
from genre.model import model_file
from genre.model.contrast import BandStatistics, ContrastStatistics
from genre.model.masks import NO_MASKS, Masks, RandomMasks
from genre.model.model_file import ModelInfo


@dataclass(frozen=True)
class InputShape:
    """What a network is built for."""

    frames: int
    n_mels: int
    n_genres: int


@keras.saving.register_keras_serializable("genre")
class OnPieces(layers.Wrapper):
    """A network's mean answer to the equal pieces of a segment: (batch, frames, n_mels) -> (batch, n_genres).

    While training, a segment shows one of its pieces: the first of a batch the first, the second the second, and so on.
    """

    def __init__(self, layer: keras.Model, *, pieces: int, **settings: Any) -> None:
        super().__init__(layer, **settings)
        self.pieces = pieces

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"pieces": self.pieces}

    def build(self, input_shape: tuple) -> None:
        self.layer.build((input_shape[0], input_shape[1] // self.pieces, input_shape[2]))
        self.built = True

    def call(self, segments: Any, training: bool = False) -> Any:
        frames, n_mels = segments.shape[1] // self.pieces, segments.shape[2]
        pieces = ops.reshape(segments[:, : frames * self.pieces], (-1, frames, n_mels))  # (batch * pieces, ...)
        if training:
            place = ops.arange(ops.shape(segments)[0])
            return self.layer(ops.take(pieces, place * self.pieces + place % self.pieces, axis=0), training=True)
        answers = self.layer(pieces, training=False)
        return ops.mean(ops.reshape(answers, (-1, self.pieces, answers.shape[-1])), axis=1)


def small_alexnet(shape: InputShape, masks: Masks = NO_MASKS) -> keras.Model:
    """The AlexNet-like network that the project started from.

    Five convolutions with 8, 16, 32, 64 and 64 filters, each followed by 4x4 max-pooling, then dropout and dense
    layers of 128, 64 and n_genres units: 86,730 weights for its own input of 1249 x 128 and ten genres. The input is
    not normalised.
    """
    segment = keras.Input((shape.frames, shape.n_mels), name="segment")
    x = _masked(segment, masks)
    x = layers.Reshape((shape.frames, shape.n_mels, 1), name="as_image")(x)
    for number, filters in enumerate((8, 16, 32, 64, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(4, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(128, activation="relu", name="dense1")(x)
    x = layers.Dense(64, activation="relu", name="dense2")(x)
    genres = layers.Dense(shape.n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="small_alexnet")


def committee(shape: InputShape, masks: Masks = NO_MASKS) -> keras.Model:
    """Fixed statistics and learned filters, with half of the say each.

    Six small dense networks, four on contrast and two on timbre, see the whole segment; those on the same statistics
    differ by their initial weights and dropout alone, and averaging them takes out much of the chance that a few
    hundred clips leave in a single one. A small convolutional network sees the segment's quarters one by one; only it
    learns with masks, as what they leave of the statistics tells another story.
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
    of_statistics = layers.Average(dtype="float32", name="statistics_vote")(votes)
    quarter = InputShape(shape.frames // 4, shape.n_mels, shape.n_genres)
    of_filters = OnPieces(_convolution(quarter, masks), pieces=4, dtype="float32", name="convolution_vote")(segment)
    genres = layers.Average(dtype="float32", name="genres")([of_statistics, of_filters])
    return keras.Model(segment, [genres, *votes, of_filters], name="committee")


def _member(statistics: keras.KerasTensor, n_genres: int, name: str) -> keras.KerasTensor:
    """One hidden layer, with heavy dropout on both sides of it."""
    x = layers.Dropout(0.3, name=f"{name}_drop1")(statistics)
    x = layers.Dense(96, use_bias=False, name=f"{name}_hidden")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_hidden_norm")(x)
    x = layers.Activation("relu", name=f"{name}_relu")(x)
    x = layers.Dropout(0.5, name=f"{name}_drop2")(x)
    return layers.Dense(n_genres, activation="softmax", dtype="float32", name=f"{name}_vote")(x)


def _convolution(shape: InputShape, masks: Masks) -> keras.Model:
    """Six convolutions with 24 to 128 filters, then the mean and the maximum over time and frequency.

    The first is 3x5 and takes every other mel band, the others are 3x3.

    Pooling stands before normalisation, which costs more than the convolutions where these are computed in bfloat16.
    """
    segment = keras.Input((shape.frames, shape.n_mels), name="quarter")
    # Standardises each mel band over all clips.
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.95, dtype="float32", name="band_norm")(segment)
    x = _masked(x, masks)
    x = layers.Reshape((shape.frames, shape.n_mels, 1), name="as_image")(x)
    x = _filters(x, 24, "conv1", kernel=(3, 5), strides=(1, 2), pool=True)
    x = _filters(_filters(x, 48, "conv2"), 48, "conv3", pool=True)
    x = _filters(_filters(x, 96, "conv4"), 96, "conv5", pool=True)
    x = _filters(x, 128, "conv6")
    means, maxima = layers.GlobalAveragePooling2D(name="mean")(x), layers.GlobalMaxPooling2D(name="maximum")(x)
    x = layers.Concatenate(name="mean_and_maximum")([means, maxima])
    x = layers.Dropout(0.3, name="dropout")(x)
    genres = layers.Dense(shape.n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="convolution")


def _masked(x: keras.KerasTensor, masks: Masks) -> keras.KerasTensor:
    return x if masks == NO_MASKS else RandomMasks(time=masks.time, mel=masks.mel, name="masks")(x)


def _filters(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    *,
    kernel: tuple[int, int] = (3, 3),
    strides: tuple[int, int] = (1, 1),
    pool: bool = False,
) -> keras.KerasTensor:
    """A convolution, 2x2 max-pooling where asked for, batch normalisation, ReLU."""
    x = layers.Conv2D(
        filters, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    if pool:
        x = layers.MaxPooling2D(2, padding="same", name=f"{name}_pool")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


NETWORKS: dict[str, Callable[[InputShape, Masks], keras.Model]] = {
    "committee": committee,
    "small_alexnet": small_alexnet,
}


KINDS = ("contrast", "timbre", "convolution")  # of members in a committee


def answer_alone(model: keras.Model) -> keras.Model:
    """The same network without its members' own outputs, as it is validated, saved and used."""
    return keras.Model(model.input, model.outputs[0], name=model.name)


def without(model: keras.Model, members: str) -> keras.Model:
    """The committee less its `contrast`, `timbre` or `convolution` members, the others as they were trained.

    Each member has a loss of its own, so that it would have learned the same without the others.
    """
    votes = {layer.name: layer.output for layer in model.layers if layer.name.endswith("_vote")}
    kept = {name: vote for name, vote in votes.items() if not name.startswith((members, "statistics"))}
    of_filters = [kept.pop("convolution_vote")] if "convolution_vote" in kept else []
    answers = [ops.mean(ops.stack(list(kept.values())), axis=0), *of_filters]
    return keras.Model(model.input, ops.mean(ops.stack(answers), axis=0))


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

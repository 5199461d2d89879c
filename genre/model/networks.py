"""The networks, by name: segments (batch, frames, n_mels) in, genre probabilities (batch, n_genres) out.

A network that averages members has their own predictions (batch, members, n_genres) as a second output: each member is
trained with a loss of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from genre.errors import DataError
from genre.model import model_file
from genre.model.backend import keras
from genre.model.contrast import ContrastStatistics
from genre.model.model_file import ModelInfo

layers, ops = keras.layers, keras.ops

QUARTERS = 4
DENSE_MEMBERS = 4
HIDDEN = 96  # units of a dense member


@keras.saving.register_keras_serializable("genre")
class QuarterAverage(keras.layers.Wrapper):
    """A network's mean prediction for the quarters of a segment: (batch, frames, n_mels) -> (batch, n_genres).

    While training, each segment shows one of its quarters: the first of a batch the first, the next the second, ...
    """

    def build(self, input_shape: tuple) -> None:
        self.layer.build((input_shape[0], input_shape[1] // QUARTERS, input_shape[2]))
        self.built = True

    def call(self, segments: Any, training: bool = False) -> Any:
        frames, n_mels = segments.shape[1] // QUARTERS, segments.shape[2]
        quarters = ops.reshape(segments[:, : frames * QUARTERS], (-1, frames, n_mels))  # (batch * QUARTERS, ...)
        if training:
            row = ops.arange(ops.shape(segments)[0])
            return self.layer(ops.take(quarters, row * QUARTERS + row % QUARTERS, axis=0), training=True)
        predictions = self.layer(quarters, training=False)
        return ops.mean(ops.reshape(predictions, (-1, QUARTERS, predictions.shape[-1])), axis=1)


def small_alexnet(*, frames: int, n_mels: int, n_genres: int) -> keras.Model:
    """The AlexNet-like network of the baseline.

    Five convolutions with 8, 16, 32, 64 and 64 filters, each followed by 4x4 max-pooling, then dropout and dense
    layers of 128, 64 and n_genres units: 86,730 weights for its own input of 1249 x 128 and ten genres. The input is
    not normalised.
    """
    segment = keras.Input((frames, n_mels), name="segment")
    x = layers.Reshape((frames, n_mels, 1), name="as_image")(segment)
    for number, filters in enumerate((8, 16, 32, 64, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(4, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(128, activation="relu", name="dense1")(x)
    x = layers.Dense(64, activation="relu", name="dense2")(x)
    genres = layers.Dense(n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="small_alexnet")


def two_branch(*, frames: int, n_mels: int, n_genres: int) -> keras.Model:
    """The mean of two branches: fixed contrast statistics of the whole segment, and convolutions on its quarters.

    On the statistics, four small dense networks differ by their initial weights and dropout alone; averaging them
    takes out much of the chance that a few hundred clips leave in a single one. They are computed as one product.
    """
    segment = keras.Input((frames, n_mels), name="segment")
    members = _dense_members(ContrastStatistics(name="contrast")(segment), n_genres)
    contrast = layers.GlobalAveragePooling1D(dtype="float32", name="contrast_genres")(members)
    of_quarter = _convolution(frames=frames // QUARTERS, n_mels=n_mels, n_genres=n_genres)
    convolution = QuarterAverage(of_quarter, dtype="float32", name="convolution_genres")(segment)
    genres = layers.Average(dtype="float32", name="genres")([contrast, convolution])
    last = layers.Reshape((1, n_genres), dtype="float32", name="convolution_member")(convolution)
    members = layers.Concatenate(axis=1, dtype="float32", name="members")([members, last])
    return keras.Model(segment, [genres, members], name="two_branch")


def _dense_members(statistics: keras.KerasTensor, n_genres: int) -> keras.KerasTensor:
    """Probabilities (batch, members, n_genres) by one hidden layer each, with heavy dropout on both sides of it."""
    # Standardises alone: the hidden layers have scales and offsets of their own.
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.95, dtype="float32", name="contrast_norm")(
        statistics
    )
    x = layers.RepeatVector(DENSE_MEMBERS, name="contrast_repeat")(x)
    x = layers.Dropout(0.3, name="contrast_drop1")(x)
    x = _member_products(HIDDEN, name="contrast_hidden")(x)
    x = layers.Reshape((DENSE_MEMBERS * HIDDEN,), name="contrast_flat")(x)
    x = layers.BatchNormalization(momentum=0.9, name="contrast_hidden_norm")(x)
    x = layers.Activation("relu", name="contrast_relu")(x)
    x = layers.Dropout(0.5, name="contrast_drop2")(x)
    x = layers.Reshape((DENSE_MEMBERS, HIDDEN), name="contrast_split")(x)
    return _member_products(n_genres, bias_axes="mo", activation="softmax", dtype="float32", name="contrast_members")(x)


def _member_products(units: int, **settings: Any) -> keras.layers.EinsumDense:
    """A dense layer for each member, with Glorot's uniform initial weights: (batch, members, n) -> (..., units)."""
    # Keras takes the axis of the members for a part of both fans, which `scale` makes up for.
    initial = keras.initializers.VarianceScaling(DENSE_MEMBERS, mode="fan_avg", distribution="uniform")
    return layers.EinsumDense("bmi,mio->bmo", (DENSE_MEMBERS, units), kernel_initializer=initial, **settings)


def _convolution(*, frames: int, n_mels: int, n_genres: int) -> keras.Model:
    """Six convolutions with 16 to 96 filters, then the mean and the maximum over time and frequency.

    Pooling stands before normalisation, which costs more than the convolutions where these are computed in bfloat16.
    """
    segment = keras.Input((frames, n_mels), name="quarter")
    # Standardises each mel band over all clips.
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.95, dtype="float32", name="band_norm")(segment)
    x = layers.Reshape((frames, n_mels, 1), name="as_image")(x)
    x = _conv_block(x, 16, "conv1", kernel=(3, 5), strides=(1, 2), pool=True)
    x = _conv_block(_conv_block(x, 32, "conv2"), 32, "conv3", pool=True)
    x = _conv_block(_conv_block(x, 64, "conv4"), 64, "conv5", pool=True)
    x = _conv_block(x, 96, "conv6")
    means, maxima = layers.GlobalAveragePooling2D(name="mean")(x), layers.GlobalMaxPooling2D(name="maximum")(x)
    x = layers.Concatenate(name="mean_and_maximum")([means, maxima])
    x = layers.Dropout(0.3, name="dropout")(x)
    genres = layers.Dense(n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="convolution")


def _conv_block(
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


NETWORKS: dict[str, Callable[..., keras.Model]] = {"two_branch": two_branch, "small_alexnet": small_alexnet}


def inference_model(model: keras.Model) -> keras.Model:
    """The same network without its members' own predictions, as it is validated, saved and used."""
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

"""The networks, by name: segments (batch, frames, n_mels) in, genre probabilities (batch, n_genres) out.

A network that averages members has a second output, the members' own predictions (batch, members, n_genres): each
member is trained with its own loss.
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
    """A network's mean prediction over the quarters of a segment: (batch, frames, n_mels) -> (batch, n_genres).

    In training, only one quarter of each segment is used: number i % 4 of segment i in the batch.
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
    """The baseline's AlexNet-like network.

    Five convolutions with 8, 16, 32, 64 and 64 filters, each followed by 4x4 max-pooling, then dropout and dense
    layers of 128, 64 and n_genres units: 86,730 weights for the baseline's input of 1249 x 128 and ten genres. The
    input is not normalised.
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

    The statistics feed four small dense networks that differ only in their initial weights and dropout; averaging them
    removes much of a single one's variance when training on a few hundred clips. They are computed as one product.
    """
    segment = keras.Input((frames, n_mels), name="segment")
    members = _dense_members(ContrastStatistics(name="contrast")(segment), n_genres)
    contrast = layers.GlobalAveragePooling1D(dtype="float32", name="contrast_genres")(members)
    quarter_network = _convolution(frames=frames // QUARTERS, n_mels=n_mels, n_genres=n_genres)
    convolution = QuarterAverage(quarter_network, dtype="float32", name="convolution_genres")(segment)
    genres = layers.Average(dtype="float32", name="genres")([contrast, convolution])
    last = layers.Reshape((1, n_genres), dtype="float32", name="convolution_member")(convolution)
    members = layers.Concatenate(axis=1, dtype="float32", name="members")([members, last])
    return keras.Model(segment, [genres, members], name="two_branch")


def _dense_members(statistics: keras.KerasTensor, n_genres: int) -> keras.KerasTensor:
    """Probabilities (batch, members, n_genres), from one hidden layer per member with heavy dropout on both sides."""
    # Only standardises: the hidden layers have their own scales and offsets.
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.95, dtype="float32", name="contrast_norm")(
        statistics
    )
    x = layers.RepeatVector(DENSE_MEMBERS, name="contrast_repeat")(x)
    x = layers.Dropout(0.3, name="contrast_drop1")(x)
    x = _member_dense(HIDDEN, name="contrast_hidden")(x)
    x = layers.Reshape((DENSE_MEMBERS * HIDDEN,), name="contrast_flat")(x)
    x = layers.BatchNormalization(momentum=0.9, name="contrast_hidden_norm")(x)
    x = layers.Activation("relu", name="contrast_relu")(x)
    x = layers.Dropout(0.5, name="contrast_drop2")(x)
    x = layers.Reshape((DENSE_MEMBERS, HIDDEN), name="contrast_split")(x)
    return _member_dense(n_genres, bias_axes="mo", activation="softmax", dtype="float32", name="contrast_members")(x)


def _member_dense(units: int, **settings: Any) -> keras.layers.EinsumDense:
    """A dense layer per member, with Glorot uniform initialisation: (batch, members, n) -> (batch, members, units)."""
    # Keras counts the members' axis in both fans; a scale of DENSE_MEMBERS compensates for it.
    initializer = keras.initializers.VarianceScaling(DENSE_MEMBERS, mode="fan_avg", distribution="uniform")
    return layers.EinsumDense("bmi,mio->bmo", (DENSE_MEMBERS, units), kernel_initializer=initializer, **settings)


def _convolution(*, frames: int, n_mels: int, n_genres: int) -> keras.Model:
    """Six convolutions with 16 to 96 filters, then the mean and the maximum over time and frequency.

    Pooling precedes normalisation, which costs more than the convolutions when those are computed in bfloat16.
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
    """A convolution, optional 2x2 max-pooling, batch normalisation, ReLU."""
    x = layers.Conv2D(
        filters, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    if pool:
        x = layers.MaxPooling2D(2, padding="same", name=f"{name}_pool")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)


NETWORKS: dict[str, Callable[..., keras.Model]] = {"two_branch": two_branch, "small_alexnet": small_alexnet}


def inference_model(model: keras.Model) -> keras.Model:
    """The same network without its members' own predictions, for validation, saving and prediction."""
    return keras.Model(model.input, model.outputs[0], name=model.name)


def load(path: Path) -> tuple[keras.Model, ModelInfo]:
    """The network in a model file, ready to predict, and its info; code in the file is never run (`safe_mode`).

    Raises DataError if the file is missing, damaged or not a model file of this project, or carries code.
    """
    info = model_file.read_info(path)
    model_file.check_harmless(path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True), info
    except Exception as error:  # a damaged file makes Keras raise exceptions of any kind
        if isinstance(error, OSError) and error.errno:  # a disk error: Keras unpacks the file to disk
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} cannot be loaded ({reason:.200}); `dvc repro train` makes a model") from error

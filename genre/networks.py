"""The networks, by name: segments (batch, frames, n_mels) in, genre probabilities (batch, n_genres) out."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class InputShape:
    """What a network is built for."""

    frames: int
    n_mels: int
    n_genres: int
    band_mean: np.ndarray  # (n_mels,), of the training clips' input
    band_std: np.ndarray  # (n_mels,), not zero


def small_alexnet(shape: InputShape) -> keras.Model:
    """The AlexNet-like network that the project started from: five 4x4 poolings, about 62 thousand weights.

    Five convolutions with 8, 16, 32, 64 and 64 filters, each followed by 4x4 max-pooling, then dropout and dense
    layers of 128, 64 and n_genres units; the input is not normalised.
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


def segment_cnn(shape: InputShape) -> keras.Model:
    segment = keras.Input((shape.frames, shape.n_mels), name="segment")
    x = layers.Normalization(axis=-1, mean=shape.band_mean, variance=shape.band_std**2, name="per_band")(segment)
    x = layers.Reshape((shape.frames, shape.n_mels, 1), name="as_image")(x)
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.Activation("relu", name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="over_time")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    genres = layers.Dense(shape.n_genres, activation="softmax", dtype="float32", name="genres")(x)
    return keras.Model(segment, genres, name="segment_cnn")


NETWORKS: dict[str, Callable[[InputShape], keras.Model]] = {
    "segment_cnn": segment_cnn,
    "small_alexnet": small_alexnet,
}

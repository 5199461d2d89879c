"""Small untrained models with their info, for tests that save and load them."""

import functools

import keras

from genre.features.settings import FeatureSettings
from genre.model.layer_summary import summarise_layers
from genre.model.model_file import ModelInfo
from genre.model.networks import NETWORKS, inference_model


def build(architecture: str) -> keras.Model:
    """A network for segments of 40 frames x 128 bands and three genres, with the same weights in every call."""
    keras.utils.set_random_seed(0)
    return inference_model(NETWORKS[architecture](frames=40, n_mels=128, n_genres=3))


shared = functools.cache(build)  # for tests that do not change it; building takes seconds


def info_of(model: keras.Model, settings: FeatureSettings) -> ModelInfo:
    """The info for a model made by `build`."""
    return ModelInfo(
        genres=["jazz", "NA", "ζεϊμπέκικο"],
        settings=settings,
        segment_frames=40,
        test_segments=3,
        temperature=0.5,
        architecture="any",
        dataset="GTZAN",
        protocol="artist",
        layers=summarise_layers(model),
    )

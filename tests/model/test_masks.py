import keras
import numpy as np
import pytest

from genre.model.masks import Masks, RandomMasks
from genre.model.networks import NETWORKS, InputShape, answer_alone


@pytest.fixture
def segments():
    return np.random.default_rng(0).random((200, 40, 64), dtype=np.float32)


def masked(segments, **fractions):
    keras.utils.set_random_seed(0)
    return np.asarray(RandomMasks(**fractions)(segments, training=True))


@pytest.mark.parametrize(
    ("fractions", "axis", "longest"), [({"time": 0.25, "mel": 0.0}, 1, 10), ({"time": 0.0, "mel": 0.5}, 2, 32)]
)
def test_one_stretch_is_hidden_from_each_segment_no_longer_than_its_fraction(segments, fractions, axis, longest):
    hidden = masked(segments, **fractions) != segments
    places = hidden.all(axis=3 - axis)
    assert (hidden.any(axis=3 - axis) == places).all()  # whole frames, or whole bands
    assert places.sum(axis=1).max() == longest and places.sum(axis=1).min() == 0
    assert (np.diff(places.astype(int), axis=1, prepend=0) == 1).sum(axis=1).max() == 1  # in one piece
    assert places.any(axis=0).all()  # anywhere


def test_the_mean_of_the_segment_stands_in_the_masks_place(segments):
    found = masked(segments, time=0.3, mel=0.2)
    means = np.broadcast_to(segments.mean(axis=(1, 2), keepdims=True), segments.shape)
    changed = found != segments
    np.testing.assert_allclose(found[changed], means[changed], rtol=1e-5)


def test_nothing_is_hidden_from_a_prediction(segments):
    np.testing.assert_array_equal(np.asarray(RandomMasks(time=0.5, mel=0.5)(segments)), segments)


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_a_network_with_masks_has_the_same_weights_and_answers(architecture):
    shape = InputShape(40, 64, 3)
    plain, masked = (answer_alone(NETWORKS[architecture](shape, masks)) for masks in (Masks(0, 0), Masks(0.3, 0.2)))
    masked.set_weights(plain.get_weights())
    batch = np.random.default_rng(0).random((4, 40, 64), dtype=np.float32)
    np.testing.assert_array_equal(plain.predict_on_batch(batch), masked.predict_on_batch(batch))

import numpy as np
import pytest

from genre.features.bands import mel_bands
from genre.params import AugmentParams
from genre.training import augment
from tests.training.augmentation import NO_DEGRADATION, OFF

STRONG = {"equalise": 0.2, "contrast": 0.3, "gain": 0.2, "degrade": NO_DEGRADATION | {"share": 1.0, "noise": 1.0}}


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).random((64, 40, 128), dtype=np.float32)


@pytest.fixture
def augmented(batch, settings):
    """A function that augments the batch with the given parameters only."""

    def of(values: dict) -> np.ndarray:
        chosen = AugmentParams.model_validate(OFF.model_dump() | values)
        return augment.augment(batch, chosen, mel_bands(settings), rng=np.random.default_rng(1))

    return of


def test_all_off_changes_nothing(batch, augmented):
    np.testing.assert_array_equal(augmented({}), batch)


@pytest.mark.parametrize("name", STRONG)
def test_each_one_changes_something_and_keeps_shape_dtype_range_and_the_input(batch, augmented, name):
    before = batch.copy()
    segments = augmented({name: STRONG[name]})
    assert segments.shape == batch.shape and segments.dtype == np.float32
    assert not np.array_equal(segments, batch)
    assert segments.min() >= 0 and segments.max() <= 1
    np.testing.assert_array_equal(batch, before)


def test_the_result_depends_on_the_generator_only(augmented):
    np.testing.assert_array_equal(augmented(STRONG), augmented(STRONG))


def test_an_equaliser_curve_is_the_same_in_every_frame():
    segments = np.full((16, 10, 128), 0.5, np.float32)
    changed = augment.equalise(segments, 0.05, rng=np.random.default_rng(1))
    np.testing.assert_allclose(changed, changed[:, :1].repeat(10, axis=1))
    assert np.abs(np.diff(changed[:, 0], axis=1)).max() < 0.05  # smooth over the bands

import numpy as np
import pytest

from genre.params import AugmentParams
from genre.training import augment

OFF = dict.fromkeys(AugmentParams.model_fields, 0.0)
STRONG = OFF | {
    "pitch_shift": 4.0, "equalise": 0.2, "contrast": 0.3, "gain": 0.2, "mixup": 0.5
}  # fmt: skip


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.random((64, 40, 128), dtype=np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, 64)]


def rng():
    return np.random.default_rng(1)


def test_all_off_changes_nothing(batch):
    segments, labels = augment.augment(*batch, AugmentParams(**OFF), rng=rng())
    np.testing.assert_array_equal(segments, batch[0])
    np.testing.assert_array_equal(labels, batch[1])


@pytest.mark.parametrize("name", [name for name in OFF if name not in ("time_stretch", "time_mask", "mel_mask")])
def test_each_one_changes_something_and_keeps_shape_dtype_and_range(batch, name):
    segments, labels = augment.augment(*batch, AugmentParams(**OFF | {name: STRONG[name]}), rng=rng())
    assert segments.shape == batch[0].shape and segments.dtype == np.float32
    assert not np.array_equal(segments, batch[0])
    assert segments.min() >= 0 and segments.max() <= 1
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)


def test_the_generator_alone_decides(batch):
    one, _ = augment.augment(*batch, AugmentParams(**STRONG), rng=rng())
    two, _ = augment.augment(*batch, AugmentParams(**STRONG), rng=rng())
    np.testing.assert_array_equal(one, two)


def test_the_input_is_not_written_to(batch):
    before = batch[0].copy()
    augment.augment(*batch, AugmentParams(**STRONG), rng=rng())
    np.testing.assert_array_equal(batch[0], before)


def test_a_pitch_shift_moves_a_line_by_at_most_so_many_bands():
    segments = np.zeros((200, 4, 128), np.float32)
    segments[:, :, 64] = 1
    moved = augment.shift_pitch(segments, rng(), 3.0)
    centre = (moved[:, 0] * np.arange(128)).sum(axis=1) / moved[:, 0].sum(axis=1)
    assert np.abs(centre - 64).max() <= 3.0 and centre.std() > 1.0


def test_mixup_blends_labels_as_it_blends_segments():
    segments = np.broadcast_to(np.arange(8, dtype=np.float32)[:, None, None] / 8, (8, 3, 5)).copy()
    mixed, labels = augment.mix(segments, np.eye(8, dtype=np.float32), rng(), 0.5)
    np.testing.assert_allclose(mixed[:, 0, 0], labels @ (np.arange(8) / 8), atol=1e-6)
    assert (labels.argmax(axis=1) == np.arange(8)).all()  # the larger share keeps its genre
    assert labels.max() < 1 + 1e-6 and (labels.max(axis=1) < 0.999).any()


def test_an_equaliser_curve_is_the_same_in_every_frame():
    segments = np.full((16, 10, 128), 0.5, np.float32)
    changed = augment.equalise(segments, rng(), 0.05)
    np.testing.assert_allclose(changed, changed[:, :1].repeat(10, axis=1))
    assert np.abs(np.diff(changed[:, 0], axis=1)).max() < 0.05  # smooth over the bands

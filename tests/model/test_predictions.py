import numpy as np
import pytest

from genre.model.predictions import predict_clips


def loud_half(batch: np.ndarray) -> np.ndarray:
    """A network that is always correct: the shares of the level in the upper and the lower half of the bands."""
    high, low = batch[:, :, 64:].mean(axis=(1, 2)), batch[:, :, :64].mean(axis=(1, 2))
    return np.stack([high, low], axis=1) / (high + low)[:, None]


def test_a_clips_probabilities_are_the_mean_of_its_segments(striped):
    rows = np.array([3, 0])
    found = predict_clips(loud_half, striped, rows, segment_frames=20, test_segments=3)
    for row, probabilities in zip(rows, found, strict=True):
        clip = striped.of(striped.clips.index[row]) / np.float32(255)
        starts = np.linspace(0, len(clip) - 20, 3).round().astype(int)
        expected = np.mean([loud_half(clip[None, s : s + 20])[0] for s in starts], axis=0)
        np.testing.assert_allclose(probabilities, expected, rtol=1e-5)


@pytest.mark.parametrize("clips_per_batch", [1, 7, 100])
def test_the_batch_size_changes_nothing(striped, clips_per_batch):
    rows = np.arange(40)
    one = predict_clips(loud_half, striped, rows, segment_frames=20, test_segments=2)
    other = predict_clips(loud_half, striped, rows, segment_frames=20, test_segments=2, clips_per_batch=clips_per_batch)
    np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(one.sum(axis=1), 1)


@pytest.mark.parametrize(("n_clips", "size"), [(40, 14), (33, 11), (32, 16), (3, 3)])
def test_all_batches_have_one_shape_since_a_network_is_traced_for_each(striped, n_clips, size):
    shapes = []
    network = lambda batch: shapes.append(batch.shape) or loud_half(batch)  # noqa: E731
    rows = np.arange(n_clips)
    found = predict_clips(network, striped, rows, segment_frames=20, test_segments=2, clips_per_batch=16)
    assert len(found) == n_clips and set(shapes) == {(2 * size, 20, 128)}


@pytest.mark.parametrize(("test_segments", "largest"), [(2, 32), (10, 30), (100, 100)])
def test_memory_does_not_grow_with_clips_times_segments(striped, test_segments, largest):
    sizes = []
    network = lambda batch: sizes.append(len(batch)) or loud_half(batch)  # noqa: E731
    predict_clips(network, striped, np.arange(32), segment_frames=20, test_segments=test_segments)
    assert max(sizes) == largest

import numpy as np
import pytest

from genre.model.contrast import ContrastStatistics, differences, haar_matrices, mel_groups


def haar(row, scales):
    """Differences of half-overlapping means, one value at a time."""
    found = []
    for scale in range(scales):
        width, hop = 2**scale, max(2**scale // 2, 1)
        starts = range(0, len(row) - 2 * width + 1, hop)
        if len(starts) == 0:
            break
        found.append(np.array([row[s + width : s + 2 * width].mean() - row[s : s + width].mean() for s in starts]))
    return found


@pytest.mark.parametrize("length", [1, 2, 5, 16, 37])
def test_differences_are_those_of_neighbouring_means(length):
    row = np.random.default_rng(0).random(length).astype(np.float32)
    expected = haar(row, 4)
    by_slices = [np.asarray(found) for found in differences(row, 4)]
    by_products = [row @ matrix for matrix in haar_matrices(length, 4)]
    assert len(by_slices) == len(by_products) == len(expected)
    for one, other, right in zip(by_slices, by_products, expected, strict=True):
        np.testing.assert_allclose(one, right, atol=1e-6)
        np.testing.assert_allclose(other, right, atol=1e-6)


def plain(segment, *, time_scales, mel_scales, groups, floor):
    """The statistics by their definition, one scale at a time: (mean and deviation, time scale, mel scale, group)."""
    along_mel = [segment, *(np.stack(scale) for scale in zip(*(haar(row, mel_scales) for row in segment), strict=True))]
    statistics = []
    for bands in along_mel:
        matrix = mel_groups(bands.shape[1], groups)
        along_time = zip(*(haar(band, time_scales) for band in bands.T), strict=True)
        changes = [bands, *(np.stack(scale, axis=1) for scale in along_time)]
        magnitudes = [np.abs(change) for change in changes]
        statistics.append([[f(m, axis=0) @ matrix for m in magnitudes] for f in (np.mean, np.std)])
    return np.log(np.array(statistics).transpose(1, 2, 0, 3) + floor)


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((258, 128), {"time_scales": 6, "mel_scales": 5, "groups": 16, "floor": 0.005}),  # the defaults
        ((20, 12), {"time_scales": 2, "mel_scales": 1, "groups": 4, "floor": 0.01}),
        ((2, 128), {"time_scales": 6, "mel_scales": 5, "groups": 16, "floor": 0.005}),  # the shortest
    ],
)
def test_the_statistics_agree_with_the_plain_formula(shape, settings):
    segments = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
    found = np.asarray(ContrastStatistics(**settings)(segments))
    expected = np.stack([plain(segment, **settings).ravel() for segment in segments])
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_steady_sound_has_no_contrast_over_time():
    steady = np.broadcast_to(np.linspace(0, 1, 32, dtype=np.float32), (1, 50, 32))
    layer = ContrastStatistics(time_scales=3, mel_scales=0, groups=8)
    by_scale = np.asarray(layer(steady)).reshape(2, 4, 8)  # (mean and deviation, no difference + 3 scales, groups)
    np.testing.assert_allclose(by_scale[:, 1:], np.log(0.005), atol=1e-3)
    assert (by_scale[0, 0] > np.log(0.005)).all()


def test_raising_every_level_changes_no_difference():
    segment = np.random.default_rng(0).random((1, 40, 32)).astype(np.float32) * 0.5
    layer = ContrastStatistics(time_scales=3, mel_scales=2, groups=8)
    low, high = (np.asarray(layer(segment + gain)).reshape(2, 4, 3, 8) for gain in (0.0, 0.3))
    np.testing.assert_allclose(low[:, 1:], high[:, 1:], atol=1e-3)
    np.testing.assert_allclose(low[:, 0, 1:], high[:, 0, 1:], atol=1e-3)
    assert np.abs(low[0, 0, 0] - high[0, 0, 0]).min() > 0.1


@pytest.mark.parametrize(("bands", "groups"), [(128, 16), (13, 16), (127, 16), (1, 4)])
def test_groups_average_bands_and_leave_none_out(bands, groups):
    matrix = mel_groups(bands, groups)
    np.testing.assert_allclose(matrix.sum(axis=0), 1, atol=1e-6)
    assert (matrix.sum(axis=1) > 0).all()

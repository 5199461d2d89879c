import numpy as np
import pytest

from genre.model.contrast import BandStatistics, ContrastStatistics, differences, mel_groups


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
    found = [np.asarray(d)[0, :, 0] for d in differences(row[None, :, None], 4, axis=1)]
    expected = haar(row, 4)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_statistics_agree_with_the_plain_formula():
    segment = np.random.default_rng(0).random((20, 12)).astype(np.float32)
    layer = ContrastStatistics(time_scales=2, mel_scales=1, groups=4, floor=0.01)
    found = np.asarray(layer(segment[None]))[0]
    expected = []
    along_mel = [segment, np.stack([haar(frame, 1)[0] for frame in segment])]
    for bands in along_mel:
        groups = mel_groups(bands.shape[1], 4)
        changes = [bands, *(np.stack(scale, axis=1) for scale in zip(*(haar(b, 2) for b in bands.T), strict=True))]
        for change in changes:
            for statistic in (np.abs(change).mean(axis=0), np.abs(change).std(axis=0)):
                expected.append(np.log(statistic @ groups + 0.01))
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-4)


def test_a_steady_sound_has_no_contrast_over_time():
    steady = np.broadcast_to(np.linspace(0, 1, 32, dtype=np.float32), (1, 50, 32))
    layer = ContrastStatistics(time_scales=3, mel_scales=0, groups=8)
    per_scale = np.asarray(layer(steady)).reshape(4, 2, 8)  # (no difference + 3 scales, mean and spread, groups)
    np.testing.assert_allclose(per_scale[1:], np.log(0.005), atol=1e-3)
    assert (per_scale[0, 0] > np.log(0.005)).all()


def test_raising_every_level_changes_no_difference():
    segment = np.random.default_rng(0).random((1, 40, 32)).astype(np.float32) * 0.5
    layer = ContrastStatistics(time_scales=3, mel_scales=2, groups=8)
    low, high = (np.asarray(layer(segment + gain)).reshape(3, 4, 2, 8) for gain in (0.0, 0.3))
    np.testing.assert_allclose(low[1:], high[1:], atol=1e-3)
    np.testing.assert_allclose(low[0, 1:], high[0, 1:], atol=1e-3)
    assert np.abs(low[0, 0, 0] - high[0, 0, 0]).min() > 0.1


@pytest.mark.parametrize(("bands", "groups"), [(128, 16), (13, 16), (127, 16), (1, 4)])
def test_groups_average_bands_and_leave_none_out(bands, groups):
    matrix = mel_groups(bands, groups)
    np.testing.assert_allclose(matrix.sum(axis=0), 1, atol=1e-6)
    assert (matrix.sum(axis=1) > 0).all()


def test_band_statistics_agree_with_their_definition():
    segment = np.random.default_rng(0).random((30, 8)).astype(np.float32)
    found = np.asarray(BandStatistics()(segment[None]))[0].reshape(4, 8)
    expected = [
        segment.mean(axis=0),
        *(x.std(axis=0) for x in (segment, np.diff(segment, axis=0), segment[4:] - segment[:-4])),
    ]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_both_work_on_the_shortest_segments():
    for layer in (BandStatistics(), ContrastStatistics()):
        assert np.isfinite(np.asarray(layer(np.random.default_rng(0).random((1, 2, 128)).astype(np.float32)))).all()

import numpy as np
import pandas as pd
import pytest

from genre.features import segments
from tests.arrays import from_arrays


@pytest.fixture
def ramp(settings):
    """Two clips, of 100 and 10 frames, in which every level is the number of its frame."""
    clips = pd.DataFrame({"clip_id": ["long", "short"], "genre": ["a", "b"]})
    frames = [np.repeat(np.arange(n, dtype=np.uint8)[:, None], settings.n_mels, axis=1) for n in (100, 10)]
    return from_arrays(frames, clips, settings=settings, dataset={"name": "ramps"})


def test_evenly_spaced_segments_reach_from_start_to_end():
    assert list(segments.evenly_spaced(100, 20, 5)) == [0, 20, 40, 60, 80]
    assert list(segments.evenly_spaced(100, 20, 1)) == [40]
    assert list(segments.evenly_spaced(100, 100, 3)) == [0, 0, 0]
    assert list(segments.evenly_spaced(10, 100, 2)) == [0, 0]


def test_a_cut_segment_holds_the_frames_from_its_start(ramp):
    cut = segments.cut(ramp.of("long"), np.array([0, 30]), 20)
    assert cut.dtype == np.float32
    np.testing.assert_allclose(cut[:, :, 5] * 255, [np.arange(20), np.arange(30, 50)], atol=1e-4)


def test_a_clip_shorter_than_a_segment_is_repeated(ramp):
    cut = segments.cut(ramp.of("short"), np.array([0]), 25)
    np.testing.assert_allclose(cut[0, :, 0] * 255, np.arange(25) % 10, atol=1e-4)


def test_drawn_segments_are_consecutive_frames_of_their_own_clip(ramp):
    drawn = segments.draw(ramp, np.array([0] * 50), 20, rng=np.random.default_rng(0))[:, :, 0] * 255
    np.testing.assert_allclose(np.diff(drawn, axis=1), 1, atol=1e-4)
    assert drawn.min() >= 0 and drawn.max() <= 99
    assert len(np.unique(drawn[:, 0].round())) > 20  # from many places


def test_every_place_of_a_clip_is_drawn_equally_often(ramp):
    starts = segments.draw(ramp, np.zeros(8100, int), 20, rng=np.random.default_rng(0))[:, 0, 0] * 255
    counts = np.bincount(starts.round().astype(int))
    assert len(counts) == 81 and counts.min() > 60 and counts.max() < 145  # 100 each; a standard deviation is 10


def test_drawing_from_a_short_clip_never_reaches_into_its_neighbour(ramp):
    drawn = segments.draw(ramp, np.array([1] * 20), 25, rng=np.random.default_rng(0))
    assert (drawn * 255).max() <= 9 + 1e-3


def test_linear_power_is_left_as_it_is():
    power = np.array([[0.0, 3e7]], dtype=np.float32)
    np.testing.assert_array_equal(segments.to_float(power), power)

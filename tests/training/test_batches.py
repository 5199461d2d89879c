import keras
import numpy as np
import pytest

from genre import params
from genre.errors import ParamsError
from genre.features.store import Features
from genre.training import batches
from genre.training.batches import SegmentBatches
from tests.conftest import TOP
from tests.training.augmentation import OFF


def batches_of(features: Features, n: int, *, shares: int = 1, **changes: int) -> SegmentBatches:
    """The first `n` clips in batches of short segments that are not augmented."""
    chosen = params.load(TOP / "params.yaml").train.model_copy(update={"batch_size": 7, "augment": OFF} | changes)
    labels = np.eye(2, dtype=np.float32)[np.arange(n) % 2]
    return SegmentBatches(features, np.arange(n), labels, params=chosen, segment_frames=2, shares=shares)


def test_an_epoch_shows_every_training_clip_once(striped, monkeypatch):
    seen = []
    monkeypatch.setattr(
        batches.segments,
        "draw",
        lambda features, rows, *_, **__: seen.extend(rows) or np.zeros((len(rows), 2, 2), np.float32),
    )
    sizes = [len(segments) for segments, _ in batches_of(striped, 24, epochs=3).from_epoch(2)]
    assert sizes == [6, 6, 6, 6] and sorted(seen) == list(range(24))


def test_a_batch_for_several_devices_can_be_split_evenly(striped):
    one, three = (batches_of(striped, 23, shares=n, epochs=1) for n in (1, 3))
    assert [len(segments) for segments, _ in one.from_epoch(0)] == [6, 6, 6, 5]
    assert [len(segments) for segments, _ in three.from_epoch(0)] == [6, 6, 6, 3]


def test_no_batch_is_empty_where_it_would_have_fewer_clips_than_there_are_devices(striped):
    sizes = [len(segments) for segments, _ in batches_of(striped, 23, shares=4, batch_size=2, epochs=1).from_epoch(0)]
    assert sizes == [4, 4, 4, 4, 4]


def test_fewer_clips_than_devices_are_refused(striped):
    with pytest.raises(ParamsError, match="3 clips to train on cannot be split between 4 GPUs"):
        batches_of(striped, 3, shares=4)


def test_the_stream_has_the_batches_of_the_epochs_that_are_left(striped):
    of = batches_of(striped, 20, epochs=3)
    streamed = [keras.tree.map_structure(np.asarray, batch) for batch in of.stream(1)]
    expected = [of.batch(epoch, step) for epoch in (1, 2) for step in range(3)]
    assert len(streamed) == len(expected)
    for (segments, labels), (own_segments, own_labels) in zip(streamed, expected, strict=True):
        np.testing.assert_array_equal(segments, own_segments)
        np.testing.assert_array_equal(labels, own_labels)

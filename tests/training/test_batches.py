import keras
import numpy as np
import pytest

from genre import params
from genre.features.store import Features
from genre.training import batches
from genre.training.batches import SegmentBatches
from tests.conftest import TOP
from tests.training.augmentation import OFF


def batches_of(features: Features, n: int, *, divisor: int = 1, **changes: int) -> SegmentBatches:
    """The first `n` clips in batches of short segments that are not augmented."""
    chosen = params.load(TOP / "params.yaml").train.model_copy(
        update={"batch_size": 7, "augment": OFF, "segment_seconds": 0.1} | changes
    )
    labels = np.eye(2, dtype=np.float32)[np.arange(n) % 2]
    return SegmentBatches(features, np.arange(n), labels, chosen, divisor=divisor)


def test_an_epoch_shows_every_training_clip_once(striped, monkeypatch):
    seen = []
    monkeypatch.setattr(
        batches.segments,
        "draw",
        lambda features, rows, *_, **__: seen.extend(rows) or np.zeros((len(rows), 2, 2), np.float32),
    )
    sizes = [len(segments) for segments, _ in batches_of(striped, 24, epochs=3).from_epoch(2)]
    assert sizes == [6, 6, 6, 6] and sorted(seen) == list(range(24))


@pytest.mark.parametrize(("n", "divisor", "sizes"), [(23, 1, [6] * 4), (23, 4, [8] * 4), (2, 3, [3])])
def test_all_batches_have_one_size_and_leave_no_clip_out(striped, monkeypatch, n, divisor, sizes):
    seen = []
    draw = batches.segments.draw
    monkeypatch.setattr(batches.segments, "draw", lambda f, rows, *a, **k: seen.extend(rows) or draw(f, rows, *a, **k))
    made = list(batches_of(striped, n, divisor=divisor, epochs=1).from_epoch(0))
    assert [len(segments) for segments, _ in made] == sizes and set(seen) == set(range(n))


def test_members_have_the_labels_of_the_network(striped):
    chosen = params.load(TOP / "params.yaml").train
    labels = np.eye(2, dtype=np.float32)[np.arange(6) % 2]
    made = SegmentBatches(striped, np.arange(6), labels, chosen, n_members=3)
    _, (network, members) = made.batch(0, 0)
    assert members.shape == (6, 3, 2) and (members == network[:, None]).all()


def test_the_stream_has_the_batches_of_the_epochs_that_are_left(striped):
    of = batches_of(striped, 20, epochs=3)
    streamed = [keras.tree.map_structure(np.asarray, batch) for batch in of.from_epoch(1)]
    expected = [of.batch(epoch, step) for epoch in (1, 2) for step in range(3)]
    assert len(streamed) == len(expected)
    for (segments, labels), (own_segments, own_labels) in zip(streamed, expected, strict=True):
        np.testing.assert_array_equal(segments, own_segments)
        np.testing.assert_array_equal(labels, own_labels)

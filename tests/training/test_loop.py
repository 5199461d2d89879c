import keras
import numpy as np
import pandas as pd
import pytest

from genre import params
from genre.errors import ParamsError
from genre.features import segments
from genre.params import TrainParams
from genre.training import checkpoint, device, loop, optimizer
from genre.training.batches import SegmentBatches
from tests.conftest import TOP

DEFAULTS = params.load(TOP / "params.yaml").train


def quick(**changes) -> TrainParams:
    """The default recipe in a few short epochs."""
    short = {"epochs": 3, "segment_seconds": 3.0, "test_segments": 2, "precision": "float32", "weight_averaging": 0.0}
    return TrainParams.model_validate(DEFAULTS.model_dump() | short | changes)


@pytest.fixture
def parts(striped) -> pd.Series:
    names = np.array(["train"] * 24 + ["validation"] * 8 + ["test"] * 8)
    return pd.Series(names, index=striped.clips.index)


@pytest.mark.parametrize("architecture", ["committee", "small_alexnet"])
def test_a_network_learns_to_tell_stripes_apart(striped, parts, architecture):
    trained = loop.train(striped, parts, quick(architecture=architecture, epochs=12, learning_rate=0.003))
    assert trained.history[trained.best_epoch - 1].val_accuracy == 1.0
    assert trained.genres == ["high", "low"]


def test_training_never_looks_at_the_test_part(striped, parts, monkeypatch):
    seen = set()
    of = type(striped).of
    monkeypatch.setattr(type(striped), "of", lambda self, name: seen.add(name) or of(self, name))
    draw = segments.draw

    def recorded(features, rows, *positional, **named):
        seen.update(features.clips.index[rows])
        return draw(features, rows, *positional, **named)

    monkeypatch.setattr(segments, "draw", recorded)
    loop.train(striped, parts, quick(epochs=1, architecture="small_alexnet"))
    assert seen == set(parts.index[parts != "test"])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(striped, parts):
    one, two, other = (loop.train(striped, parts, quick(epochs=1, seed=seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one.model.get_weights(), two.model.get_weights(), strict=True))
    assert one.history == two.history != other.history


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends trace otherwise")
def test_the_step_is_traced_once(striped, parts, monkeypatch):
    traced = []
    train_step = keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda *given: traced.append(1) or train_step(*given))
    loop.train(striped, parts, quick(architecture="small_alexnet"))
    assert len(traced) == 1


def test_the_batches_of_all_epochs_are_one_stream(striped, parts, monkeypatch):
    streams = []
    from_epoch = SegmentBatches.from_epoch
    monkeypatch.setattr(SegmentBatches, "from_epoch", lambda *given: streams.append(given[1]) or from_epoch(*given))
    made = []
    batch = SegmentBatches.batch
    monkeypatch.setattr(SegmentBatches, "batch", lambda *given: made.append(given[1:]) or batch(*given))
    loop.train(striped, parts, quick(epochs=3, batch_size=8, architecture="small_alexnet"))
    assert streams == [0]
    assert made[-9:] == [(epoch, step) for epoch in range(3) for step in range(3)]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends take the batches as they are")
def test_what_tensorflow_trains_on_is_the_stream_that_it_does_not_tune(striped, parts, monkeypatch):
    given = []
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda model, x, **named: given.append(x) or fit(model, x, **named))
    loop.train(striped, parts, quick(epochs=1, architecture="small_alexnet"))
    assert given[0].options().autotune.enabled is False


@pytest.mark.parametrize("select", ["loss", "accuracy"])
def test_the_weights_that_are_kept_are_those_of_the_best_epoch(striped, parts, select):
    trained = loop.train(striped, parts, quick(epochs=4, architecture="small_alexnet", select=select))
    best = trained.history[trained.best_epoch - 1]
    if select == "loss":
        assert best.val_loss == min(scores.val_loss for scores in trained.history)
    else:
        assert best.val_accuracy == max(scores.val_accuracy for scores in trained.history)
    rows = striped.rows(parts, "validation")
    probabilities = loop.predict_clips(
        trained.model.predict_on_batch, striped, rows, segment_frames=trained.segment_frames, test_segments=2
    )
    labels = striped.labels(rows, trained.genres)
    assert loop.clip_scores(probabilities, labels)[0] == pytest.approx(best.val_loss, abs=1e-5)


def test_every_epoch_is_reported_as_it_ends(striped, parts):
    reported = []
    trained = loop.train(
        striped, parts, quick(epochs=3, schedule="constant", architecture="small_alexnet"), report=reported.append
    )
    assert reported == trained.history and len(reported) == 3
    assert [scores.learning_rate for scores in reported] == pytest.approx([DEFAULTS.learning_rate] * 3)


def test_mixed_precision_is_trained_but_not_saved(striped, parts):
    trained = loop.train(striped, parts, quick(precision="mixed_bfloat16", epochs=1))
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}


def test_a_diverging_loss_stops_with_the_remedy(striped, parts):
    with pytest.raises(ParamsError, match="learning_rate"):
        loop.train(striped, parts, quick(architecture="small_alexnet", learning_rate=10.0, epochs=30,
                                             weight_decay=1.0, batch_size=2))  # fmt: skip


def test_level_augmentation_of_linear_power_is_refused(striped, parts):
    object.__setattr__(striped.settings, "scale", "power")
    with pytest.raises(ParamsError, match=r"train\.augment\.equalise"):
        loop.train(striped, parts, quick())


def test_segments_that_are_too_short_for_a_network_are_refused(striped, parts):
    with pytest.raises(ParamsError, match="segments have 3 frames, fewer than the 4"):
        loop.train(striped, parts, quick(segment_seconds=0.2))


class Killed(Exception):
    pass


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(striped, parts, tmp_path):
    chosen = quick(epochs=4, weight_averaging=0.9, batch_size=5)  # steps of 5 and of 4 clips, whose order matters
    undisturbed = loop.train(striped, parts, chosen)
    path = tmp_path / "checkpoint.npz"

    def save_and_be_killed(state):
        checkpoint.save(path, state, run="this")
        if len(state.history) == 2:
            raise Killed

    with pytest.raises(Killed):
        loop.train(striped, parts, chosen, save=save_and_be_killed)
    reported = []
    resumed = loop.train(striped, parts, chosen, report=reported.append, resumed=checkpoint.load(path, run="this"))
    assert resumed.history == undisturbed.history == reported
    assert resumed.best_epoch == undisturbed.best_epoch
    pairs = zip(resumed.model.get_weights(), undisturbed.model.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_averaged_weights_are_there_for_validation_and_the_others_are_put_back(precision):
    device.prepare(precision, seed=0)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer.make(quick(weight_averaging=0.5), steps=100), loss="mse")
    for _ in range(5):
        model.train_on_batch(np.ones((4, 3)), np.ones((4, 1)))
    before = model.get_weights()[0]
    with loop.averaged_weights(model):
        inside = model.get_weights()[0]
    assert not np.array_equal(inside, before)
    np.testing.assert_array_equal(model.get_weights()[0], before)
    keras.config.set_dtype_policy("float32")

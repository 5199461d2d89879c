from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from genre import params
from genre.errors import ParamsError
from genre.features import segments
from genre.params import TrainParams
from genre.training import checkpoint, loop
from genre.training.batches import SegmentBatches
from genre.training.setup import prepare
from tests.conftest import TOP

DEFAULTS = params.load(TOP / "params.yaml").train


def quick(**changes) -> TrainParams:
    """The default recipe in a few short epochs."""
    short = {"epochs": 3, "segment_seconds": 3.0, "test_segments": 2, "precision": "float32", "refit": False}
    return TrainParams.model_validate(DEFAULTS.model_dump() | short | changes)


@pytest.fixture
def parts(striped) -> pd.Series:
    names = np.array(["train"] * 24 + ["validation"] * 8 + ["test"] * 8)
    return pd.Series(names, index=striped.clips.index)


@pytest.mark.parametrize("architecture", ["two_branch", "small_alexnet"])
def test_a_network_learns_to_tell_stripes_apart(striped, parts, architecture):
    trained = loop.train(striped, parts, quick(architecture=architecture, epochs=12, learning_rate=0.003, batch_size=4))
    assert trained.history[trained.best_epoch - 1].val_accuracy == 1.0
    assert trained.genres == ["high", "low"]


def test_training_never_looks_at_the_test_set(striped, parts, monkeypatch):
    seen = set()
    of = type(striped).of
    monkeypatch.setattr(type(striped), "of", lambda self, name: seen.add(name) or of(self, name))
    draw = segments.draw

    def recorded(features, rows, *positional, **named):
        seen.update(features.clips.index[rows])
        return draw(features, rows, *positional, **named)

    monkeypatch.setattr(segments, "draw", recorded)
    loop.train(striped, parts, quick(epochs=1, architecture="small_alexnet", refit=True))
    assert seen == set(parts.index[parts != "test"])


def test_the_saved_network_learns_from_the_validation_set_only_with_refit(striped, parts, monkeypatch):
    drawn = []
    draw = segments.draw
    monkeypatch.setattr(segments, "draw", lambda f, rows, *a, **k: drawn.append(set(rows)) or draw(f, rows, *a, **k))
    validation = set(striped.rows(parts, "validation"))
    small = {"epochs": 2, "architecture": "small_alexnet"}
    first = loop.train(striped, parts, quick(**small))
    assert not set.union(*drawn) & validation and first.selected is None and first.n_clips == 24
    both = loop.train(striped, parts, quick(**small, refit=True))
    assert set.union(*drawn) >= validation and both.n_clips == 32
    # All figures on the validation set come from the first training run.
    for name in ("history", "best_epoch", "val_loss", "val_accuracy", "temperature"):
        assert getattr(both, name) == getattr(first, name)
    equal = [np.array_equal(*pair) for pair in zip(first.model.get_weights(), both.selected.get_weights(), strict=True)]
    assert all(equal) and not np.array_equal(first.model.get_weights()[0], both.model.get_weights()[0])


def test_one_long_file_does_not_change_the_length_of_windows(striped, parts):
    trained = loop.train(striped, parts, quick(epochs=1, architecture="small_alexnet"))
    lengths = striped.clips.n_frames.copy()
    lengths.iloc[0] = 10_000
    info = trained.info(replace(striped, clips=striped.clips.assign(n_frames=lengths)), quick(), protocol="random")
    assert info.clip_seconds == lengths.median() / striped.settings.frames_per_second


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(striped, parts):
    one, two, other = (loop.train(striped, parts, quick(epochs=1, seed=seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one.model.get_weights(), two.model.get_weights(), strict=True))
    assert one.history == two.history != other.history


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends have other operations")
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_training_step_has_at_most_2000_operations(striped, parts, precision):
    import tensorflow as tf

    keras.config.set_dtype_policy(precision)
    try:
        model, batches = prepare(striped, striped.rows(parts, "train"), quick(), genres=["high", "low"])
        step = tf.function(model.train_step).get_concrete_function(batches.batch(0, 0))
    finally:
        keras.config.set_dtype_policy("float32")
    graph = step.graph.as_graph_def()
    assert len(graph.node) + sum(len(function.node_def) for function in graph.library.function) <= 2000


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
        trained.model.predict_on_batch, striped, rows, segment_frames=striped.segment_frames(3.0), test_segments=2
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


def test_mixed_precision_is_trained_and_float32_is_saved_and_scored(striped, parts):
    trained = loop.train(striped, parts, quick(precision="mixed_bfloat16", epochs=1))
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    rows = striped.rows(parts, "validation")
    probabilities = loop.predict_clips(
        trained.model.predict_on_batch, striped, rows, segment_frames=striped.segment_frames(3.0), test_segments=2
    )
    scores = loop.clip_scores(probabilities, striped.labels(rows, trained.genres))
    assert scores == (trained.val_loss, trained.val_accuracy)


def test_the_precision_is_restored_after_an_error(striped, parts):
    def fail(scores):
        raise KeyError

    with pytest.raises(KeyError):
        loop.train(striped, parts, quick(precision="mixed_bfloat16", architecture="small_alexnet"), report=fail)
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("save", [None, lambda checkpoint: None])
def test_the_state_is_copied_only_where_it_is_to_be_saved(striped, parts, monkeypatch, save):
    copied = []
    monkeypatch.setattr(loop, "get_state", lambda model: copied.append(model) or [])
    loop.train(striped, parts, quick(epochs=2, refit=True, architecture="small_alexnet"), save=save)
    assert len(copied) == (4 if save else 0)


def test_a_diverging_loss_stops_with_the_remedy(striped, parts):
    with pytest.raises(ParamsError, match="learning_rate"):
        loop.train(striped, parts, quick(architecture="small_alexnet", learning_rate=10.0, epochs=30,
                                             weight_decay=1.0, batch_size=2))  # fmt: skip


def test_level_augmentation_of_linear_power_is_refused(striped, parts):
    linear = replace(striped, settings=replace(striped.settings, scale="power"))
    with pytest.raises(ParamsError, match=r"train\.augment\.equalise"):
        loop.train(linear, parts, quick())


def test_segments_that_are_too_short_for_a_network_are_refused(striped, parts):
    with pytest.raises(ParamsError, match="segments have 3 frames, fewer than the 4"):
        loop.train(striped, parts, quick(segment_seconds=0.2))


class Killed(Exception):
    pass


ARCHITECTURES = {2: "two_branch", 4: "small_alexnet", 5: "two_branch", 8: "small_alexnet"}


@pytest.mark.parametrize("stop", [2, 4, 5, 8], ids=["first", "first ended", "second", "second ended"])
def test_a_run_that_was_killed_resumes_and_ends_as_if_it_had_not_been(striped, parts, tmp_path, stop):
    chosen = quick(epochs=4, refit=True, batch_size=5, architecture=ARCHITECTURES[stop])
    undisturbed = loop.train(striped, parts, chosen)
    path = tmp_path / "checkpoint.npz"

    def save_and_be_killed(state):
        checkpoint.save(path, state, run="this")
        if len(state.history) + state.refit_epochs == stop:
            raise Killed

    with pytest.raises(Killed):
        loop.train(striped, parts, chosen, save=save_and_be_killed)
    reported = []
    resumed = loop.train(striped, parts, chosen, report=reported.append, resumed=checkpoint.load(path, run="this"))
    assert resumed.history == undisturbed.history == reported
    for name in ("model", "selected"):
        networks = [getattr(trained, name) for trained in (resumed, undisturbed)]
        pairs = zip(*(network.get_weights() for network in networks), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)
    nothing = {"model": None, "selected": None, "seconds": 0}
    assert replace(resumed, **nothing) == replace(undisturbed, **nothing)


def test_a_run_that_diverges_in_its_last_step_fails(striped, parts, monkeypatch):
    epochs = loop._epochs

    def diverging(model, *positional, **named):
        yield from epochs(model, *positional, **named)
        model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])

    monkeypatch.setattr(loop, "_epochs", diverging)
    with pytest.raises(ParamsError, match=r"lower train\.learning_rate"):
        loop.train(striped, parts, quick(epochs=1, architecture="small_alexnet", refit=True))

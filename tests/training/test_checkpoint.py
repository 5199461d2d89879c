import numpy as np
import pytest

from genre.training import checkpoint
from genre.training.checkpoint import Checkpoint, EpochScores

SCORES = EpochScores(1.0, 0.5, 2.0, 0.25, 0.001)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.npz"
    arrays = [np.arange(3.0), np.array(7, dtype=np.int64), np.zeros((2, 2), np.float32)]
    checkpoint.save(path, Checkpoint([SCORES] * 2, 1, arrays[:1], arrays * 5, 7), run="this")
    return path


def test_a_checkpoint_comes_back_as_it_was(saved):
    found = checkpoint.load(saved, run="this")
    assert found.history == [SCORES, SCORES] and found.best_epoch == 1 and found.refit_epochs == 7
    assert len(found.best_weights) == 1 and len(found.state) == 15
    assert found.state[13].dtype == np.int64 and found.state[13] == 7


def test_another_run_never_resumes_from_it(saved):
    assert checkpoint.load(saved, run="another") is None


def test_a_damaged_or_missing_checkpoint_means_starting_again(saved, tmp_path):
    assert checkpoint.load(tmp_path / "none.npz", run="this") is None
    whole = saved.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:length])
        assert checkpoint.load(saved, run="this") is None


def test_the_key_changes_with_every_text_and_every_file(tmp_path):
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    paths = [tmp_path / "a", tmp_path / "b"]
    keys = {checkpoint.key(["x", "y"], paths), checkpoint.key(["xy", ""], paths), checkpoint.key(["x", "y"], paths[:1])}
    (tmp_path / "b").write_text("twp")
    keys.add(checkpoint.key(["x", "y"], paths))
    assert len(keys) == 4


def test_the_best_epoch_is_that_of_the_smaller_loss_or_of_the_higher_accuracy():
    sure, right = EpochScores(1.0, 0.5, 0.4, 0.8, 0.1), EpochScores(1.0, 0.5, 0.5, 0.9, 0.1)
    assert sure.rank("loss") > right.rank("loss") and sure.rank("accuracy") < right.rank("accuracy")

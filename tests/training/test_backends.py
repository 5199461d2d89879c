"""Training on another of Keras's backends, in a separate process, since a process has only one backend."""

import os
import subprocess
import sys

import pytest

from tests.conftest import TOP

# Two CPU devices stand in for two GPUs.
ON_TWO_DEVICES = """
import keras
import numpy as np
import pandas as pd
from genre import params
from genre.features.settings import FeatureSettings
from genre.training import device, loop
from tests.arrays import from_arrays

chosen = params.load()
rng = np.random.default_rng(0)
levels = [rng.integers(0, 256, (60, 128)).astype(np.uint8) for _ in range(16)]
rows = pd.DataFrame({"clip_id": [str(n) for n in range(16)], "genre": ["a", "b"] * 8})
features = from_arrays(levels, rows, settings=FeatureSettings.of(chosen.extract), dataset={"name": "noise"})
split = pd.Series(["train"] * 11 + ["validation"] * 5, index=features.clips.index)
changes = {"architecture": "small_alexnet", "epochs": 2, "refit": False, "batch_size": 5, "test_segments": 1}
recipe = chosen.train.model_copy(update={**changes, "precision": "float32", "segment_seconds": 3.0})

def losses(n_devices):
    device.gpus = lambda: [f"GPU {n}" for n in range(n_devices)] if n_devices > 1 else []
    distributions = []
    report = lambda scores: distributions.append(keras.distribution.distribution())
    history = loop.train(features, split, recipe, report=report).history
    assert [distribution is not None for distribution in distributions] == [n_devices > 1] * 2
    return [scores.loss for scores in history]

np.testing.assert_allclose(losses(2), losses(1), rtol=1e-3)
"""


def under_jax(*command: str, **variables: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"KERAS_BACKEND": "jax"} | variables
    return subprocess.run([sys.executable, *command], cwd=TOP, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_under_jax_a_run_resumes_after_a_kill():
    chosen = "tests/training/test_loop.py::test_a_run_that_was_killed_resumes_and_ends_as_if_it_had_not_been[second]"
    done = under_jax("-m", "pytest", "-n", "0", chosen)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_under_jax_two_devices_with_half_a_batch_each_learn_what_one_learns_from_the_whole():
    done = under_jax("-c", ON_TWO_DEVICES, XLA_FLAGS="--xla_force_host_platform_device_count=2")
    assert done.returncode == 0, done.stderr

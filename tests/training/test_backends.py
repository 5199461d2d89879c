"""Training on another of Keras's backends, in a process of its own: a process has one."""

import os
import subprocess
import sys

import pytest

from tests.conftest import TOP

NEEDED = (
    "a_run_that_was_killed_goes_on_and_ends_as_if_it_had_not_been",
    "the_averaged_weights_are_there_for_validation_and_the_others_are_put_back",
)


@pytest.mark.slow
def test_under_jax_a_run_goes_on_after_a_kill_and_its_weights_are_averaged():
    chosen = [f"tests/training/test_loop.py::test_{name}" for name in NEEDED]
    command = [sys.executable, "-m", "pytest", "-n", "0", *chosen]
    done = subprocess.run(command, cwd=TOP, env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, text=True)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout

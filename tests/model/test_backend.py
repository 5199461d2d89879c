"""The project sets Keras's configuration; tested in separate processes, since Keras reads it when imported."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.conftest import TOP

SETTINGS = """
from genre.model.backend import keras
from genre.model.networks import NETWORKS

config = keras.config
print(config.backend(), config.image_data_format(), config.floatx(), config.epsilon())
print(*[network(frames=258, n_mels=128, n_genres=10).count_params() for network in NETWORKS.values()])
"""


def test_a_users_own_keras_settings_change_nothing(tmp_path):
    own = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1}
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text(json.dumps(own))
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment["HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", SETTINGS], cwd=TOP, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["tensorflow channels_last float32 1e-07", "652258 78538"], done.stderr


MISSING = next((name for name in ("torch", "jax") if find_spec(name) is None), None)


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("theano", "set it to one of tensorflow, jax, torch"),
        pytest.param(MISSING, "which is not installed", marks=pytest.mark.skipif(not MISSING, reason="all installed")),
    ],
)
def test_a_backend_that_cannot_be_used_is_one_line(backend, message):
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-m", "stages.train"]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_xla_is_deterministic_whatever_other_flags_a_user_sets():
    code = "from genre.model import backend; import os; print(os.environ['XLA_FLAGS'])"
    environment = {**os.environ, "XLA_FLAGS": "--xla_dump_to=x"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=TOP, capture_output=True, text=True)
    assert done.stdout.split() == ["--xla_gpu_deterministic_ops=true", "--xla_dump_to=x"], done.stderr

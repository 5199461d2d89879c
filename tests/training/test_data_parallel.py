"""Training on several devices, in a process of its own: TensorFlow's devices cannot be changed once they are in use."""

import json
import subprocess
import sys

import pytest

from tests.conftest import TOP

PROGRAM = """
import json, sys
import tensorflow as tf

n_devices, network, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * n_devices
)

import keras
import numpy as np
import pandas as pd
from genre import params
from genre.features import store
from genre.training import device, loop
from genre.features.settings import FeatureSettings
from genre.params import AugmentParams, DegradeParams, TrainParams

OFF = dict.fromkeys(AugmentParams.model_fields, 0.0) | {"degrade": dict.fromkeys(DegradeParams.model_fields, 0.0)}
device.gpus = lambda: [f"/physical_device:CPU:{number}" for number in range(n_devices)] if n_devices > 1 else []
replicas = set()

def plain(shape, masks):
    segment = keras.Input((shape.frames, shape.n_mels), name="segment")
    x = Watch()(keras.layers.GlobalAveragePooling1D()(segment))
    x = keras.layers.Dense(16, activation="relu")(x)
    return keras.Model(segment, keras.layers.Dense(shape.n_genres, activation="softmax", name="genres")(x))

class Watch(keras.layers.Layer):
    def call(self, x):
        if (context := tf.distribute.get_replica_context()) is not None:
            replicas.add(context.num_replicas_in_sync)
        return x

chosen = params.load()
changes = {
    "epochs": 4, "batch_size": 8, "segment_seconds": 3.0, "test_segments": 2, "precision": "float32",
    "augment": OFF,
}
if network == "plain":  # has nothing random, and sees all clips at once
    loop.NETWORKS[chosen.train.architecture] = plain
    changes["batch_size"] = 25
else:
    changes |= {"epochs": 12, "learning_rate": 0.003}
settings = FeatureSettings.of(chosen.extract)
rng = np.random.default_rng(0)
spectrograms, rows = [], []
for number in range(40):
    levels = rng.integers(0, 120, (60, settings.n_mels))
    levels[:, slice(64, None) if number % 2 else slice(None, 64)] += 100
    spectrograms.append(levels.astype(np.uint8))
    rows.append({"clip_id": str(number), "genre": ("low", "high")[number % 2]})
features = store.from_arrays(spectrograms, pd.DataFrame(rows), settings=settings, dataset={"name": "stripes"})
split = pd.Series(["train"] * 24 + ["validation"] * 16, index=features.clips.index)
trained = loop.train(features, split, TrainParams.model_validate(chosen.train.model_dump() | changes))
trained.model.save_weights(path)
print(json.dumps({
    "losses": [scores.loss for scores in trained.history],
    "val_accuracy": [scores.val_accuracy for scores in trained.history],
    "weights": [float(np.abs(weights).sum()) for weights in trained.model.get_weights()],
    "replicas": sorted(replicas),
}))
"""


def train(devices: int, network: str, folder) -> dict:
    command = [sys.executable, "-c", PROGRAM, str(devices), network, str(folder / "model.weights.h5")]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_devices_with_half_a_batch_each_learn_what_one_learns_from_the_whole(tmp_path):
    one, two = (train(devices, "plain", tmp_path) for devices in (1, 2))
    assert 2 in two["replicas"] and 2 not in one["replicas"]
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert two["weights"] == pytest.approx(one["weights"], rel=1e-5)
    assert two["val_accuracy"] == one["val_accuracy"]


@pytest.mark.slow
def test_the_default_network_learns_on_two_devices(tmp_path):
    assert max(train(2, "default", tmp_path)["val_accuracy"]) == 1.0

"""Keras with the settings that this project is written for, whatever a user's own ~/.keras/keras.json says."""

import importlib.util
import os

from genre.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")

if name := os.environ.get("KERAS_BACKEND"):
    if name not in BACKENDS:
        raise UserError(f"KERAS_BACKEND is {name!r}, which cannot be used here: set it to one of {', '.join(BACKENDS)}")
    if importlib.util.find_spec(name) is None:
        raise UserError(f"KERAS_BACKEND is {name!r}, which is not installed: install it, or unset KERAS_BACKEND")
else:
    os.environ["KERAS_BACKEND"] = BACKENDS[0]

# TensorFlow's faster kernels, which it takes by itself on newer processors only: a third less time for convolutions.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# Read by XLA as it starts: its fastest kernels on a GPU give other last digits in every run.
os.environ["XLA_FLAGS"] = f"--xla_gpu_deterministic_ops=true {os.environ.get('XLA_FLAGS', '')}".strip()

import keras  # noqa: E402 - reads KERAS_BACKEND

keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)

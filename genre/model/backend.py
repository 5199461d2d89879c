"""Keras with the settings that this project requires, regardless of the user's ~/.keras/keras.json."""

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

# TensorFlow enables these faster kernels by default on newer processors only; convolutions take a third less time.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# Read when XLA starts: its fastest GPU kernels are not deterministic, so that the last digits differ between runs.
os.environ["XLA_FLAGS"] = f"--xla_gpu_deterministic_ops=true {os.environ.get('XLA_FLAGS', '')}".strip()

import keras  # noqa: E402 - reads KERAS_BACKEND

keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)

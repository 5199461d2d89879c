"""What the stages share: parameters, audio, features, splits, networks, training, scores, figures."""

import os

# TensorFlow prints a dozen lines about the CPU and about absent GPUs before any work; its failures are exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

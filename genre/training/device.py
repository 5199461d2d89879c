"""What the machine computes on: a GPU if one is present, and the number format in which it is fast."""

import logging
import re
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path

import keras

log = logging.getLogger(__name__)

# The oldest NVIDIA compute capability whose tensor cores gain by each format.
_BFLOAT16_CAPABILITY = (8, 0)
_FLOAT16_CAPABILITY = (7, 0)
# Of x86 processors that multiply in bfloat16, as /proc/cpuinfo names them: convolutions take a third of the time.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def gpus() -> list[str]:
    """Descriptions of the GPUs that the Keras backend can use, empty where there is none."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return [device.name for device in tf.config.list_physical_devices("GPU")]
        case "jax":
            import jax

            return [str(device) for device in jax.devices() if device.platform == "gpu"]
        case "torch":
            import torch

            return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return []


def prepare(precision: str, *, seed: int) -> str:
    """Seed every generator, let a GPU's memory grow as it is needed, and set the number format of the layers.

    Parameters
    ----------
    precision : str
        `float32`, `mixed_bfloat16` or `mixed_float16`; or `auto`, for the one that is fast on this hardware.
    seed : int

    Returns
    -------
    str
        The Keras dtype policy in use.
    """
    found = gpus()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        if found:
            tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    policy = policy_of(precision)
    keras.config.set_dtype_policy(policy)
    log.info("training on %s, %s", ", ".join(found) or "the CPU", policy)
    return policy


def policy_of(precision: str) -> str:
    """The Keras dtype policy that a `precision` as for `prepare` means on this hardware."""
    return fastest_precision(bool(gpus())) if precision == "auto" else precision


def signature(precision: str) -> list[str]:
    """What decides how a training computes, beside its parameters: number format, devices, libraries and versions."""
    backend = keras.backend.backend()
    return [policy_of(precision), *(gpus() or ["CPU"]), *(f"{name} {version(name)}" for name in ("keras", backend))]


def shares() -> int:
    """Into how many equal parts a batch is split: one for each GPU; 1 on the CPU, and where Keras uses only one."""
    return max(1, len(gpus())) if keras.backend.backend() == "tensorflow" else 1


def sharing() -> AbstractContextManager:
    """A block within which a model is made and compiled so that all GPUs train it together (data parallel).

    Every GPU has the same weights and computes an equal part of each batch, and their gradients are averaged. With one
    GPU or none, nothing is changed. Keras trains under TensorFlow's own strategy here: in its TensorFlow backend
    keras.distribution is a prototype that says not to use it (Keras 3.15).
    """
    if shares() == 1:
        return nullcontext()
    import tensorflow as tf

    return tf.distribute.MirroredStrategy([name.removeprefix("/physical_device:") for name in gpus()]).scope()


def fastest_precision(has_gpu: bool) -> str:
    """The number format that gains by the matrix units of a GPU, or of the CPU; `float32` where none does."""
    if not has_gpu:
        return "mixed_bfloat16" if _BFLOAT16_FLAGS & _cpu_flags() else "float32"
    capability = _compute_capability()
    if capability >= _BFLOAT16_CAPABILITY:
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= _FLOAT16_CAPABILITY else "float32"


def _cpu_flags() -> set[str]:
    """The instruction sets of an x86 processor, as Linux names them; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def _compute_capability() -> tuple[int, int]:
    """Of the first GPU; (0, 0) where it is unknown, as for other makers' GPUs."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
        return details.get("compute_capability", (0, 0))
    if keras.backend.backend() == "jax":
        import jax

        number = str(getattr(jax.devices("gpu")[0], "compute_capability", ""))
        if not re.fullmatch(r"\d+\.\d+", number):
            return (0, 0)
        major, minor = number.split(".")
        return int(major), int(minor)
    import torch

    return torch.cuda.get_device_capability(0)

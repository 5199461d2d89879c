"""The training hardware: a GPU if one is present, and the number format in which it is fast."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from genre.model.backend import keras

log = logging.getLogger(__name__)

# Flags in /proc/cpuinfo of x86 processors that multiply in bfloat16: convolutions take a third of the time.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def gpus() -> list[str]:
    """Descriptions of the GPUs that the Keras backend can use; empty if there are none."""
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


@contextmanager
def prepared(precision: str) -> Iterator[None]:
    """A context in which networks are built and trained, with the dtype policy of `dtype_policy(precision)`.

    GPU memory is allocated as needed, operations are deterministic, and float32 is not reduced to TensorFloat-32. With
    several GPUs, JAX trains on all of them (data parallel: each has the same weights and computes an equal part of
    every batch); under TensorFlow, which Keras does not distribute, only the first is used.
    """
    found = gpus()
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            for device in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(device, True)
            if found:
                tf.config.experimental.enable_op_determinism()
            tf.config.experimental.enable_tensor_float_32_execution(False)
        case "jax":
            import jax

            jax.config.update("jax_default_matmul_precision", "highest")
            if len(found) > 1:
                keras.distribution.set_distribution(keras.distribution.DataParallel())
    policy = dtype_policy(precision)
    keras.config.set_dtype_policy(policy)
    log.info("training on %s, %s", ", ".join(found[: n_devices()]) or "the CPU", policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")
        keras.distribution.set_distribution(None)


def n_devices() -> int:
    """Number of devices that train together: all GPUs under JAX, otherwise one."""
    return max(1, len(gpus())) if keras.backend.backend() == "jax" else 1


def dtype_policy(precision: str) -> str:
    """The Keras dtype policy that `precision` names; for `auto`, the fastest one on this hardware."""
    if precision != "auto":
        return precision
    if not gpus():
        return "mixed_bfloat16" if _BFLOAT16_FLAGS & _cpu_flags() else "float32"
    capability = _compute_capability()
    if capability >= (8, 0):  # Ampere and later multiply in bfloat16
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= (7, 0) else "float32"  # Volta and Turing in float16


def signature(precision: str) -> list[str]:
    """What affects a training's results besides its parameters: number format, devices, libraries and versions."""
    backend = keras.backend.backend()
    return [dtype_policy(precision), *(gpus() or ["CPU"]), *(f"{name} {version(name)}" for name in ("keras", backend))]


def _cpu_flags() -> set[str]:
    """The instruction sets of an x86 processor, as Linux names them; empty elsewhere."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = re.search("^flags.*", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else None
    return set(flags[0].split()) if flags else set()


def _compute_capability() -> tuple[int, int]:
    """The CUDA compute capability of the first GPU; (0, 0) if unknown, as for other vendors' GPUs."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
        return details.get("compute_capability", (0, 0))
    if keras.backend.backend() == "jax":
        import jax

        number = re.fullmatch(r"(\d+)\.(\d+)", str(getattr(jax.devices("gpu")[0], "compute_capability", "")))
        return (int(number[1]), int(number[2])) if number else (0, 0)
    import torch

    return torch.cuda.get_device_capability(0)

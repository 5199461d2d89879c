import keras
import pytest

from genre import device


@pytest.fixture(autouse=True)
def _restore_policy():
    yield
    keras.config.set_dtype_policy("float32")


def test_without_a_gpu_auto_means_single_precision(monkeypatch):
    monkeypatch.setattr(device, "gpus", lambda: [])
    assert device.prepare("auto", seed=0) == "float32"


@pytest.mark.parametrize(
    ("capability", "policy"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 1), "float32")],
)
def test_on_a_gpu_auto_is_what_its_matrix_units_gain_by(monkeypatch, capability, policy):
    monkeypatch.setattr(device, "_compute_capability", lambda: capability)
    assert device.fastest_precision(True) == policy


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_named_precision_is_obeyed(precision):
    assert device.prepare(precision, seed=0) == precision
    assert keras.config.dtype_policy().name == precision

import keras
import pytest

from genre.training import device


@pytest.mark.parametrize(
    ("flags", "policy"),
    [({"avx512f", "avx512_bf16"}, "mixed_bfloat16"), ({"amx_bf16"}, "mixed_bfloat16"), ({"avx2"}, "float32")],
)
def test_without_a_gpu_auto_depends_on_the_instructions_of_the_cpu(monkeypatch, flags, policy):
    monkeypatch.setattr(device, "gpus", lambda: [])
    monkeypatch.setattr(device, "_cpu_flags", lambda: flags)
    with device.prepared("auto"):
        assert keras.config.dtype_policy().name == policy


@pytest.mark.parametrize(
    ("capability", "policy"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 1), "float32")],
)
def test_on_a_gpu_auto_depends_on_its_matrix_units(monkeypatch, capability, policy):
    monkeypatch.setattr(device, "gpus", lambda: ["GPU:0"])
    monkeypatch.setattr(device, "_compute_capability", lambda: capability)
    assert device.dtype_policy("auto") == policy


def test_the_signature_of_a_run_depends_on_the_hardware(monkeypatch):
    def signature(flags, gpus):
        monkeypatch.setattr(device, "_cpu_flags", lambda: flags)
        monkeypatch.setattr(device, "gpus", lambda: gpus)
        monkeypatch.setattr(device, "_compute_capability", lambda: (8, 0))
        return tuple(device.signature("auto"))

    # The second and the third compute in bfloat16.
    kinds = [(set(), []), ({"amx_bf16"}, []), (set(), ["GPU:0"]), (set(), ["GPU:0", "GPU:1"])]
    assert len({signature(*kind) for kind in kinds}) == 4
    assert signature(*kinds[0]) == signature(*kinds[0])


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_named_precision_is_used(precision):
    with device.prepared(precision):
        assert keras.config.dtype_policy().name == precision


def test_the_precision_is_restored_after_an_error():
    with pytest.raises(KeyError), device.prepared("mixed_bfloat16"):
        raise KeyError
    assert keras.config.dtype_policy().name == "float32"

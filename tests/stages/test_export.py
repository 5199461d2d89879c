import pytest

from genre.errors import DataError
from stages import export


class Model:
    predict_on_batch = None


@pytest.fixture
def differing(monkeypatch):
    """A function that says how far the exported model is from Keras with 16-bit and with 32-bit weights."""

    def set_differences(half: float, full: float) -> None:
        differences = {"float16": half, "float32": full}
        monkeypatch.setattr(export.networks, "load", lambda path: (Model, None))
        monkeypatch.setattr(export.exported, "save", lambda model, info, path, *, weights: path.write_text(weights))
        monkeypatch.setattr(export.exported, "load", lambda path: (path.read_text(), None))
        monkeypatch.setattr(export, "largest_difference", lambda one, other, *_: differences[other])

    return set_differences


@pytest.mark.parametrize(("half", "chosen"), [(0.0009, "float16"), (0.0011, "float32")])
def test_weights_are_stored_in_16_bits_where_that_is_near_enough(differing, tmp_path, half, chosen):
    differing(half, 0.00001)
    report = export.export(tmp_path / "m.keras", tmp_path / "m.tflite", None, None)
    assert report["weights"] == (tmp_path / "m.tflite").read_text() == chosen
    assert report["bytes"] == 7 and report["largest_difference"] == {"float16": half, "float32": 0.00001}[chosen]


def test_a_model_that_tells_otherwise_than_keras_is_not_exported(differing, tmp_path):
    differing(0.1, 0.0011)
    with pytest.raises(DataError, match=r"0\.0011"):
        export.export(tmp_path / "m.keras", tmp_path / "m.tflite", None, None)
    assert list(tmp_path.iterdir()) == []

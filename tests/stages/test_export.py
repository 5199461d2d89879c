import keras
import pytest

from genre.errors import DataError
from genre.model import model_file
from stages.export import export
from tests.models import build, info_of


@pytest.fixture
def split(striped):
    return striped.clips.genre.map({"high": "test", "low": "train"})


def test_the_exported_model_is_checked_against_keras_on_the_test_clips(tmp_path, settings, striped, split):
    model = build("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "m.keras")
    report = export(tmp_path / "m.keras", tmp_path / "m.tflite", striped, split)
    assert report["bytes"] == (tmp_path / "m.tflite").stat().st_size
    assert 0 <= report["largest_difference"] < 1e-5


def test_a_model_that_differs_from_keras_is_removed(tmp_path, settings, striped, split, monkeypatch):
    model = build("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "m.keras")
    other = keras.models.clone_model(model)  # the same shape with other weights
    monkeypatch.setattr("genre.model.exported.load", lambda path: (other.predict_on_batch, None))
    with pytest.raises(DataError, match=r"differs by 0\.\d{4} from Keras's.*m\.tflite was removed"):
        export(tmp_path / "m.keras", tmp_path / "m.tflite", striped, split)
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]

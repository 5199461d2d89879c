import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from genre import model_file, networks
from genre.errors import DataError
from genre.model_file import ModelInfo
from genre.networks import NETWORKS, InputShape, answer_alone
from tests.conftest import TOP


def build(architecture):
    keras.utils.set_random_seed(0)
    return answer_alone(NETWORKS[architecture](InputShape(40, 128, 3)))


def info_of(model, settings):
    return ModelInfo(
        genres=["jazz", "NA", "ζεϊμπέκικο"],
        settings=settings,
        segment_frames=40,
        test_segments=3,
        temperature=0.5,
        architecture="any",
        dataset="GTZAN",
        protocol="artist",
        layers=model_file.summarise_layers(model),
    )


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_the_file_alone_gives_back_model_and_info(tmp_path, settings, architecture):
    model = build(architecture)
    info = info_of(model, settings)
    model_file.save(model, info, tmp_path / "model.keras")
    again, info_again = networks.load(tmp_path / "model.keras")
    assert info_again == info
    batch = np.random.default_rng(0).random((2, 40, 128), dtype=np.float32)
    np.testing.assert_array_equal(model.predict_on_batch(batch), again.predict_on_batch(batch))
    assert sum(layer.parameters for layer in info.layers) == model.count_params()


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_the_same_model_gives_the_same_bytes_whenever_it_is_saved(tmp_path, settings, architecture):
    for name in ("one", "two"):
        model = build(architecture)
        model_file.save(model, info_of(model, settings), tmp_path / f"{name}.keras")
        keras.utils.clear_session()
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "two.keras"]


def test_a_model_is_loaded_where_nothing_else_of_the_project_is_imported(tmp_path, settings):
    model = build("contrast_committee")
    model_file.save(model, info_of(model, settings), tmp_path / "model.keras")
    code = f"from genre import networks; print(networks.load({str(tmp_path / 'model.keras')!r})[0].count_params())"
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert int(run.stdout) == model.count_params()


def test_the_info_is_read_without_keras(tmp_path, settings):
    model = build("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "model.keras")
    code = (
        "import sys; from genre import model_file; "
        f"print(model_file.read_info({str(tmp_path / 'model.keras')!r}).genres[0], 'keras' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["jazz", "False"]


def test_a_missing_file_and_one_that_is_no_model_are_told(tmp_path):
    with pytest.raises(DataError, match="dvc repro train"):
        model_file.read_info(tmp_path / "model.keras")
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(DataError, match=r"text\.keras is no model file"):
        model_file.read_info(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match=r"other\.keras is no model file"):
        model_file.read_info(tmp_path / "other.keras")

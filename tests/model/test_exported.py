import hashlib
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from genre.errors import DataError
from genre.model import exported, model_file
from genre.model.networks import NETWORKS
from tests.conftest import TOP
from tests.models import build, info_of, shared


@pytest.fixture(scope="module", params=list(NETWORKS))
def model(request) -> keras.Model:
    return shared(request.param)


@pytest.fixture(scope="module")
def exported_file(model, settings, tmp_path_factory) -> Path:
    """A model as a LiteRT file; converting takes seconds."""
    path = tmp_path_factory.mktemp("exported") / "m.tflite"
    exported.save(model, info_of(model, settings), path)
    return path


def test_the_exported_network_gives_the_probabilities_of_keras_for_batches_of_any_size(model, settings, exported_file):
    network, info = exported.load(exported_file)
    assert info == info_of(model, settings)
    for size in (1, 5, 2):
        batch = np.random.default_rng(size).random((size, 40, 128), dtype=np.float32)
        np.testing.assert_allclose(network(batch), model.predict_on_batch(batch), atol=1e-5)


def test_several_threads_may_call_it_at_once(exported_file):
    network, _ = exported.load(exported_file)
    batches = [np.random.default_rng(n).random((1 + n % 3, 40, 128), dtype=np.float32) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for probabilities, batch in zip(pool.map(network, batches), batches, strict=True):
            np.testing.assert_array_equal(probabilities, network(batch))


def test_the_same_model_is_exported_to_the_same_bytes_whatever_was_built_before(tmp_path, settings):
    for name in ("one", "two"):
        model = build("small_alexnet")  # test_pipeline tests the default network, which takes longer
        exported.save(model, info_of(model, settings), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_cannot_be_exported_by_another_backend_than_tensorflow(tmp_path, settings, monkeypatch):
    model = build("small_alexnet")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(DataError, match=r"m\.tflite cannot be written with Keras on jax.*KERAS_BACKEND=tensorflow"):
        exported.save(model, info_of(model, settings), tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_an_exported_model_is_refused(tmp_path, settings):
    with pytest.raises(DataError, match=r"none\.tflite does not exist$"):
        exported.load(tmp_path / "none.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(DataError, match=r"text\.tflite is not a model file"):
        exported.load(tmp_path / "text.tflite")
    model = build("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "keras.tflite")
    with pytest.raises(DataError, match=r"keras\.tflite is not an exported model"):
        exported.load(tmp_path / "keras.tflite")


def test_a_model_that_litert_does_not_know_is_refused_as_it_is_loaded(model, tmp_path, settings):
    content = b"of a later version"
    (tmp_path / "m.tflite").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "m.tflite", "a") as archive:
        model_file.write_info(archive, info_of(model, settings))
        archive.comment = hashlib.sha256(content).hexdigest().encode()
    with pytest.raises(DataError, match=r"m\.tflite cannot be run by LiteRT"):
        exported.load(tmp_path / "m.tflite")


def test_a_damaged_exported_model_is_refused_before_it_is_run(tmp_path):
    content = (TOP / "genre/released/genre.tflite").read_bytes()
    rng = np.random.default_rng(0)
    for number in range(20):
        damaged = bytearray(content)
        damaged[rng.integers(len(content) - 4096)] ^= 1 << rng.integers(8)  # the model comes before its info
        (tmp_path / f"{number}.tflite").write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{number}\.tflite is damaged"):
            exported.load(tmp_path / f"{number}.tflite")
    (tmp_path / "short.tflite").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"short\.tflite is not a model file"):
        exported.load(tmp_path / "short.tflite")


def test_loading_it_imports_no_network_library():
    code = (
        "import sys; from pathlib import Path; from genre.model import exported; "
        "exported.load(Path('genre/released/genre.tflite')); "
        "print({'tensorflow', 'keras', 'pandas', 'librosa', 'sklearn', 'scipy'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()" and run.stderr == ""

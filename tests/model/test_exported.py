import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from genre.errors import DataError
from genre.model import exported, model_file
from genre.model.networks import NETWORKS, InputShape, answer_alone
from tests.conftest import TOP
from tests.model.test_model_file import build, info_of


def with_convolutions() -> keras.Model:
    """The layers that a network of this project may have beside those of `NETWORKS`."""
    keras.utils.set_random_seed(0)
    segment = keras.Input((40, 128))
    x = keras.layers.Reshape((40, 128, 1))(segment)
    x = keras.layers.Conv2D(8, 3, strides=(1, 2), padding="same", use_bias=False)(x)
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
    x = keras.layers.SpatialDropout2D(0.2)(keras.layers.AveragePooling2D((2, 4))(x))
    ends = [keras.layers.GlobalAveragePooling2D()(x), keras.layers.GlobalMaxPooling2D()(x)]
    votes = [keras.layers.Dense(3, activation="softmax")(end) for end in ends]
    return keras.Model(segment, keras.layers.Average()(votes))


@pytest.fixture(scope="module", params=[*NETWORKS, "with_convolutions"])
def model(request) -> keras.Model:
    return with_convolutions() if request.param == "with_convolutions" else build(request.param)


@pytest.mark.parametrize("weights", ["float16", "float32"])
def test_the_exported_network_tells_what_keras_tells_for_batches_of_any_size(tmp_path, settings, model, weights):
    exported.save(model, info_of(model, settings), tmp_path / "m.tflite", weights=weights)
    network, info = exported.load(tmp_path / "m.tflite")
    assert info == info_of(model, settings)
    for size in (1, 5, 2):
        batch = np.random.default_rng(size).random((size, 40, 128), dtype=np.float32)
        np.testing.assert_allclose(
            network(batch), model.predict_on_batch(batch), atol=1e-3 if weights == "float16" else 1e-5
        )


def test_the_same_model_is_exported_to_the_same_bytes_whatever_was_built_before(tmp_path, settings):
    for name in ("one", "two"):
        model = build("committee")  # the second one's tensors get other names
        exported.save(model, info_of(model, settings), tmp_path / name, weights="float16")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_several_threads_may_ask_at_once(tmp_path, settings):
    model = build("committee")
    exported.save(model, info_of(model, settings), tmp_path / "m.tflite", weights="float32")
    network, _ = exported.load(tmp_path / "m.tflite")
    batches = [np.random.default_rng(n).random((1 + n % 3, 40, 128), dtype=np.float32) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for told, batch in zip(pool.map(network, batches), batches, strict=True):
            np.testing.assert_array_equal(told, network(batch))


def test_a_file_that_is_no_exported_model_is_told(tmp_path, settings):
    with pytest.raises(DataError, match="missing"):
        exported.load(tmp_path / "none.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(DataError, match=r"text\.tflite is no model file"):
        exported.load(tmp_path / "text.tflite")
    model = build("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "keras.tflite")
    with pytest.raises(DataError, match=r"keras\.tflite is no exported model"):
        exported.load(tmp_path / "keras.tflite")


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
    with pytest.raises(DataError, match=r"short\.tflite is no model file"):
        exported.load(tmp_path / "short.tflite")


def test_loading_it_imports_no_network_library():
    code = (
        "import sys; from pathlib import Path; from genre.model import exported; "
        "exported.load(Path('genre/released/genre.tflite')); "
        "print({'tensorflow', 'keras', 'pandas', 'librosa', 'sklearn', 'scipy'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()" and run.stderr == ""


def test_an_average_of_members_is_exported_without_their_own_outputs(tmp_path, settings):
    whole = NETWORKS["committee"](InputShape(40, 128, 3))
    model = answer_alone(whole)
    exported.save(model, info_of(model, settings), tmp_path / "m.tflite", weights="float32")
    network, _ = exported.load(tmp_path / "m.tflite")
    assert network(np.zeros((2, 40, 128), np.float32)).shape == (2, 3)

import io
import json
import pickle
import subprocess
import sys
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest

from genre import paths
from genre.errors import DataError
from genre.model import model_file, networks
from genre.model.networks import NETWORKS
from tests.conftest import TOP
from tests.models import build, info_of, shared


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_the_file_alone_gives_back_model_and_info(tmp_path, settings, architecture):
    model = shared(architecture)
    info = info_of(model, settings)
    model_file.save(model, info, tmp_path / "model.keras")
    again, info_again = networks.load(tmp_path / "model.keras")
    assert info_again == info
    batch = np.random.default_rng(0).random((2, 40, 128), dtype=np.float32)
    np.testing.assert_array_equal(model.predict_on_batch(batch), again.predict_on_batch(batch))
    assert sum(layer.parameters for layer in info.layers) == model.count_params()


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_the_same_model_gives_the_same_bytes_whenever_it_is_saved(tmp_path, settings, architecture):
    for name, model in {"one": shared(architecture), "two": build(architecture)}.items():
        model_file.save(model, info_of(model, settings), tmp_path / f"{name}.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "two.keras"]


def test_a_model_is_loaded_where_nothing_else_of_the_project_is_imported(tmp_path, settings):
    model = shared("two_branch")
    model_file.save(model, info_of(model, settings), tmp_path / "model.keras")
    code = (
        f"from genre.model import networks; print(networks.load({str(tmp_path / 'model.keras')!r})[0].count_params())"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert int(run.stdout) == model.count_params()


def test_the_info_is_read_without_keras(tmp_path, settings):
    model = shared("small_alexnet")
    model_file.save(model, info_of(model, settings), tmp_path / "model.keras")
    code = (
        "import sys; from genre.model import model_file; "
        f"print(model_file.read_info({str(tmp_path / 'model.keras')!r}).genres[0], 'keras' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["jazz", "False"]


def test_a_missing_file_and_one_that_is_not_a_model_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"model\.keras does not exist$"):
        model_file.read_info(tmp_path / "model.keras")
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(DataError, match=r"text\.keras is not a model file"):
        model_file.read_info(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match=r"other\.keras is not a model file"):
        model_file.read_info(tmp_path / "other.keras")


@pytest.mark.parametrize("path", [paths.MODEL, paths.EXPORTED_MODEL])
def test_only_the_pipelines_own_model_is_made_by_dvc_repro(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"{path} is missing; `dvc repro` makes it$"):
        model_file.read_info(path)
    path.parent.mkdir()
    path.write_text("no model")
    with pytest.raises(
        DataError, match=rf"{path} is not a model file of this project \(.*\); `dvc repro` makes it again$"
    ):
        model_file.read_info(path)


def saved(tmp_path, settings):
    path = tmp_path / "model.keras"
    model = shared("small_alexnet")
    model_file.save(model, info_of(model, settings), path)
    return path


def changed(path, **members: bytes):
    """The same archive with some members replaced or added; `__` in a name stands for a dot."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (contents | {name.replace("__", "."): body for name, body in members.items()}).items():
            archive.writestr(name, content)


def config_of(path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def test_a_lambda_layer_is_refused_and_never_runs(tmp_path, settings):
    ran = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(ran)!r}).write_text('x')"
    inner = keras.Input((40, 128))
    model = keras.Model(inner, keras.layers.Lambda(eval(f"lambda x: ({code}, x)[1]"))(inner))
    ran.unlink()  # building the model has run it
    model.save(tmp_path / "evil.keras")
    path = saved(tmp_path, settings)
    changed(path, config__json=json.dumps(config_of(tmp_path / "evil.keras")).encode())
    with pytest.raises(DataError, match=r"was not loaded.*Lambda"):
        networks.load(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("module", "class_name"),
    [("os", "system"), ("builtins", "function"), ("keras.layers", "TFSMLayer"), ("genrex", "Layer")],
)
def test_a_config_that_names_code_is_refused_wherever_it_stands_in_it(tmp_path, settings, module, class_name):
    path = saved(tmp_path, settings)
    config = config_of(path)
    hidden = {"module": module, "class_name": class_name, "config": "echo", "registered_name": class_name}
    config["config"]["layers"][3]["config"]["kernel_initializer"] = hidden
    changed(path, config__json=json.dumps(config).encode())
    with pytest.raises(DataError, match=rf"was not loaded.*{module}\.{class_name}"):
        networks.load(path)


class Evil:
    """Harmless, but prints when it is unpickled."""

    def __reduce__(self):
        return print, ("unpickled",)


def test_a_pickle_is_refused_as_a_member_and_as_the_file(tmp_path, settings, capfd):
    path = saved(tmp_path, settings)
    array = io.BytesIO()
    np.savez(array, np.array([Evil()], dtype=object))
    for name, content in {"model__weights__npz": array.getvalue(), "assets/a__pkl": pickle.dumps(Evil())}.items():
        path = saved(tmp_path, settings)
        changed(path, **{name: content})
        with pytest.raises(DataError, match="was not loaded"):
            networks.load(path)
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DataError, match="is not a model file"):
        networks.load(path)
    assert "unpickled" not in capfd.readouterr().out


@pytest.mark.parametrize("member", ["genre__json", "config__json"])
def test_a_member_that_unpacks_to_far_more_than_its_packed_size_is_refused_unread(tmp_path, settings, member):
    path = saved(tmp_path, settings)
    changed(path, **{member: b" " * 200_000_000})
    assert path.stat().st_size < 2_000_000
    tracemalloc.start()
    with pytest.raises(DataError, match=r"was not loaded.*200000000 bytes"):
        networks.load(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_config_nested_without_end_is_refused(tmp_path, settings):
    path = saved(tmp_path, settings)
    changed(path, config__json=b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(DataError, match="is not a model file"):
        networks.load(path)


@pytest.mark.slow
def test_a_damaged_model_file_is_refused_or_gives_the_same_answers(tmp_path, settings):
    path = saved(tmp_path, settings)
    whole = path.read_bytes()
    segments = np.random.default_rng(0).random((2, 40, 128), dtype=np.float32)
    right = networks.load(path)[0].predict_on_batch(segments)
    rng = np.random.default_rng(0)
    damaged = [whole[:length] for length in rng.integers(0, len(whole), 20)]
    for place in (*range(0, 60, 4), *rng.integers(0, len(whole), 20), *range(len(whole) - 400, len(whole), 20)):
        damaged.append(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            np.testing.assert_array_equal(networks.load(path)[0].predict_on_batch(segments), right)
        except DataError:
            refused += 1
    assert refused > len(damaged) / 2


@pytest.mark.parametrize(
    ("local", "central", "value", "said"),
    [(6, 8, 1, "encrypted"), (8, 10, 99, "compression")],
    ids=["encrypted", "packed in an unknown way"],
)
def test_a_member_that_cannot_be_unpacked_is_refused(tmp_path, local, central, value, said):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("genre.json", "{}")
    content = bytearray((tmp_path / "model.keras").read_bytes())
    content[local] = content[content.index(b"PK\x01\x02") + central] = value
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(DataError, match=rf"model\.keras is not a model file of this project \(.*{said}"):
        model_file.read_info(tmp_path / "model.keras")


def test_weights_of_another_shape_are_refused_in_one_line(tmp_path, settings):
    path = saved(tmp_path, settings)
    other = tmp_path / "other.keras"
    NETWORKS["small_alexnet"](frames=40, n_mels=128, n_genres=4).save(other)
    with zipfile.ZipFile(other) as archive:
        changed(path, model__weights__h5=archive.read("model.weights.h5"))
    with pytest.raises(DataError, match="cannot be loaded") as error:
        networks.load(path)
    assert "\n" not in str(error.value)

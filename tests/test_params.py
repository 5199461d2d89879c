import re

import pytest
import yaml

from genre import params
from genre.errors import ParamsError
from genre.features.settings import FeatureSettings
from tests.conftest import TOP

DEFAULTS = (TOP / "params.yaml").read_text(encoding="utf-8")


def leaves(values, prefix=()):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*prefix, key))
        else:
            yield (*prefix, key), value


def load_with(tmp_path, key, value):
    values = yaml.safe_load(DEFAULTS)
    *sections, last = key.split(".")
    place = values
    for section in sections:
        place = place[section]
    place[last] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return params.load(path)


def test_the_projects_own_parameters_are_valid():
    assert params.load(TOP / "params.yaml").split.protocol == "random"


def test_every_parameter_has_its_comment():
    lines = DEFAULTS.splitlines()
    for (*_, key), _ in leaves(yaml.safe_load(DEFAULTS)):
        places = [number for number, line in enumerate(lines) if re.match(rf"\s+{key}:", line)]
        assert places and all(lines[number - 1].strip().startswith("#") for number in places), key


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("train.epochs", 0, "train.epochs = 0: input should be greater than or equal to 1"),
        ("train.epochs", -1, "train.epochs = -1"),
        ("train.epochs", "abc", "train.epochs = 'abc': input should be a valid integer"),
        ("train.epochs", 1.5, "train.epochs = 1.5"),
        ("train.epochs", True, "train.epochs = True"),
        ("train.learning_rate", "1e-3", "write 0.001"),
        ("train.learning_rate", float("nan"), "train.learning_rate = nan"),
        ("split.protocol", "randm", "'random', 'artist' or 'fault_filtered'"),
        ("split.validation", 0.25, "add up to 1"),
        ("split.test", 0.0, "above 0"),
        ("extract.n_jobs", 0, "n_jobs must be -1"),
        ("extract.min_seconds", 60.0, "must not exceed seconds"),
        ("fetch.fallback", "none", "fetch.fallback = 'none': it must be sample or null"),
        ("train.augment.degrade", 0, "train.augment.degrade = 0: it must hold parameters of its own"),
        ("fetch.mirrors", [], "fetch.mirrors = []"),
        ("fetch.mirrors", ["kagle"], "fetch.mirrors.0 = 'kagle'"),
        ("train.augment.degrade.noise", -0.1, "train.augment.degrade.noise = -0.1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_what_is_allowed(tmp_path, key, value, said):
    with pytest.raises(ParamsError) as caught:
        load_with(tmp_path, key, value)
    assert said in str(caught.value)


def test_a_misspelt_key_is_shown_with_the_nearest_known_one(tmp_path):
    with pytest.raises(ParamsError, match=r"train\.epoch is not a parameter; did you mean epochs\?"):
        load_with(tmp_path, "train.epoch", 5)
    with pytest.raises(ParamsError, match=r"train\.augment\.mixing is not a parameter"):
        load_with(tmp_path, "train.augment.mixing", 5)


def test_every_missing_key_is_named(tmp_path):
    for key, _ in leaves(yaml.safe_load(DEFAULTS)):
        values = yaml.safe_load(DEFAULTS)
        place = values
        for section in key[:-1]:
            place = place[section]
        del place[key[-1]]
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        with pytest.raises(ParamsError, match=re.escape(f"{'.'.join(key)} is missing")):
            params.load(path)


@pytest.mark.parametrize("text", ["", "[1, 2]", "fetch: [", "just text", "fetch: M\xfasica"])
def test_a_file_that_is_not_a_mapping_in_utf_8_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ParamsError, match=re.escape(str(path))) as caught:
        params.load(path)
    assert "\n" not in str(caught.value)


def test_the_error_of_a_missing_file_says_how_to_get_it_back(tmp_path):
    with pytest.raises(ParamsError, match="git checkout"):
        params.load(tmp_path / "params.yaml")


def test_the_baselines_configuration_is_valid_and_switches_off_what_it_did_not_have(tmp_path):
    values = yaml.safe_load(DEFAULTS)
    for line in (TOP / "starting_point.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            *sections, last = key.split(".")
            place = values
            for section in sections:
                place = place[section]
            assert last in place, key
            place[last] = yaml.safe_load(value)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    chosen = params.load(path)
    settings = FeatureSettings.of(chosen.extract)
    assert settings.n_frames(chosen.train.segment_seconds) == 1249 and settings.n_mels == 128
    assert chosen.train.architecture == "small_alexnet" and chosen.train.epochs == 200
    assert chosen.train.augment.on_levels == []

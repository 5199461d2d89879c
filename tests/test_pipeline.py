"""The whole pipeline as its users run it: `dvc repro` and `dvc exp run` in a fresh repository, on a tiny sample."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import TOP

TINY = {
    "fetch.dataset": "sample",
    "sample.clips_per_genre": 6,
    "sample.seconds": 6.0,
    "train.epochs": 1,
    "train.segment_seconds": 3.0,
    "train.test_segments": 2,
}
STAGES = ["fetch", "extract", "split", "train", "evaluate", "export", "plot"]


def run(folder: Path, *command: str, fails: bool = False) -> str:
    """Output of a command that must succeed, or must fail without a traceback."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c",
    }  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, output
    if fails:
        assert "Traceback" not in output
    return output


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)


def set_params(folder: Path, changes: dict) -> None:
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        section, name = key.split(".")
        values[section][name] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make_clone(folder: Path) -> Path:
    """A repository with the files that git would commit here, with tiny parameters, after one `dvc repro`."""
    listed = run(TOP, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    set_params(folder, TINY)
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "start")
    assert stages_run(run(folder, "dvc", "repro")) == STAGES
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "after dvc repro")
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    return make_clone(tmp_path_factory.mktemp("one") / "project")


def test_the_whole_pipeline_leaves_metrics_that_say_what_was_run(clone):
    evaluation = json.loads((clone / "metrics/evaluate.json").read_text())
    assert evaluation["dataset"] == "built-in sample" and evaluation["protocol"] == "random"
    assert evaluation["accuracy_low"] <= evaluation["accuracy"] <= evaluation["accuracy_high"]
    sizes = json.loads((clone / "metrics/split.json").read_text())["sizes"]
    assert sum(sizes.values()) == 60 and evaluation["n_clips"] == sizes["test"]
    assert json.loads((clone / "metrics/extract.json").read_text())["clips"] == 60


def test_no_data_reaches_git(clone):
    tracked = run(clone, "git", "ls-files").split()
    assert not [
        path for path in tracked if path.startswith(("data/", "models/")) and not path.startswith("models/released/")
    ]
    assert run(clone, "git", "status", "--porcelain") == ""


def test_a_second_repro_runs_nothing(clone):
    assert stages_run(run(clone, "dvc", "repro")) == []


def test_two_clones_end_with_the_same_bytes(clone, tmp_path):
    """Features, splits, model, metrics, curves and pictures: dvc.lock holds the md5 of each."""
    other = make_clone(tmp_path / "other")
    locked = "HEAD:dvc.lock"  # the clone may have gone on to experiments
    assert run(other, "git", "show", locked) == run(clone, "git", "show", locked)


def test_every_picture_is_drawn(clone):
    for stage in yaml.safe_load((clone / "dvc.yaml").read_text())["stages"].values():
        for out in stage["outs"]:
            path = next(iter(out)) if isinstance(out, dict) else out
            assert (clone / path).exists(), path
            if path.endswith(".png"):
                assert (clone / path).read_bytes()[:4] == b"\x89PNG"


def test_an_experiment_with_other_epochs_runs_train_evaluate_export_and_plot_alone(clone):
    assert stages_run(run(clone, "dvc", "exp", "run", "-S", "train.epochs=2")) == [
        "train",
        "evaluate",
        "export",
        "plot",
    ]
    lines = (clone / "plots/training/plots/metrics/train/loss.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["step", "0", "1"]
    table = run(clone, "dvc", "exp", "show", "--csv")
    assert "train.epochs" in table


def test_a_wrong_parameter_fails_with_its_key(clone):
    for setting, said in {
        "train.epochs=abc": "train.epochs = 'abc'",
        "split.test=0.5": "add up to",
    }.items():
        output = run(clone, "dvc", "exp", "run", "--temp", "-S", setting, fails=True)
        assert said in output, setting


def test_after_a_wrong_parameter_everything_can_be_had_back(clone):
    run(clone, "git", "checkout", ".")
    run(clone, "dvc", "checkout")
    before = (clone / "models/model.keras").read_bytes()
    assert "train.epochs = 0" in run(clone, "dvc", "exp", "run", "-S", "train.epochs=0", fails=True)
    run(clone, "git", "checkout", ".")
    run(clone, "dvc", "checkout")
    assert stages_run(run(clone, "dvc", "repro")) == []
    assert (clone / "models/model.keras").read_bytes() == before

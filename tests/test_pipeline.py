"""The whole pipeline as its users run it: `dvc repro` and `dvc exp run` in a fresh repository, on a tiny sample."""

import json
from pathlib import Path

import pytest
import yaml

from tests.projects import make_clone, run, stages_run

pytestmark = pytest.mark.slow
DEFAULT = {"train.architecture": "two_branch"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    return make_clone(tmp_path_factory.mktemp("one") / "project", DEFAULT)


def test_the_whole_pipeline_leaves_metrics_that_say_what_was_run(clone):
    evaluation = json.loads((clone / "metrics/evaluate.json").read_text())
    assert evaluation["dataset"] == "built-in sample" and evaluation["protocol"] == "random"
    assert evaluation["accuracy_low"] <= evaluation["accuracy"] <= evaluation["accuracy_high"]
    sizes = json.loads((clone / "metrics/split.json").read_text())["sizes"]
    assert sum(sizes.values()) == 60 and evaluation["n_clips"] == sizes["test"]
    assert json.loads((clone / "metrics/extract.json").read_text())["clips"] == 60


def test_no_data_reaches_git(clone):
    tracked = run(clone, "git", "ls-files").split()
    assert "plots/page.html" not in tracked
    assert not [path for path in tracked if path.startswith(("data/", "models/"))]
    assert run(clone, "git", "status", "--porcelain") == ""


def test_a_second_repro_runs_nothing(clone):
    assert stages_run(run(clone, "dvc", "repro")) == []


def test_two_clones_end_with_the_same_bytes(clone, tmp_path):
    """Features, splits, model, metrics, curves and pictures: dvc.lock holds the md5 of each."""
    elsewhere = {"HOME": str(tmp_path), "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    other = make_clone(tmp_path / "a folder of another name", DEFAULT, environment=elsewhere)
    locked = "HEAD:dvc.lock"  # experiments may have changed the clone's own file
    assert run(other, "git", "show", locked) == run(clone, "git", "show", locked)


def test_every_picture_is_drawn(clone):
    for stage in yaml.safe_load((clone / "dvc.yaml").read_text())["stages"].values():
        for out in stage["outs"]:
            path = next(iter(out)) if isinstance(out, dict) else out
            assert (clone / path).exists(), path
            if path.endswith(".png"):
                assert (clone / path).read_bytes()[:4] == b"\x89PNG"


def test_a_report_on_predictions_of_other_clips_is_refused(clone):
    predictions = clone / "plots/predictions.csv"
    before = predictions.read_text(encoding="utf-8")
    predictions.write_text(before.replace("blues.0000", "gone.0000"), encoding="utf-8")
    said = run(clone, "python", "-m", "genre", "report", fails=True)
    predictions.write_text(before, encoding="utf-8")
    assert "names clips that data/features lacks" in said


def test_the_report_is_written_on_the_run_and_its_commit(clone):
    run(clone, "python", "-m", "genre", "report")
    page = (clone / "report.html").read_text(encoding="utf-8")
    commit = run(clone, "git", "rev-parse", "HEAD").strip()
    for words in (commit[:10], "Built-in sample (synthetic)", "the working folder was clean", "those of the run"):
        assert words in page, words
    assert run(clone, "git", "status", "--porcelain") == ""


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


def test_after_a_wrong_parameter_everything_can_be_restored(clone):
    run(clone, "git", "checkout", ".")
    run(clone, "dvc", "checkout")
    before = (clone / "models/model.keras").read_bytes()
    assert "train.epochs = 0" in run(clone, "dvc", "exp", "run", "-S", "train.epochs=0", fails=True)
    run(clone, "git", "checkout", ".")
    run(clone, "dvc", "checkout")
    assert stages_run(run(clone, "dvc", "repro")) == []
    assert (clone / "models/model.keras").read_bytes() == before

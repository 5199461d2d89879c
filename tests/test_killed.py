"""Every stage killed by SIGKILL at chosen moments, as on a loss of power or memory, then `dvc repro` again."""

import json
import shutil

import numpy as np
import pytest

from tests.faults import Fault
from tests.projects import files_of, just_before, locked, run, set_params

MOMENTS = {
    "fetch": {
        "while the sample is synthesised": ("joblib.parallel:BatchCompletionCallBack.__call__", 20, "kill"),
        "before a clip gets its name": ("pathlib:Path.replace", 30, "kill"),
        "before dataset.json": ("genre.files:write_json", 1, "kill all"),
    },
    "extract": {
        "after half of the clips": ("joblib.parallel:BatchCompletionCallBack.__call__", 4, "kill"),
        "when the features are complete, before they get their name": ("pathlib:Path.replace", 4, "kill all"),
        "before the metrics": ("genre.files:write_json", 2, "kill"),
    },
    "split": {
        "before the split gets its name": ("pathlib:Path.replace", 1, "kill all"),
        "before the metrics": ("genre.files:write_json", 1, "kill"),
    },
    "evaluate": {
        "while it predicts": ("genre.model.predictions:predict_clips", 1, "kill all"),
        "between its tables": ("pathlib:Path.replace", 2, "kill"),
    },
    "export": {
        "before its info is in the file": ("genre.model.model_file:write_info", 1, "kill"),
        "before the exported model gets its name": ("pathlib:Path.replace", 1, "kill all"),
        "before the metrics": ("genre.files:write_json", 1, "kill"),
    },
    "plot": {
        "while it draws": ("genre.report.charts.style:save", 3, "kill"),
        "before a picture gets its name": ("pathlib:Path.replace", 5, "kill all"),
    },
}
# DVC itself, after extract has finished.
DVC_MOMENTS = {
    "before it hashes the outputs": ("dvc.output:Output.save", 1),
    "before it moves them into its cache": ("dvc.output:Output.commit", 1),
    "when the files are in its cache, before their list": ("dvc_data.hashfile.transfer:_add", 2),
    "before it links the cached files back": ("dvc.output:Output._checkout", 1),
    "before it writes dvc.lock": ("dvc.dvcfile:Lockfile.dump_stages", 1),
}
# With the epochs in the checkpoint at that moment, of both training runs together; each has four.
TRAIN_MOMENTS = {
    "while epoch 2 is validated": ("genre.training.loop:predict_clips", 2, "kill", 1),
    "while the checkpoint of epoch 2 is written": ("numpy.lib.format:write_array", 30, "kill", 1),
    "before that checkpoint gets its name": ("pathlib:Path.replace", 1, "kill all", 1),
    "between the checkpoint of epoch 2 and its point on the curves": ("dvclive:Live.next_step", 2, "kill all", 2),
    "between epochs 3 and 4": ("tqdm:tqdm.update", 1, "kill", 3),
    "between the training runs": ("genre.training.loop:prepare", 2, "kill", 4),
    "in the second training run": ("genre.training.checkpoint:save", 2, "kill all", 5),
    "while the model is written": ("zipfile:ZipFile.writestr", 4, "kill", 8),
    "between model and metrics": ("genre.files:write_json", 1, "kill all", 8),
}


def kill(project, fault: Fault) -> None:
    """Run `dvc repro` for the fault's stage, which must be killed."""
    output = run(project, "dvc", "repro", fault.stage, fails=True, faults=fault.environment())
    # -9 if the shell that DVC starts became the stage, 137 if it waited for the stage.
    assert fault.what == "kill all" or "exited with -9" in output or "exited with 137" in output, output


@pytest.mark.slow
@pytest.mark.parametrize("stage", MOMENTS)
def test_a_stage_killed_at_any_moment_ends_with_the_same_bytes_when_run_again(finished, tmp_path, stage):
    project = just_before(finished, stage, tmp_path / "project")
    expected = files_of(finished, stage)
    for moment, (call, nth, what) in MOMENTS[stage].items():
        kill(project, Fault(stage, call, nth, what))
        left = {path: content for path, content in files_of(project, stage).items() if not path.endswith(".tmp")}
        assert left.items() <= expected.items(), f"half-written under a final name, killed {moment}"
    run(project, "dvc", "repro", stage)
    assert locked(project, stage) == locked(finished, stage)


@pytest.mark.slow
def test_dvc_killed_while_it_saves_the_outputs_of_a_stage_ends_with_the_same_bytes(finished, tmp_path):
    project = just_before(finished, "extract", tmp_path / "project")
    shutil.rmtree(project / ".dvc/cache/files")  # so that nothing in it can be reused
    for call, nth in DVC_MOMENTS.values():
        run(project, "dvc", "repro", "extract", fails=True, faults=Fault("dvc", call, nth, "kill all").environment())
    run(project, "dvc", "repro", "extract")
    assert locked(project, "extract") == locked(finished, "extract")
    assert files_of(project, "extract") == files_of(finished, "extract")


@pytest.mark.slow
def test_train_killed_again_and_again_resumes_from_its_last_epoch_and_ends_with_the_same_bytes(finished, tmp_path):
    project = just_before(finished, "train", tmp_path / "project")
    for moment, (call, nth, what, epochs) in TRAIN_MOMENTS.items():
        kill(project, Fault("train", call, nth, what))
        with np.load(project / "models/.checkpoint.npz") as checkpoint:
            facts = json.loads(str(checkpoint["facts"]))
        assert len(facts["history"]) + facts["refit_epochs"] == epochs, f"killed {moment}"
        model = project / "models/model.keras"
        assert not model.exists() or model.read_bytes() == (finished / "models/model.keras").read_bytes()
    run(project, "dvc", "repro", "train")
    assert locked(project, "train") == locked(finished, "train")
    assert {path.name for path in (project / "models").iterdir()} == {"model.keras"}


@pytest.mark.slow
@pytest.mark.parametrize("change", ["train.seed=1", "split.seed=1"], ids=["parameter", "data"])
def test_a_changed_parameter_or_changed_data_starts_again_whatever_a_killed_run_left(finished, tmp_path, change):
    project, undisturbed = (just_before(finished, "train", tmp_path / name) for name in ("project", "undisturbed"))
    for folder in (project, undisturbed):
        set_params(folder, {"train.epochs": 2})
    kill(project, Fault("train", "tqdm:tqdm.update", 1))
    output = run(project, "dvc", "exp", "run", "-S", change, "train")
    assert "belongs to a different run, ignored" in output
    run(undisturbed, "dvc", "exp", "run", "-S", change, "train")
    assert locked(project, "train") == locked(undisturbed, "train")

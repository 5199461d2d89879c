"""A full or read-only disk in every stage: one clear line, nothing half-written, and the next run succeeds."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults import Fault, limit_file_size
from tests.projects import STAGES, files_of, just_before, locked, run

# Calls at which a stage's disk is suddenly full; the error names the call's first argument if that is a path.
CALLS = {
    "fetch": [("pathlib:Path.replace", 20)],
    "extract": [("genre.features.store:write_header", 2), ("pathlib:Path.replace", 4)],
    "split": [("pathlib:Path.replace", 1)],
    "train": [("dvclive:Live.next_step", 2), ("zipfile:ZipFile.writestr", 4)],
    "evaluate": [("pathlib:Path.replace", 2)],
    "export": [("pathlib:Path.replace", 1)],
    "plot": [("genre.report.charts.style:save", 3)],
}


def assert_clear(output: str, said: str) -> None:
    """One line says what is wrong and what to do; run() has checked that there is no traceback."""
    errors = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and re.search(said, errors[0]) and "then run again" in errors[0], output


def assert_nothing_half_written(project: Path, finished: Path, stage: str) -> None:
    left = {path: body for path, body in files_of(project, stage).items() if not path.startswith("plots/training")}
    assert left.items() <= files_of(finished, stage).items()
    assert not list((project / "data").glob(".*.tmp")) and not list((project / "models").glob(".*.tmp"))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_is_reported_and_the_stage_succeeds_once_there_is_space(finished, tmp_path, stage):
    project = just_before(finished, stage, tmp_path / "project")
    sizes = [len(content) for content in files_of(finished, stage).values()]
    for limit in (max(sizes) - 1, 100):  # too little for the largest file; for nearly all, but not joblib's semaphores
        output = run(project, "python", "-m", f"stages.{stage}", fails=True, faults=limit_file_size(limit))
        assert_clear(output, "(File too large|disk I/O error); make room")
        assert_nothing_half_written(project, finished, stage)
    for call, nth in CALLS[stage]:
        faults = Fault(stage, call, nth, "ENOSPC").environment()
        output = run(project, "python", "-m", f"stages.{stage}", fails=True, faults=faults)
        assert_clear(output, "No space left on device; make room")
        assert_nothing_half_written(project, finished, stage)
    run(project, "dvc", "repro", stage)
    assert locked(project, stage) == locked(finished, stage)


def read_only(project: Path) -> list[str]:
    """A command prefix under which the folder `project` can be read but not written."""
    if os.geteuid() != 0:  # root ignores permissions
        for path in [project, *(path for path in project.rglob("*") if path.is_dir())]:
            path.chmod(0o555)
        return []
    inside = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
    if shutil.which("unshare"):
        alone = ["unshare", "--mount", "sh", "-c", inside, str(project)]
        if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
            return alone
    pytest.skip("root ignores permissions, and may not mount read-only here")


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_read_only_project_is_reported_and_stays_as_it_is(finished, tmp_path, stage):
    project = just_before(finished, stage, tmp_path / "project")
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    try:
        output = run(project, *read_only(project), "python", "-m", f"stages.{stage}", fails=True)
    finally:
        for path in [project, *(path for path in project.rglob("*") if path.is_dir())]:
            path.chmod(0o755)
    assert_clear(
        output, "(Read-only file system|Permission denied|readonly database|unable to open database file); grant access"
    )
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before

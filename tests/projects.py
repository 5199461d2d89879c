"""Complete projects in temporary folders, as a user has them: a git repository, with DVC run as a process."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import yaml

from tests.conftest import TOP

TINY = {
    "fetch.dataset": "sample",
    "sample.clips_per_genre": 6,
    "sample.seconds": 6.0,
    "train.architecture": "small_alexnet",
    "train.epochs": 4,
    "train.batch_size": 9,  # several steps
    "train.segment_seconds": 3.0,
    "train.test_segments": 2,
}
STAGES = ["fetch", "extract", "split", "train", "evaluate", "export", "plot"]


def run(folder: Path, *command: str, fails: bool = False, faults: dict[str, str] | None = None) -> str:
    """The output of a command that must succeed, or fail without a traceback; `faults` extends its environment."""
    environment = os.environ | (faults or {}) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c",
    }  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
    reader.start()
    try:
        process.wait(timeout=600)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # processes that a killed one has left behind
    reader.join(timeout=5)  # the workers of DVC's queue keep the pipe open
    output = "".join(lines)
    assert (process.returncode != 0) == fails, output
    if fails:
        assert "Traceback" not in output, output
    return output


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)


def set_params(folder: Path, changes: dict) -> None:
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        section, name = key.split(".")
        values[section][name] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def make_clone(folder: Path, changes: dict | None = None, *, environment: dict[str, str] | None = None) -> Path:
    """A repository with the files that git would commit here, with tiny parameters, after one `dvc repro`."""
    listed = run(TOP, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    set_params(folder, TINY | (changes or {}))
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "start")
    assert stages_run(run(folder, "dvc", "repro", faults=environment)) == STAGES
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "after dvc repro")
    return folder


def copy_of(project: Path, folder: Path) -> Path:
    """Copy a project, with its cache."""
    shutil.copytree(project, folder, symlinks=True)
    return folder


def outs(project: Path, stage: str) -> list[Path]:
    """The outputs of a stage according to dvc.yaml."""
    described = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    listed = [*described.get("outs", []), *described.get("metrics", [])]
    return [project / (next(iter(out)) if isinstance(out, dict) else out) for out in listed]


def locked(project: Path, stage: str) -> dict:
    """The entry of a stage in dvc.lock, with the md5 of each input and output."""
    return yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"][stage]


def just_before(project: Path, stage: str, folder: Path) -> Path:
    """A copy of a finished project in which neither `stage` nor any later one has ever run."""
    copy_of(project, folder)
    shutil.rmtree(folder / ".dvc/cache/runs")
    lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))
    for later in STAGES[STAGES.index(stage) :]:
        del lock["stages"][later]
        for out in outs(folder, later):
            shutil.rmtree(out) if out.is_dir() else out.unlink()
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    return folder


def files_of(project: Path, stage: str) -> dict[str, bytes]:
    """The contents of the files that a stage has made so far, by path in the project."""
    found = [path for out in outs(project, stage) for path in ([out] if out.is_file() else out.rglob("*"))]
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in found if path.is_file()}

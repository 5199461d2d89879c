"""Provenance of the last run in the current folder: commit, uncommitted changes, and what DVC recorded."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from genre import files, paths
from genre.errors import DataError


@dataclass(frozen=True)
class Commit:
    """The checked-out commit and the uncommitted changes."""

    hash: str
    date: str  # ISO 8601
    subject: str
    changed: list[str]  # modified, deleted and untracked paths; empty if the folder is clean


def recorded_parameters() -> dict[str, dict[str, Any]]:
    """The parameters of each stage's last run, nested, by stage name; DataError if dvc.lock is missing or damaged."""
    with files.present(paths.LOCK):
        try:
            stages = yaml.safe_load(paths.LOCK.read_text(encoding="utf-8"))["stages"]
        except (yaml.YAMLError, TypeError):  # as with the marks of a merge conflict, or empty
            raise DataError(f"{paths.LOCK} is damaged; `git checkout HEAD {paths.LOCK}` brings it back") from None
    return {name: stage["params"]["params.yaml"] for name, stage in stages.items() if "params" in stage}


def commit() -> Commit | None:
    """The checked-out commit; None outside git."""
    described = _output("git", "log", "-1", "--format=%H%n%cI%n%s")
    changed = _output("git", "status", "--porcelain", "--no-renames", "-z")
    if described is None or changed is None:
        return None
    name, date, subject = described.split("\n", 2)  # the subject may be empty
    return Commit(name, date, subject.rstrip("\n"), [entry[3:] for entry in changed.split("\0") if entry])


def stale_stages() -> list[str] | None:
    """The stages whose inputs or outputs have changed since they ran; None if `dvc status` fails."""
    status = _output(sys.executable, "-m", "dvc", "status", "--json")
    return None if status is None else sorted(json.loads(status))


def _output(*command: str) -> str | None:
    """The standard output of a command; None if it is not installed or fails."""
    try:
        ran = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout.decode(errors="backslashreplace")  # file names need not be UTF-8

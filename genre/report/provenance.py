"""Where the last run in the current folder comes from: the commit, what differs from it, DVC's record of it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from genre import files, paths


@dataclass(frozen=True)
class Commit:
    """The commit that a working folder is at."""

    hash: str
    date: str  # ISO 8601
    subject: str
    changed: list[str]  # paths that differ from it or are new; empty where the folder is clean


def recorded_parameters() -> dict[str, dict[str, Any]]:
    """The parameters with which each stage ran last, by its name, nested; DataError where there is no dvc.lock."""
    with files.present(paths.LOCK):
        stages = yaml.safe_load(paths.LOCK.read_text(encoding="utf-8"))["stages"]
    return {name: stage["params"]["params.yaml"] for name, stage in stages.items() if "params" in stage}


def commit() -> Commit | None:
    """The commit that the folder is at; None outside git."""
    described = _output("git", "log", "-1", "--format=%H%n%cI%n%s")
    changed = _output("git", "status", "--porcelain", "--no-renames", "-z")
    if described is None or changed is None:
        return None
    name, date, subject = described.split("\n", 2)  # the subject may be empty
    return Commit(name, date, subject.rstrip("\n"), [entry[3:] for entry in changed.split("\0") if entry])


def stale_stages() -> list[str] | None:
    """The stages whose inputs or outputs have changed since they ran; None where DVC cannot say."""
    status = _output(sys.executable, "-m", "dvc", "status", "--json")
    return None if status is None else sorted(json.loads(status))


def _output(*command: str) -> str | None:
    """What a command prints; None where it is missing or fails."""
    try:
        ran = subprocess.run(command, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout.decode(errors="backslashreplace")  # a file's name need not be UTF-8

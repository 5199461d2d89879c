"""Where a run comes from: the commit, what differs from it, and the parameters that DVC recorded."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from genre import files


@dataclass(frozen=True)
class Commit:
    """The commit that a working folder is at."""

    hash: str
    date: str  # ISO 8601
    subject: str
    changed: list[str]  # paths that differ from it or are new; empty where the folder is clean


@dataclass(frozen=True)
class Provenance:
    commit: Commit | None  # None outside git
    stale: list[str] | None  # stages whose inputs or outputs changed since they ran; None where DVC cannot say
    parameters: dict[str, Any]  # of the last run, by their full names, such as train.epochs


def read(folder: Path) -> Provenance:
    """Where the results in the project `folder` come from; DataError where it has no dvc.lock."""
    parameters = recorded_parameters(folder / "dvc.lock")
    return Provenance(commit(folder), _stale(folder), parameters)


def recorded_parameters(lock: Path) -> dict[str, Any]:
    """The parameters with which each stage ran last, by their full names, in the order of the stages."""
    with files.present(lock):
        stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]
    recorded: dict[str, Any] = {}
    for name in ("fetch", "extract", "split", "train", *stages):
        recorded |= _flat(stages.get(name, {}).get("params", {}).get("params.yaml", {}))
    return recorded


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def commit(folder: Path) -> Commit | None:
    """The commit that `folder` is at; None outside git."""
    described = _output(folder, "git", "log", "-1", "--format=%H%n%cI%n%s")
    changed = _output(folder, "git", "status", "--porcelain", "--no-renames", "-z")
    if described is None or changed is None:
        return None
    name, date, subject = described.split("\n", 2)  # the subject may be empty
    return Commit(name, date, subject.rstrip("\n"), [entry[3:] for entry in changed.split("\0") if entry])


def _stale(folder: Path) -> list[str] | None:
    status = _output(folder, sys.executable, "-m", "dvc", "status", "--json")
    return None if status is None else sorted(json.loads(status))


def _output(folder: Path, *command: str) -> str | None:
    """What a command prints; None where it is missing or fails."""
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout.decode(errors="backslashreplace")  # a file's name need not be UTF-8

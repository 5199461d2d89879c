"""Measuring turn about: this project, the reference, this project, the reference, ... and what the machine is."""

import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

import psutil

from genre.errors import UserError

_EVERY = 0.02  # memory is looked at so often, in seconds


class Skipped(Exception):
    """Why a row cannot be measured here."""


class Failed(UserError):
    """A command that was to be measured went wrong."""


@dataclass(frozen=True)
class Row:
    """One thing to measure, and the figure that it is to reach."""

    name: str
    what: str
    reference: str
    goal: Literal["times faster", "at most", "at least", "none"]
    limit: float
    ours: Callable[[int], float]  # gets the number of the repetition; gives seconds, bytes or a rate
    theirs: Callable[[int], float]
    unit: str = "s"

    def ratio(self, ours: float, theirs: float) -> float:
        return theirs / ours if self.goal == "times faster" else ours / theirs

    def reached(self, ratio: float) -> bool | None:
        if self.goal == "none":
            return None
        return ratio <= self.limit if self.goal == "at most" else ratio >= self.limit


@dataclass
class Result:
    """What a row gave; the ratio is that of the medians."""

    row: Row
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    skipped: str = ""

    @property
    def ratio(self) -> float:
        return self.row.ratio(median(self.ours), median(self.theirs))

    def to_dict(self) -> dict[str, Any]:
        row = self.row
        facts = {"what": row.what, "reference": row.reference, "goal": row.goal, "limit": row.limit, "unit": row.unit}
        if self.skipped:
            return {"row": row.name, "skipped": self.skipped, **facts}
        return {
            "row": row.name,
            "ours": rounded(median(self.ours)),
            "theirs": rounded(median(self.theirs)),
            "ratio": rounded(self.ratio),
            "reached": row.reached(self.ratio),
            **facts,
            "all_ours": [rounded(value) for value in self.ours],
            "all_theirs": [rounded(value) for value in self.theirs],
        }


def turn_about(row: Row, repeats: int) -> Result:
    """Measure a row and its reference by turns, `repeats` times each."""
    result = Result(row)
    try:
        for number in range(repeats):
            result.ours.append(row.ours(number))
            result.theirs.append(row.theirs(number))
    except Skipped as reason:
        result.skipped = str(reason)
    return result


def run(command: list[str], *, folder: Path | None = None) -> str:
    """What a command printed; raises Failed where it did not succeed."""
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"`{' '.join(command)}` failed, exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def seconds(command: list[str], *, folder: Path | None = None) -> float:
    """Wall-clock time of a whole command."""
    begin = time.perf_counter()
    run(command, folder=folder)
    return time.perf_counter() - begin


def peak_memory(command: list[str]) -> float:
    """The most memory that a command and its children had of their own at a time, in bytes.

    On Linux anonymous memory alone: pages of the memory-mapped features are the system's cache, which it takes back
    as it likes. Elsewhere the resident set, which holds them.
    """
    most = 0
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        tree = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, _memory(tree))
            time.sleep(_EVERY)
    if process.returncode:
        raise Failed(f"`{' '.join(command)}` failed, exit code {process.returncode}")
    return most


def _memory(tree: psutil.Process) -> int:
    total = 0
    try:
        members = [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in members:
        try:
            total += _own_memory(member)
        except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            continue  # it ended just now
    return total


def _own_memory(process: psutil.Process) -> int:
    if not sys.platform.startswith("linux"):
        return process.memory_info().rss
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return 1024 * sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))


def environment() -> dict[str, str]:
    """For commands that run in another folder: the project can be imported from everywhere."""
    top = str(Path(__file__).resolve().parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [top, os.environ.get("PYTHONPATH", "")]))}


def machine() -> str:
    """Processor, cores, memory, operating system and Python, in one line."""
    model = platform.processor() or platform.machine()
    if sys.platform.startswith("linux"):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    memory = psutil.virtual_memory().total / 2**30
    load = f", load average at the start {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}{load}"
    )


def rounded(value: float) -> float | None:
    """Four digits; None, which JSON has, for what is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None

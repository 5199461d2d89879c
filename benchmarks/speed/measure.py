"""Interleaved measurements (this project, the reference, this project, ...) and their table."""

import math
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import psutil

from genre.errors import UserError

TOP = Path(__file__).resolve().parents[2]
HEAD = "| row | what | here | reference | there | ratio | target | met |\n|---|---|---|---|---|---|---|---|"


class Skipped(Exception):
    """A row cannot be measured here; the message is the reason."""


@dataclass(frozen=True)
class Row:
    """One thing to measure, its reference, and the target for their ratio."""

    name: str
    what: str
    reference: str
    goal: Literal["times faster", "at most", "at least"]
    limit: float
    ours: Callable[[int], float]  # called with the number of the repetition; returns a value in `unit`
    theirs: Callable[[int], float]
    unit: Literal["s", "clips/s"] = "s"


def compare(row: Row, repeats: int) -> dict[str, Any]:
    """Measure a row and its reference alternately, `repeats` times each; the ratio is that of the medians."""
    facts = {"row": row.name, "what": row.what, "reference": row.reference, "goal": row.goal, "limit": row.limit}
    ours, theirs = [], []
    try:
        for number in range(repeats):
            ours.append(row.ours(number))
            theirs.append(row.theirs(number))
    except Skipped as reason:
        return facts | {"skipped": str(reason)}
    here, there = median(ours), median(theirs)
    ratio = there / here if row.goal == "times faster" else here / there
    met = ratio <= row.limit if row.goal == "at most" else ratio >= row.limit
    result = {"ours": rounded(here), "theirs": rounded(there), "ratio": rounded(ratio), "met": met, "unit": row.unit}
    return facts | result | {"all_ours": [*map(rounded, ours)], "all_theirs": [*map(rounded, theirs)]}


def line(row: Row, result: dict[str, Any]) -> str:
    """The row of the table for a result."""
    target = f"{row.limit:g} {row.goal}" if row.goal == "times faster" else f"{row.goal} {row.limit:g}"
    if "skipped" in result:
        cells = ["", row.reference, "", "", target, f"not measured: {result['skipped']}"]
    else:
        here, there = (amount(result[key], row.unit) for key in ("ours", "theirs"))
        ratio = "" if result["ratio"] is None else f"{result['ratio']:.2f}"
        cells = [here, row.reference, there, ratio, target, "yes" if result["met"] else "**no**"]
    return f"| {' | '.join([f'`{row.name}`', row.what, *cells])} |"


def amount(value: float | None, unit: str) -> str:
    """A measurement with its unit; None means infinity."""
    if value is None:
        return "never"
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} {unit}"


def rounded(value: float) -> float | None:
    """Rounded to four significant digits; None for infinity, which JSON lacks."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def run(command: list[str]) -> str:
    """The output of a command; UserError if it fails."""
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"`{' '.join(command)}` failed with exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def seconds(command: list[str]) -> float:
    """Wall-clock time of a whole command, in s."""
    begin = time.perf_counter()
    run(command)
    return time.perf_counter() - begin


def machine() -> str:
    """Processor, cores, memory, operating system and Python, in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((text.partition(":")[2].strip() for text in lines if text.startswith("model name")), model)
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {system}, load average {psutil.getloadavg()[0]:.1f}"

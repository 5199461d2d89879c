"""Measure the pipeline's speed beside references, turn about, and print a table and, in the last line, JSON.

    python -m benchmarks.speed --audio DIR [--logmel NPZ] [--only ROW ...] [--repeats N]

DIR holds real clips in Kaggle's layout, <genre>/*.wav; they are repeated under new names. NPZ is as for
benchmarks.accuracy; without it, the rows about training on real spectrograms are left out. What is made for the
measurements goes to a temporary folder, or to --work, where the next run finds it again (4 GB at 50,000 clips).
Only the ratios say anything about the project; the times are this machine's.
"""

import argparse
import json
import math
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.speed import measure
from benchmarks.speed.measure import Result, Row
from benchmarks.speed.rows import Bench, rows
from genre import console
from genre.dataset.catalogue import CATALOG
from genre.errors import UserError

HEAD = "| row | what | here | reference | there | ratio | to reach | reached |\n|---|---|---|---|---|---|---|---|"


def line(result: Result) -> str:
    """A line of the table."""
    row = result.row
    if result.skipped:
        cells = ["", row.reference, "", "", goal(row), f"not measured: {result.skipped}"]
    else:
        ours, theirs = (amount(median(values), row.unit) for values in (result.ours, result.theirs))
        reached = {True: "yes", False: "**no**", None: ""}[row.reached(result.ratio)]
        cells = [ours, row.reference, theirs, f"{result.ratio:.2f}", goal(row), reached]
    return f"| {' | '.join([f'`{row.name}`', row.what, *cells])} |"


def goal(row: Row) -> str:
    return {
        "times faster": f"{row.limit:g} times faster",
        "at most": f"at most {row.limit:g}",
        "at least": f"at least {row.limit:g}",
        "none": "",
    }[row.goal]


def amount(value: float, unit: str) -> str:
    if math.isinf(value):
        return "never"
    if unit == "B":
        return f"{value / 2**20:.0f} MB"
    if unit == "clips/s":
        return f"{value:.0f} clips/s"
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR")
    parser.add_argument("--logmel", type=Path, metavar="NPZ")
    parser.add_argument("--tracks", type=Path, default=CATALOG, metavar="CSV")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="of every row and its reference")
    parser.add_argument("--clips", type=int, default=1000, metavar="N", help="in the folder that is extracted")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help="the rows whose names begin so")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder for what is made, kept")
    arguments = parser.parse_args()
    if arguments.repeats < 1 or arguments.clips < 1:
        raise UserError("--repeats and --clips must be at least 1")
    with TemporaryDirectory() as temporary:
        bench = Bench(
            audio=arguments.audio,
            work=arguments.work or Path(temporary),
            logmel=arguments.logmel,
            tracks=arguments.tracks,
            repeats=arguments.repeats,
            n_clips=arguments.clips,
        )
        every = rows(bench)
        chosen = [row for row in every if not arguments.only or row.name.startswith(tuple(arguments.only))]
        if not chosen:
            raise UserError(f"--only: no such row; there are {', '.join(row.name for row in every)}")
        machine = measure.machine()
        print(f"{machine}; {arguments.repeats} repetitions, medians\n\n{HEAD}", flush=True)
        results = []
        for row in chosen:
            results.append(measure.turn_about(row, arguments.repeats))
            print(line(results[-1]), flush=True)
    figures = [result.to_dict() for result in results]
    print(f"\n{json.dumps({'machine': machine, 'repeats': arguments.repeats, 'rows': figures})}")


if __name__ == "__main__":
    console.run(main)

"""Measure the pipeline's speed, interleaved with that of references; prints a table and, in the last line, JSON.

    python -m benchmarks.speed --audio DIR [--features DIR] [--only ROW ...] [--repeats N]

DIR holds real clips as <genre>/*.wav; they are repeated under new names. --features is a feature folder of GTZAN, for
the rows on training. Compare the ratios: the times are for this machine.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.speed.measure import HEAD, compare, line, machine
from benchmarks.speed.rows import Bench, rows
from genre import console, paths
from genre.errors import UserError


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR")
    parser.add_argument("--features", type=Path, default=paths.FEATURES, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="runs of each row; default: %(default)s")
    parser.add_argument("--clips", type=int, default=1000, metavar="N", help="to extract; default: %(default)s")
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help="only rows whose names start with these")
    arguments = parser.parse_args()
    if arguments.repeats < 1 or arguments.clips < 1:
        raise UserError("--repeats and --clips must be at least 1")
    with TemporaryDirectory() as temporary:
        bench = Bench(
            audio=arguments.audio.resolve(),
            features=arguments.features.resolve(),
            work=Path(temporary),
            n_clips=arguments.clips,
        )
        every = rows(bench)
        chosen = [row for row in every if not arguments.only or row.name.startswith(tuple(arguments.only))]
        if not chosen:
            raise UserError(f"--only: no such row; there are {', '.join(row.name for row in every)}")
        print(f"{machine()}; medians of {arguments.repeats}\n\n{HEAD}", flush=True)
        results = []
        for row in chosen:
            results.append(compare(row, arguments.repeats))
            print(line(row, results[-1]), flush=True)
    print(json.dumps({"machine": machine(), "repeats": arguments.repeats, "rows": results}))


if __name__ == "__main__":
    console.run(main)

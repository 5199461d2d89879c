"""The rows of the speed table, and the repeated clips that they are measured on."""

import json
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.speed.measure import Row, Skipped, run, seconds
from benchmarks.speed.tasks import BASELINE_FEATURES, command
from genre import files
from genre.dataset import folder

ALEXNET = "small_alexnet"


@dataclass(frozen=True)
class Bench:
    """Where the rows find clips and features, and the number of clips for the rows on extraction."""

    audio: Path
    features: Path
    work: Path  # folder for temporary data
    n_clips: int

    def raw(self, n_clips: int) -> str:
        """A folder as written by fetch, with `n_clips` symlinks to the clips of `audio`, repeated under new names."""
        target = self.work / f"raw{n_clips}"
        if not target.exists():
            found, rows = folder.read(self.audio).audio, []
            for number in range(n_clips):
                clip, round_ = found[number % len(found)], number // len(found)
                path = target / clip.genre / f"{Path(clip.path).stem}.{round_}{Path(clip.path).suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(self.audio / clip.path)
                rows.append((path.stem, clip.genre, path.relative_to(target).as_posix(), path.stem, clip.artist))
            columns = ["clip_id", "genre", "path", "sha256", "artist"]
            files.write_table(target / "clips.csv", pd.DataFrame(rows, columns=columns))
            files.write_json(target / "dataset.json", {"name": "benchmark", "source": "folder"})
        return str(target)

    def gtzan(self) -> str:
        """The feature folder of GTZAN; Skipped if there is none."""
        if not (self.features / "features.json").exists():
            raise Skipped("needs --features")
        return str(self.features)


def task(name: str, **arguments: Any) -> Any:
    """The result of a function of `benchmarks.speed.tasks`, run in a separate process."""
    return json.loads(run(command(name, **arguments)).splitlines()[-1])


def rows(bench: Bench) -> list[Row]:
    """Every row, in the order of the table."""
    return [*_extraction(bench), *_training(bench), *_commands(bench)]


def _extraction(bench: Bench) -> list[Row]:
    def extract(changes: dict[str, Any], _: int) -> float:
        return task("extract", raw=bench.raw(bench.n_clips), changes=changes)

    def reference(name: str, n_clips: int, _: int) -> float:
        return task(name, raw=bench.raw(n_clips))

    librosa = "librosa baseline: one process, librosa.load and melspectrogram"
    baseline, decode = partial(reference, "librosa_baseline", 100), partial(reference, "decode", bench.n_clips)
    what = "extract, default settings, per clip"
    return [
        Row("extract", what, librosa, "times faster", 8.0, partial(extract, {}), baseline),
        Row("extract-baseline", "extract, the baseline's settings, per clip", librosa, "times faster", 2.0,
            partial(extract, BASELINE_FEATURES), baseline),
        Row("decode", what, "decoding alone on the same cores", "at most", 1.7, partial(extract, {}), decode),
    ]  # fmt: skip


def _training(bench: Bench) -> list[Row]:
    def reach(architecture: str | None, seed: int) -> float:
        return task("reach", features=bench.gtzan(), architecture=architecture, seed=seed) or float("inf")

    def steady(ready: bool, _: int) -> float:
        return task("steady", features=bench.gtzan(), ready=ready)

    return [
        Row("reach", "training: time to 63.33 % validation accuracy", "the baseline's network and recipe",
            "times faster", 4.0, partial(reach, None), partial(reach, ALEXNET)),
        Row("input", "training: clips a second in a steady epoch", "the same on a single batch in memory",
            "at least", 0.85, partial(steady, False), partial(steady, True), "clips/s"),
    ]  # fmt: skip


def _commands(bench: Bench) -> list[Row]:
    def dvc(verb: str, _: int) -> float:
        if shutil.which("dvc") is None or "up to date" not in run(["dvc", "status"]):
            raise Skipped("`dvc repro` has something to do: run it first")
        return seconds(["dvc", verb])

    def importing(modules: str, _: int) -> float:
        return seconds([sys.executable, "-c", f"import {modules}"])

    def predict(_: int) -> float:
        return seconds([sys.executable, "-m", "genre", "predict", "--json", bench.raw(bench.n_clips)])

    def extract(_: int) -> float:
        return seconds(command("extract", raw=bench.raw(bench.n_clips), changes={}))

    start, starts = "numpy, pandas", ("stages.fetch", "stages.extract", "stages.split", "stages.plot", "genre.cli")
    return [
        Row("repro", "dvc repro with nothing to do", "dvc status", "at most", 1.5,
            partial(dvc, "repro"), partial(dvc, "status")),
        *(Row(f"start-{name.split('.')[1]}", f"start-up of {name}", f"python -c 'import {start}'", "at most", 2.5,
              partial(importing, name), partial(importing, start)) for name in starts),
        Row("predict", f"predict, a folder of {bench.n_clips} clips, whole command", "extract, whole command",
            "at most", 1.5, predict, extract),
    ]  # fmt: skip

"""The rows of the table: what is measured, beside what, and what is to be reached."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks.speed import inputs, measure
from benchmarks.speed.data_tasks import PLAIN
from benchmarks.speed.measure import Row, Skipped
from benchmarks.speed.task import command

START = "numpy, pandas"
ALEXNET = "small_alexnet"


@dataclass(frozen=True)
class Bench:
    """Where the rows find their clips, features and programs."""

    audio: Path
    work: Path  # folder for what is made
    logmel: Path | None
    tracks: Path
    repeats: int
    n_clips: int  # in a folder of many

    def raw(self, n_clips: int) -> str:
        return str(inputs.make_raw(self.audio, n_clips, self.work / f"raw{n_clips}"))

    def features(self, n_clips: int, **changes: Any) -> str:
        """Features of so many clips: those of the real ones, over and over."""
        name = "features" + "".join(f"-{value}" for value in changes.values())
        source = self.work / name
        if not source.exists():
            number("data_tasks.extract", raw=self.raw(100), out=str(source), changes=changes)
        return str(inputs.make_features(source, n_clips, self.work / f"{name}{n_clips}"))


def number(task: str, **arguments: Any) -> Any:
    """What a task gives, in a process of its own."""
    return json.loads(measure.run(command(task, **arguments)).splitlines()[-1])


def rows(bench: Bench) -> list[Row]:
    """Every row, in the order of the table."""
    return [*_extraction(bench), *_training(bench), *_commands(bench), *_scale(bench)]


def _extraction(bench: Bench) -> list[Row]:
    def default(_: int) -> float:
        return number("data_tasks.extract", raw=bench.raw(bench.n_clips))

    def librosas_settings(_: int) -> float:
        return number("data_tasks.extract", raw=bench.raw(bench.n_clips), changes=PLAIN)

    def plain(_: int) -> float:
        return number("data_tasks.plain", raw=bench.raw(100))

    def decode(_: int) -> float:
        return number("data_tasks.decode", raw=bench.raw(bench.n_clips))

    way = "the plain way: one process, librosa.load and melspectrogram"
    return [
        Row("extract", "extract, default settings, per clip", way, "times faster", 8.0, default, plain),
        Row("extract-plain", "extract, the plain way's settings, per clip", way, "times faster", 2.0,
            librosas_settings, plain),
        Row("decode", "extract, default settings, per clip", "decoding alone on the same cores", "at most", 1.7,
            default, decode),
    ]  # fmt: skip


def _training(bench: Bench) -> list[Row]:
    def real() -> dict[str, str]:
        if bench.logmel is None:
            raise Skipped("needs --logmel")
        return {"logmel": str(bench.logmel), "tracks": str(bench.tracks)}

    def reach(architecture: str | None, seed: int) -> float:
        seconds = number("network_tasks.reach", **real(), architecture=architecture, seed=seed)
        return float("inf") if seconds is None else seconds

    @cache
    def pairs() -> list[list[float]]:
        return number("network_tasks.steady", **real(), repeats=bench.repeats)

    own_size = {"n_fft": 1024, "hop_length": 512, "seconds": 29.0}

    def epoch_of_alexnet(_: int, **changes: Any) -> float:
        return number("network_tasks.epoch", features=bench.features(1000, **changes), architecture=ALEXNET)

    return [
        Row("reach", "training: time to 63.33 % validation accuracy, the starting point's figure",
            "the starting point's network and recipe",
            "times faster", 4.0, partial(reach, None), partial(reach, ALEXNET)),
        Row("own-size", "an epoch of the starting point's recipe, per clip, at 128 x 1249", "at 128 x 388", "none", 0.0,
            partial(epoch_of_alexnet, **own_size), epoch_of_alexnet),
        Row("input", "training: clips a second in a steady epoch", "bare forward and backward passes on a ready batch",
            "at least", 0.85, lambda turn: pairs()[turn][0], lambda turn: pairs()[turn][1], "clips/s"),
    ]  # fmt: skip


def _commands(bench: Bench) -> list[Row]:
    def dvc(verb: str, _: int) -> float:
        if shutil.which("dvc") is None or "up to date" not in measure.run(["dvc", "status"]):
            raise Skipped("`dvc repro` has something to do: run it first")
        return measure.seconds(["dvc", verb])

    def importing(what: str, _: int) -> float:
        return measure.seconds([sys.executable, "-c", f"import {what}"])

    def predict(_: int) -> float:
        return measure.seconds([sys.executable, "-m", "genre", "predict", "--json", bench.raw(bench.n_clips)])

    def extract(_: int) -> float:
        project = bench.work / "project"  # where the stage finds its input
        shutil.rmtree(project, ignore_errors=True)
        (project / "data").mkdir(parents=True)
        (project / "data/raw").symlink_to(Path(bench.raw(bench.n_clips)).resolve())
        shutil.copy("params.yaml", project)
        return measure.seconds([sys.executable, "-m", "stages.extract"], folder=project)

    return [
        Row("repro", "dvc repro with nothing to do", "dvc status", "at most", 1.5,
            partial(dvc, "repro"), partial(dvc, "status")),
        *(Row(f"start-{name}", f"start-up of {name}", f"python -c 'import {START}'", "at most", 2.5,
              partial(importing, f"stages.{name}"), partial(importing, START))
          for name in ("fetch", "extract", "split", "plot", "predict")),
        Row("predict", f"predict, a folder of {bench.n_clips} clips, whole command", "extract, whole command",
            "at most", 1.5, predict, extract),
    ]  # fmt: skip


def _scale(bench: Bench) -> list[Row]:
    """Peak memory and cost per clip as the number of clips grows."""
    tasks: dict[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
        "extract": lambda n: ("data_tasks.extract", {"raw": bench.raw(n)}),
        "split": lambda n: ("data_tasks.split", {"features": bench.features(n)}),
        "epoch": lambda n: ("network_tasks.epoch", {"features": bench.features(n)}),
        "evaluate": lambda n: ("network_tasks.evaluate", {"features": bench.features(n)}),
    }

    def memory(name: str, n_clips: int, _: int) -> float:
        task, arguments = tasks[name](n_clips)
        return measure.peak_memory(command(task, **arguments))

    def cost(name: str, n_clips: int, _: int) -> float:
        task, arguments = tasks[name](n_clips)
        return number(task, **arguments)

    return [
        *(Row(f"memory-{name}", f"peak memory of {name} at 10,000 clips", "at 1,000", "at most", 1.2,
              partial(memory, name, 10_000), partial(memory, name, 1000), "B")
          for name in ("extract", "epoch", "evaluate")),
        *(Row(f"cost-{name}-{n}", f"cost per clip of {name} at {n:,} clips", "at 1,000", "at most", 1.15,
              partial(cost, name, n), partial(cost, name, 1000))
          for name in tasks for n in (10_000, 50_000)),
    ]  # fmt: skip

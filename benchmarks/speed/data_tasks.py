"""What is measured of the stages that need no network library.

Times are in seconds per clip and leave out this process's imports, but not what worker processes need to start.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.speed import decoding
from genre import files, params
from genre.dataset import catalogue, splits
from genre.features import workers
from genre.features.settings import FeatureSettings
from stages import extract as stage

# What the plain way computes: linear power, 128 mel bands x 1249 frames.
PLAIN = {"n_fft": 1024, "hop_length": 512, "n_mels": 128, "seconds": 29.0, "scale": "power"}


def timed(work: Callable[[], Any]) -> float:
    """The wall-clock time of a call, in seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def extract(*, raw: str, changes: dict[str, Any] | None = None, out: str | None = None) -> float:
    """The extract stage's work at the parameters of params.yaml with some changes."""
    settings = replace(FeatureSettings.of(params.load().extract), **(changes or {}))
    with TemporaryDirectory() as folder:
        target = Path(out) if out else Path(folder) / "features"
        seconds = timed(lambda: stage.extract(Path(raw), target, settings, n_jobs=-1, max_skipped=0.05))
    return seconds / len(_paths(raw))


def plain(*, raw: str) -> float:
    """The plain way: one process, librosa as its documentation shows it, nothing written."""
    import librosa

    def one(path: Path) -> None:
        samples, rate = librosa.load(path, duration=PLAIN["seconds"])
        chosen = {name: PLAIN[name] for name in ("n_fft", "hop_length", "n_mels")}
        librosa.feature.melspectrogram(y=samples, sr=rate, **chosen)

    paths = _paths(raw)
    one(paths[0])  # librosa imports its parts when they are first used
    return timed(lambda: [one(path) for path in paths]) / len(paths)


def decode(*, raw: str) -> float:
    """Decoding alone with soundfile, on every core, in the same kind of processes as extraction."""
    paths = _paths(raw)
    return timed(lambda: list(workers.map_in_order(decoding.decode, paths, backend="loky", n_jobs=-1))) / len(paths)


def _paths(raw: str) -> list[Path]:
    return [Path(raw).resolve() / path for path in files.read_table(Path(raw) / "clips.csv").path]


def split(*, features: str) -> float:
    """The split stage's work: read the clips, deal them out, audit, write."""
    seconds = []
    with TemporaryDirectory() as folder:
        for _ in range(3):  # the first is slower, whatever the number of clips
            begin = time.perf_counter()
            clips = files.read_table(Path(features) / "clips.csv").set_index("clip_id")
            lists = catalogue.published_split(clips, catalogue.load())
            table = splits.split(clips, params.load().split, fault_filtered=lists)
            splits.audit(clips, table)
            files.write_table(Path(folder) / "splits.csv", table.reset_index())
            seconds.append(time.perf_counter() - begin)
    return min(seconds) / len(clips)

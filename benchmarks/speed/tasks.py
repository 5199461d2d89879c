"""The measured tasks: python -m benchmarks.speed.tasks NAME JSON runs one in a new process, timed without its imports.

Times are in seconds; the last line of stdout is the result as JSON.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genre import files, params
from genre.features.settings import FeatureSettings

BASELINE_FEATURES: dict[str, Any] = {"n_fft": 1024, "hop_length": 512, "n_mels": 128, "seconds": 29.0, "scale": "power"}
BASELINE_ACCURACY = 0.6333  # on the baseline's own random split


def command(task: str, **arguments: Any) -> list[str]:
    """The command that runs a function of this module; the arguments are passed as JSON."""
    return [sys.executable, "-m", "benchmarks.speed.tasks", task, json.dumps(arguments)]


def timed(work: Callable[[], Any]) -> float:
    """Wall-clock time of a call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def extract(raw: str, changes: dict[str, Any]) -> float:
    """The extract stage, with some settings changed; per clip."""
    from stages import extract as stage

    settings = replace(FeatureSettings.of(params.load().extract), **changes)
    with TemporaryDirectory() as folder:
        target = Path(folder, "features")
        elapsed = timed(lambda: stage.extract(Path(raw), target, settings, n_jobs=-1, max_skipped=0.05))
    return elapsed / len(_audio(raw))


def librosa_baseline(raw: str) -> float:
    """librosa in one process, used as in its documentation, writing nothing; per clip."""
    import librosa

    def one(path: Path) -> None:
        samples, rate = librosa.load(path, duration=BASELINE_FEATURES["seconds"])
        chosen = {name: BASELINE_FEATURES[name] for name in ("n_fft", "hop_length", "n_mels")}
        librosa.feature.melspectrogram(y=samples, sr=rate, **chosen)

    audio = _audio(raw)
    one(audio[0])  # not timed: librosa imports its submodules on first use

    def all_clips() -> None:
        for path in audio:
            one(path)

    return timed(all_clips) / len(audio)


def decode(raw: str) -> float:
    """Decoding alone with soundfile, in the same number and kind of processes as extraction; per clip."""
    import joblib
    import soundfile

    def decode_file(path: Path) -> int:  # pickled by value, so that workers import only soundfile
        return len(soundfile.read(path, dtype="float32")[0])

    audio = _audio(raw)
    parallel = joblib.Parallel(n_jobs=-1, batch_size=8)
    return timed(lambda: parallel(joblib.delayed(decode_file)(path) for path in audio)) / len(audio)


def _audio(raw: str) -> list[Path]:
    return [Path(raw) / path for path in files.read_table(Path(raw) / "clips.csv").path]


def _training(features: str, *, architecture: str | None = None, **changes: Any) -> tuple[Any, Any, Any]:
    """Features, a random split of their clips, and the recipe without refit."""
    from benchmarks.accuracy import split_clips
    from benchmarks.recipe import recipe
    from genre.features import store

    data, defaults = store.read(Path(features)), params.load()
    parts = split_clips(data, defaults.split.model_copy(update={"protocol": "random", "seed": 0}))
    chosen = recipe(defaults.train, architecture=architecture, overrides=["train.refit=false"])
    return data, parts, chosen.model_copy(update=changes)


def steady(features: str, ready: bool) -> float:
    """Clips per second in the second of two epochs without validation; if `ready`, all on one batch in memory."""
    from genre.training import device
    from genre.training.setup import prepare

    (data, parts, chosen), ends = _training(features, epochs=2), []
    rows = data.rows(parts, "train")
    with device.prepared(chosen.precision):
        model, batches = prepare(data, rows, chosen, genres=sorted(data.clips.genre.unique()))
        stream = itertools.repeat(batches.batch(0, 0)) if ready else batches.from_epoch(0)
        for _ in range(2):
            for segments, labels in itertools.islice(stream, batches.steps):
                model.train_on_batch(segments, labels)
            ends.append(time.perf_counter())
    return len(rows) / (ends[1] - ends[0])


def reach(features: str, architecture: str | None, seed: int) -> float | None:
    """Time from the call of `train` until an epoch reaches BASELINE_ACCURACY in validation; None if none does."""
    from genre.training.loop import train

    class Reached(Exception):
        pass

    def report(scores: Any) -> None:
        if scores.val_accuracy >= BASELINE_ACCURACY:
            raise Reached

    data, parts, chosen = _training(features, architecture=architecture, seed=seed)
    begin = time.perf_counter()
    try:
        train(data, parts, chosen, report=report)
    except Reached:
        return time.perf_counter() - begin
    return None


def main() -> None:
    task, arguments = sys.argv[1:]
    print(json.dumps(globals()[task](**json.loads(arguments))))


if __name__ == "__main__":
    main()

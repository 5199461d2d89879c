"""What is measured, each in a process of its own, without its imports: python -m benchmarks.speed.tasks NAME JSON.

Times are in seconds; the last line of stdout is the result as JSON.
"""

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
    """The command that runs a function of this module, with arguments that JSON can hold."""
    return [sys.executable, "-m", "benchmarks.speed.tasks", task, json.dumps(arguments)]


def timed(work: Callable[[], Any]) -> float:
    """Wall-clock time of a call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def extract(raw: str, changes: dict[str, Any]) -> float:
    """The extract stage's work per clip, with some parameters changed."""
    from stages import extract as stage

    settings = replace(FeatureSettings.of(params.load().extract), **changes)
    with TemporaryDirectory() as folder:
        target = Path(folder, "features")
        elapsed = timed(lambda: stage.extract(Path(raw), target, settings, n_jobs=-1, max_skipped=0.05))
    return elapsed / len(_audio(raw))


def librosa_baseline(raw: str) -> float:
    """One process, librosa as its documentation shows it, nothing written; per clip."""
    import librosa

    def one(path: Path) -> None:
        samples, rate = librosa.load(path, duration=BASELINE_FEATURES["seconds"])
        chosen = {name: BASELINE_FEATURES[name] for name in ("n_fft", "hop_length", "n_mels")}
        librosa.feature.melspectrogram(y=samples, sr=rate, **chosen)

    audio = _audio(raw)
    one(audio[0])  # librosa imports its parts when they are first used

    def every() -> None:
        for path in audio:
            one(path)

    return timed(every) / len(audio)


def decode(raw: str) -> float:
    """Decoding alone with soundfile, in as many processes of the same kind as extraction; per clip."""
    import joblib

    from benchmarks.speed.decoding import decode_file

    audio = _audio(raw)
    parallel = joblib.Parallel(n_jobs=-1, batch_size=8)
    return timed(lambda: parallel(joblib.delayed(decode_file)(path) for path in audio)) / len(audio)


def _audio(raw: str) -> list[Path]:
    return [Path(raw) / path for path in files.read_table(Path(raw) / "clips.csv").path]


class _Training:
    """A random split of a feature folder, and a recipe without a second training."""

    def __init__(self, features: str, *, architecture: str | None = None, **changes: Any) -> None:
        from benchmarks.accuracy import split_clips
        from benchmarks.recipe import recipe
        from genre.features import store

        defaults = params.load()
        self.features = store.read(Path(features))
        self.parts = split_clips(self.features, defaults.split.model_copy(update={"protocol": "random", "seed": 0}))
        chosen = recipe(defaults.train, architecture=architecture, overrides=[])
        self.recipe = chosen.model_copy(update={"refit": False, **changes})

    def size(self, part: str) -> int:
        return int((self.parts == part).sum())


def epoch(features: str) -> float:
    """The second training epoch with its validation, per training clip."""
    from genre.training.loop import train

    training, ends = _Training(features, epochs=2), []
    train(training.features, training.parts, training.recipe, report=lambda scores: ends.append(time.perf_counter()))
    return (ends[1] - ends[0]) / training.size("train")


def steady(features: str, ready: bool) -> float:
    """Clips a second in the second of two epochs without validation; with `ready`, on one batch that is in memory."""
    import keras
    import tensorflow as tf

    from genre.model.networks import NETWORKS, InputShape
    from genre.training import device
    from genre.training.batches import SegmentBatches

    training, chosen = _Training(features), _Training(features).recipe
    data, rows = training.features, training.features.rows(training.parts, "train")
    genres = sorted(data.clips.genre.unique())
    frames = data.settings.segment_frames(chosen.segment_seconds)
    with device.prepared(chosen.precision, seed=0):
        model = NETWORKS[chosen.architecture](InputShape(frames, data.settings.n_mels, len(genres)))
    model.compile("adam", ["categorical_crossentropy"] * len(model.outputs))
    one_hot = keras.utils.to_categorical(data.labels(rows, genres), len(genres))
    batches = SegmentBatches(
        data, rows, one_hot, params=chosen, segment_frames=frames, n_members=model.outputs[1].shape[1]
    )
    stream = tf.data.Dataset.from_tensors(batches.batch(0, 0)).repeat() if ready else batches.stream(0)
    ends: list[float] = []
    stamp = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    model.fit(stream, steps_per_epoch=batches.steps, epochs=2, callbacks=[stamp], shuffle=False, verbose=0)
    return len(rows) / (ends[1] - ends[0])


def reach(features: str, architecture: str | None, seed: int) -> float | None:
    """Time from the call of `train` to the epoch with BASELINE_ACCURACY on the validation part; None if none has."""
    from genre.training.loop import train

    class Reached(Exception):
        pass

    def report(scores: Any) -> None:
        if scores.val_accuracy >= BASELINE_ACCURACY:
            raise Reached

    training, begin = _Training(features, architecture=architecture, seed=seed), time.perf_counter()
    try:
        train(training.features, training.parts, training.recipe, report=report)
    except Reached:
        return time.perf_counter() - begin
    return None


def evaluate(features: str) -> float:
    """The evaluation of a network of the default architecture, per test clip; the first one compiles."""
    from genre.training.loop import train
    from stages import evaluate as stage

    training = _Training(features, epochs=1)
    few = training.parts[training.parts != "test"].groupby(training.features.clips.genre).head(20)
    trained = train(training.features, few, training.recipe)
    info = trained.info(training.features, training.recipe, protocol="random")

    def once() -> None:
        stage.evaluate(trained.model.predict_on_batch, info, training.features, training.parts)

    once()
    return timed(once) / training.size("test")


def main() -> None:
    task, arguments = sys.argv[1:]
    print(json.dumps(globals()[task](**json.loads(arguments))))


if __name__ == "__main__":
    main()

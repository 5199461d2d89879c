"""Train the released model, with the default recipe on real GTZAN, and measure it.

    python -m benchmarks.release [--features DIR] [--audio DIR] [--out DIR]

Trains on the fault-filtered lists with the seed of params.yaml, evaluates the exported model, and writes it with
card.json (every figure) and README.md (the model card). With --audio, a folder of GTZAN clips, also measures its
robustness. The same versions on the same kind of processor give the same bytes.
"""

import argparse
import hashlib
import logging
import platform
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy import Run, run, split_clips
from benchmarks.card import write_card
from benchmarks.robustness import measure, read_clips
from genre import console, params, paths
from genre.dataset.splits import audit
from genre.errors import DataError
from genre.features import store
from genre.features.settings import FeatureSettings
from genre.features.store import Features
from genre.model import exported, model_file
from genre.model.exported import RELEASED
from genre.model.scores import summary
from stages.evaluate import evaluate
from stages.export import export

PROTOCOL = "fault_filtered"

log = logging.getLogger(__name__)


def release(result: Run, features: Features, out: Path) -> dict[str, Any]:
    """Export the model of a run to `out`, and return the figures for its card.

    The test figures are those of the exported model, not of the Keras model that it was converted from.
    """
    with tempfile.TemporaryDirectory() as folder:
        keras_file = Path(folder, "model.keras")
        model_file.save(result.model, result.info, keras_file)
        facts = export(keras_file, out, features, result.parts)
    network, info = exported.load(out)
    predictions = evaluate(network, info, features, result.parts)
    return {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        **facts,
        "architecture": info.architecture,
        "parameters": result.parameters,
        "temperature": info.temperature,
        "dataset": f"real GTZAN log-mel spectrograms, {info.settings.frames_per_second:.1f} frames/s, 8 bit, "
        f"{len(features.clips)} clips",
        "protocol": PROTOCOL,
        "best_epoch": result.best_epoch,
        "validation_accuracy": round(result.val_accuracy, 6),
        "test_accuracy_without_refit": result.accuracy_without_refit and round(result.accuracy_without_refit, 6),
        "test": summary(predictions),
        "confusion": {
            genre: dict(zip(info.genres, row.tolist(), strict=True))
            for genre, row in zip(info.genres, predictions.confusion, strict=True)
        },
        "audit": audit(features.clips, result.parts.to_frame("split")),
        "extract": asdict(info.settings),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy", "ai-edge-litert")}
        | {"python": platform.python_version()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--features", type=Path, default=paths.FEATURES, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--audio", type=Path, metavar="DIR", help="GTZAN clips, to measure robustness")
    parser.add_argument("--out", type=Path, default=RELEASED.parent, metavar="DIR", help="default: genre/released")
    arguments = parser.parse_args()

    defaults = params.load()
    features = store.read(arguments.features)
    if features.settings != FeatureSettings.of(defaults.extract):
        raise DataError(f"{arguments.features} was extracted with other parameters than params.yaml has: extract again")
    parts = split_clips(features, defaults.split.model_copy(update={"protocol": PROTOCOL}))
    result = run(features, parts, defaults.train, protocol=PROTOCOL)
    model = arguments.out / RELEASED.name
    card = release(result, features, model) | {"recipe": defaults.train.model_dump()}
    if arguments.audio:
        card["robustness"] = measure(read_clips(arguments.audio), model)
    write_card(card, arguments.out)
    log.info(
        "%s: test accuracy %.1f %% on %d clips, %.2f MB",
        model, 100 * card["test"]["accuracy"], card["test"]["n_clips"], card["bytes"] / 1e6,
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

"""Make the released model again: the default recipe on real GTZAN, with the figures of that very model.

    python -m benchmarks.release --logmel NPZ [--tracks CSV] [--out models/released]

Trains on the fault-filtered lists with the seed of params.yaml, tests the exported model, and writes it with card.json
(every figure) and README.md (the model card). With the same versions and kind of processor, the bytes are the same.
"""

import argparse
import hashlib
import logging
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy import Run, read_features, run
from benchmarks.card import model_card
from genre import console, files, params
from genre.dataset import catalogue
from genre.dataset.splits import audit
from genre.features.settings import FeatureSettings
from genre.features.store import Features
from genre.model import model_file
from genre.model.exported import RELEASED
from genre.model.scores import summary
from stages.evaluate import evaluate
from stages.export import export

PROTOCOL = "fault_filtered"

log = logging.getLogger(__name__)


def release(result: Run, features: Features, out: Path) -> dict[str, Any]:
    """Write the exported model of a run to `out`; everything that its card tells.

    The figures are those of the exported model on the test part, not of the Keras model that it was made from.
    """
    with tempfile.TemporaryDirectory() as folder:
        keras_file = Path(folder, "model.keras")
        model_file.save(result.model, result.info, keras_file)
        exported = export(keras_file, out, features, result.parts)
    network, info = exported.load(out)
    predictions = evaluate(network, info, features, result.parts)
    return {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        **exported,
        "architecture": info.architecture,
        "parameters": result.parameters,
        "temperature": info.temperature,
        "dataset": f"real GTZAN log-mel spectrograms, {info.settings.frames_per_second:.1f} frames/s, 8 bit, "
        f"{len(features.clips)} clips",
        "protocol": PROTOCOL,
        "validation_accuracy": round(result.val_accuracy, 4),
        "test": summary(predictions),
        "confusion": {
            genre: dict(zip(info.genres, row.tolist(), strict=True))
            for genre, row in zip(info.genres, predictions.confusion, strict=True)
        },
        "audit": audit(features.clips, result.parts.to_frame("split")),
        "extract": info.settings.to_dict(),
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy", "ai-edge-litert")}
        | {"python": platform.python_version()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, metavar="NPZ")
    parser.add_argument("--tracks", type=Path, default=catalogue.CATALOG, metavar="CSV")
    parser.add_argument("--out", type=Path, default=RELEASED.parent, metavar="DIR")
    arguments = parser.parse_args()

    defaults = params.load()
    tracks = catalogue.load(arguments.tracks)
    features = read_features(arguments.logmel, tracks)
    assert features.settings == FeatureSettings.of(defaults.extract), "the pipeline extracts otherwise"
    split_params = defaults.split.model_copy(update={"protocol": PROTOCOL})
    result = run(features, tracks.fault_filtered_split, split_params, defaults.train)
    card = release(result, features, arguments.out / RELEASED.name) | {"recipe": defaults.train.model_dump()}
    files.write_json(arguments.out / "card.json", card)
    files.write_text(arguments.out / "README.md", model_card(card))
    log.info(
        "%s: test accuracy %.1f %% on %d clips, %.2f MB",
        arguments.out / RELEASED.name, 100 * card["test"]["accuracy"], card["test"]["n_clips"], card["bytes"] / 1e6,
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

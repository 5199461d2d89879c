"""Train the network: data/features/ and data/splits.csv -> models/model.keras, plots/training/ and metrics/train.json.

    python -m stages.train

The best epoch by `train.select` is what is saved. The test part is not looked at. A run that was killed
goes on after its last finished epoch, from models/.checkpoint.npz, and ends with the same bytes.
"""

import logging
from pathlib import Path

from dvclive import Live

from genre import checkpoint, console, device, files, model_file, params, store, tables
from genre.checkpoint import EpochScores
from genre.training import train

FEATURES = Path("data/features")
SPLITS = Path("data/splits.csv")
MODEL = Path("models/model.keras")
CURVES = Path("plots/training")
METRICS = Path("metrics/train.json")
CHECKPOINT = MODEL.with_name(".checkpoint.npz")

log = logging.getLogger(__name__)


def log_epoch(live: Live, scores: EpochScores) -> None:
    """One point on each curve."""
    live.log_metric("train/loss", scores.loss)
    live.log_metric("train/accuracy", scores.accuracy)
    live.log_metric("validation/loss", scores.val_loss)
    live.log_metric("validation/accuracy", scores.val_accuracy)
    live.log_metric("learning_rate", scores.learning_rate)
    live.next_step()


def main() -> None:
    chosen = params.load().train
    protocol = files.read_json(Path("metrics/split.json"))["protocol"]
    features = store.read(FEATURES)
    split = tables.read(SPLITS).set_index("clip_id").split
    run = checkpoint.key(
        [chosen.model_dump_json(), *device.signature(chosen.precision)],
        [*sorted(FEATURES.iterdir()), SPLITS, *sorted(Path("genre").rglob("*.py"))],
    )
    with Live(str(CURVES), dvcyaml=None, save_dvc_exp=False) as live:
        trained = train(
            features,
            split,
            chosen,
            report=lambda scores: log_epoch(live, scores),
            save=lambda state: checkpoint.save(CHECKPOINT, state, run=run),
            resumed=checkpoint.load(CHECKPOINT, run=run),
        )
    info = trained.info(features, chosen, protocol=protocol)
    model_file.save(trained.model, info, MODEL)
    best = trained.history[trained.best_epoch - 1]
    files.write_json(
        METRICS,
        {
            "best_epoch": trained.best_epoch,
            "validation_accuracy": round(best.val_accuracy, 4),
            "validation_loss": round(best.val_loss, 4),
            "temperature": trained.temperature,
            "parameters": trained.model.count_params(),
        },
    )
    CHECKPOINT.unlink(missing_ok=True)
    log.info(
        "best epoch %d of %d: validation accuracy %.1f %%; %.0f s",
        trained.best_epoch, len(trained.history), 100 * best.val_accuracy, trained.seconds,
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main)

"""Train the network: data/features/ and data/splits.csv -> models/model.keras, plots/training/ and metrics/train.json.

    python -m stages.train

The curves and the validation figures are those of a network trained on the training set alone. With `train.refit`, the
saved network is trained again on the training and validation sets; otherwise it is the first one at its best epoch. The
test set is not used. A run that was killed resumes from models/.checkpoint.npz after its last finished epoch, and ends
with the same bytes.
"""

import logging
from pathlib import Path

import yaml
from dvclive import Live

from genre import console, files, params, paths
from genre.features import store
from genre.model import model_file
from genre.training import checkpoint, device
from genre.training.checkpoint import EpochScores
from genre.training.loop import train

log = logging.getLogger(__name__)


def log_epoch(live: Live, scores: EpochScores) -> None:
    """Add one point to each curve."""
    live.log_metric("train/loss", scores.loss)
    live.log_metric("train/accuracy", scores.accuracy)
    live.log_metric("validation/loss", scores.val_loss)
    live.log_metric("validation/accuracy", scores.val_accuracy)
    live.log_metric("learning_rate", scores.learning_rate)
    live.next_step()


def dependencies() -> list[Path]:
    """Every file that the stage depends on, as dvc.yaml lists it."""
    stage = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]["train"]
    found = {file for path in map(Path, stage["deps"]) for file in [path, *path.rglob("*")] if file.is_file()}
    return sorted(file for file in found if file.suffix != ".pyc")


def main() -> None:
    parameters = params.load()
    chosen = parameters.train
    features = store.read(paths.FEATURES)
    split = files.read_table(paths.SPLITS).set_index("clip_id").split
    run = checkpoint.key([chosen.model_dump_json(), *device.signature(chosen.precision)], dependencies())
    with Live(str(paths.CURVES), dvcyaml=None, save_dvc_exp=False) as live:
        trained = train(
            features,
            split,
            chosen,
            report=lambda scores: log_epoch(live, scores),
            save=lambda state: checkpoint.save(paths.CHECKPOINT, state, run=run),
            resumed=checkpoint.load(paths.CHECKPOINT, run=run),
        )
    info = trained.info(features, chosen, protocol=parameters.split.protocol)
    model_file.save(trained.model, info, paths.MODEL)
    files.write_json(
        paths.METRICS / "train.json",
        {
            "best_epoch": trained.best_epoch,
            # Of the network not trained on the validation set, in the number format in which it is saved.
            "validation_accuracy": round(trained.val_accuracy, 6),
            "validation_loss": round(trained.val_loss, 6),
            "temperature": trained.temperature,
            "refit": chosen.refit,
            "clips": trained.n_clips,  # that the saved network was trained on
            "parameters": trained.model.count_params(),
        },
    )
    paths.CHECKPOINT.unlink(missing_ok=True)
    log.info(
        "trained on %d clips in %.0f s; validation accuracy %.1f %%, at epoch %d of %d%s",
        trained.n_clips, trained.seconds, 100 * trained.val_accuracy, trained.best_epoch, len(trained.history),
        ", before the refit" if chosen.refit else "",
    )  # fmt: skip


if __name__ == "__main__":
    console.run(main, about=__doc__)

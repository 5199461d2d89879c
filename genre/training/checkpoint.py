"""The state of a run after an epoch, saved to disk so that a killed run can resume from it.

A checkpoint belongs to one run: it carries a key derived from everything that determines the run's result, and any
other run ignores it.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from genre import files

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochScores:
    """What is logged after an epoch; losses are mean cross-entropies in nats, accuracies are 0..1.

    The two losses are not comparable: a network can have a lower loss on the validation set than on its training set.
    """

    loss: float  # the training objective on augmented segments: the mean of the members' own losses
    accuracy: float  # of the network's predictions for the same segments
    val_loss: float  # of the network's predictions for whole clips
    val_accuracy: float  # of the same predictions
    learning_rate: float

    def rank(self, select: str) -> tuple[float, float]:
        """A sort key, larger is better: the validation `loss` or `accuracy`, with the other to break ties."""
        by_loss, by_accuracy = -self.val_loss, self.val_accuracy
        return (by_loss, by_accuracy) if select == "loss" else (by_accuracy, by_loss)


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to resume.

    A run has a first training, validated after every epoch, and with `train.refit` a second one, on the training and
    validation sets together.
    """

    history: Sequence[EpochScores] = ()  # of the completed epochs of the first training
    best_epoch: int = 0  # of the first training, counted from 1; 0: none yet
    best_weights: Sequence[np.ndarray] = ()  # of the network after that epoch
    state: Sequence[np.ndarray] = ()  # every variable of the model in training, its random generators and its optimizer
    refit_epochs: int = 0  # completed in the second training; 0: `state` belongs to the first


def key(texts: Iterable[str], paths: Iterable[Path]) -> str:
    """A hexadecimal SHA-256 of texts and the contents of files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def save(path: Path, checkpoint: Checkpoint, *, run: str) -> None:
    """Write a checkpoint of the run with the key `run`, atomically replacing the previous one."""
    facts = {
        "run": run,
        "history": [asdict(scores) for scores in checkpoint.history],
        "best_epoch": checkpoint.best_epoch,
        "weights": len(checkpoint.best_weights),  # how many of the arrays come before the state
        "refit_epochs": checkpoint.refit_epochs,
    }
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, *checkpoint.best_weights, *checkpoint.state, facts=np.array(json.dumps(facts)))


def load(path: Path, *, run: str) -> Checkpoint | None:
    """The checkpoint of the run with the key `run`; None if missing, damaged or of another run."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            facts = json.loads(str(archive["facts"]))
            if facts["run"] != run:
                log.info("%s belongs to a different run, ignored", path)
                return None
            arrays = [archive[name] for name in archive.files if name != "facts"]
            return Checkpoint(
                history=[EpochScores(**scores) for scores in facts["history"]],
                best_epoch=facts["best_epoch"],
                best_weights=arrays[: facts["weights"]],
                state=arrays[facts["weights"] :],
                refit_epochs=facts["refit_epochs"],
            )
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        log.warning("%s is damaged (%s), ignored: training starts from the beginning", path, error)
        return None

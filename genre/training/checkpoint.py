"""The state of a run after an epoch, on disk, so that a run that was killed resumes there.

A checkpoint belongs to one run: it carries a key made of everything that decides the run's result, and is ignored
by any other.
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

    The two losses differ in kind: a network can have a lower loss on the validation set than on its training set.
    """

    loss: float  # what is minimised: of augmented segments, the mean of the members' own losses
    accuracy: float  # of the same segments, of the network's prediction
    val_loss: float  # of clips, of the network's prediction
    val_accuracy: float
    learning_rate: float

    def rank(self, select: str) -> tuple[float, float]:
        """Larger is better: by the validation `loss` or `accuracy`; of equals, by the other."""
        by_loss, by_accuracy = -self.val_loss, self.val_accuracy
        return (by_loss, by_accuracy) if select == "loss" else (by_accuracy, by_loss)


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to resume.

    A run has a first training, which is validated after every epoch, and may have a second one, on all clips of the
    first and of its validation set (`train.refit`).
    """

    history: Sequence[EpochScores] = ()  # of the epochs of the first training that are done
    best_epoch: int = 0  # of the first training; 1 is its first epoch
    best_weights: Sequence[np.ndarray] = ()  # of the network at that epoch
    state: Sequence[np.ndarray] = ()  # every variable of the trained model, its random generators and its optimizer
    refit_epochs: int = 0  # of the second training that are done; 0: `state` is of the first


def key(texts: Iterable[str], paths: Iterable[Path]) -> str:
    """A hash of some texts and files' contents, hexadecimal."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def save(path: Path, checkpoint: Checkpoint, *, run: str) -> None:
    """Write a checkpoint of the run with the key `run`; it replaces the one before as a whole."""
    facts = {
        "run": run,
        "history": [asdict(scores) for scores in checkpoint.history],
        "best_epoch": checkpoint.best_epoch,
        "weights": len(checkpoint.best_weights),  # the arrays are these, then the state
        "refit_epochs": checkpoint.refit_epochs,
    }
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, *checkpoint.best_weights, *checkpoint.state, facts=np.array(json.dumps(facts)))


def load(path: Path, *, run: str) -> Checkpoint | None:
    """The checkpoint of the run with the key `run`; None where there is none, or it is damaged or another run's."""
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

"""The state of a training run after an epoch, on disk, so that a run that was killed goes on where it was.

A checkpoint belongs to one run: it carries a key made of everything that decides the run's result, and is ignored
by any other.
"""

import hashlib
import json
import logging
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from genre import files

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochScores:
    """What is logged after an epoch; losses are mean cross-entropies in nats, accuracies are 0..1.

    The two losses are not of one kind: a network can have a lower loss on the validation part than on its own.
    """

    loss: float  # what is minimised: of augmented segments with smoothed labels, the mean of a committee's members
    accuracy: float  # of the same segments, of the network's answer
    val_loss: float  # of clips with their plain labels, of the network's answer
    val_accuracy: float
    learning_rate: float

    def rank(self, select: str) -> tuple[float, float]:
        """Larger is better: by the validation `loss` or `accuracy`; of equals, by the other."""
        by_loss, by_accuracy = -self.val_loss, self.val_accuracy
        return (by_loss, by_accuracy) if select == "loss" else (by_accuracy, by_loss)


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on."""

    history: list[EpochScores]  # of the epochs that are done
    best_epoch: int  # 1 is the first
    best_weights: list[np.ndarray]  # of the model at its best epoch
    state: list[np.ndarray]  # every variable of the model, its random generators and its optimizer


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
    }
    arrays = {f"best_{i}": value for i, value in enumerate(checkpoint.best_weights)}
    arrays |= {f"state_{i}": value for i, value in enumerate(checkpoint.state)}
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)


def load(path: Path, *, run: str) -> Checkpoint | None:
    """The checkpoint of the run with the key `run`; None where there is none, or it is another run's or damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            facts = json.loads(str(archive["facts"]))
            if facts["run"] != run:
                log.info("%s is of another run and is not used", path)
                return None
            return Checkpoint(
                [EpochScores(**scores) for scores in facts["history"]],
                facts["best_epoch"],
                _numbered(archive, "best"),
                _numbered(archive, "state"),
            )
    except FileNotFoundError:
        return None
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        log.warning("%s is damaged (%s) and is not used; training starts anew", path, error)
        return None


def _numbered(archive: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    count = sum(member.startswith(f"{name}_") for member in archive.files)
    return [archive[f"{name}_{i}"] for i in range(count)]

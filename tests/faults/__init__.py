"""Faults injected into stages that run as real processes: killed, or a disk error, at a chosen moment.

The project's code has no hooks for this. With this folder on PYTHONPATH, Python imports its `sitecustomize` at
start-up, which wraps the function named by the fault, only in the process of the fault's stage.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "GENRE_TEST_FAULT"


@dataclass(frozen=True)
class Fault:
    """What happens in a stage, and when."""

    stage: str  # or "dvc", for DVC itself
    call: str  # "module:qualified.name" of the function whose call triggers it
    nth: int = 1  # which of its calls
    # kill: SIGKILL for the stage; kill all: also for DVC and all other processes of the run; or an OSError's name
    what: str = "kill"

    def environment(self) -> dict[str, str]:
        """Environment variables with which the fault happens in a process or in one that it starts."""
        return {"PYTHONPATH": str(Path(__file__).parent), VARIABLE: json.dumps(asdict(self))}


def limit_file_size(limit: int) -> dict[str, str]:
    """The environment in which no stage can write a file beyond `limit` bytes, whatever library writes it."""
    return {"PYTHONPATH": str(Path(__file__).parent), "GENRE_TEST_FILE_SIZE": str(limit)}

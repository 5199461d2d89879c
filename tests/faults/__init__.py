"""Faults for stages that run as real processes: killed, or refused by the disk, at a chosen moment.

The product has no hooks for this. Python imports `sitecustomize`, beside this file, at its start where PYTHONPATH names
this folder; there the function named by a fault is wrapped in the process of the fault's stage alone.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "GENRE_TEST_FAULT"


@dataclass(frozen=True)
class Fault:
    """What happens in a stage, and when."""

    stage: str  # or "dvc", for DVC itself
    call: str  # "module:qualified.name" of the function whose call is the moment
    nth: int = 1  # of its calls
    # kill: SIGKILL for the stage; kill all: also for DVC and all other processes of the run; or an OSError's name
    what: str = "kill"

    def environment(self) -> dict[str, str]:
        """What to add to a process's environment so that the fault happens in it or in a process that it starts."""
        return {"PYTHONPATH": str(Path(__file__).parent), VARIABLE: json.dumps(asdict(self))}


def limit_file_size(limit: int) -> dict[str, str]:
    """The environment in which no stage can write a file beyond `limit` bytes, whatever library writes it."""
    return {"PYTHONPATH": str(Path(__file__).parent), "GENRE_TEST_FILE_SIZE": str(limit)}


def run_environment() -> dict[str, str]:
    """This process's environment without faults."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GENRE_TEST_")}

"""One measurement in a process of its own, whose result is printed as JSON.

python -m benchmarks.speed.task MODULE.FUNCTION ARGUMENTS
"""

import importlib
import json
import sys
from typing import Any


def command(task: str, **arguments: Any) -> list[str]:
    """The command that calls a function of this package, such as `data_tasks.split`, with what JSON can hold."""
    return [sys.executable, "-m", "benchmarks.speed.task", task, json.dumps(arguments)]


def main() -> None:
    task, arguments = sys.argv[1:]
    module, _, function = task.rpartition(".")
    found = getattr(importlib.import_module(f"benchmarks.speed.{module}"), function)
    print(json.dumps(found(**json.loads(arguments))))


if __name__ == "__main__":
    main()

"""One measurement in a process of its own, whose result is printed as JSON.

python -m benchmarks.speed.task MODULE.FUNCTION ARGUMENTS
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any


def command(function: Callable, **arguments: Any) -> list[str]:
    """The command that calls a function of this package with keyword arguments that JSON can hold."""
    name = f"{function.__module__}.{function.__name__}"
    return [sys.executable, "-m", "benchmarks.speed.task", name, json.dumps(arguments)]


def main() -> None:
    name, arguments = sys.argv[1:]
    module, _, function = name.rpartition(".")
    print(json.dumps(getattr(importlib.import_module(module), function)(**json.loads(arguments))))


if __name__ == "__main__":
    main()

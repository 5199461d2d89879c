"""Imported by Python at start-up: installs a fault of `tests.faults` in the process of its stage."""

import errno
import functools
import importlib
import json
import os
import signal
import sys
from pathlib import Path


def _install(stage: str, call: str, nth: int, what: str) -> None:
    of_dvc = stage == "dvc" and Path(sys.argv[0]).name == "dvc"
    if not of_dvc and sys.orig_argv[1:] != ["-m", f"stages.{stage}"]:
        return
    sys.path.insert(0, str(Path.cwd()))  # as `-m` does later
    module, _, name = call.partition(":")
    *path, last = name.split(".")
    owner = functools.reduce(getattr, path, importlib.import_module(module))
    sys.path.pop(0)
    original = getattr(owner, last)
    calls = 0

    @functools.wraps(original)
    def faulty(*positional, **named):
        nonlocal calls
        calls += 1
        if calls == nth:
            _trigger(what, positional)
        return original(*positional, **named)

    setattr(owner, last, faulty)


def _trigger(what: str, arguments: tuple) -> None:
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "kill all":
        os.killpg(0, signal.SIGKILL)
    number = getattr(errno, what)
    where = [str(argument) for argument in arguments[:1] if isinstance(argument, os.PathLike)]
    raise OSError(number, os.strerror(number), *where)


def _limit(size: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


if "GENRE_TEST_FAULT" in os.environ:
    _install(**json.loads(os.environ["GENRE_TEST_FAULT"]))
if "GENRE_TEST_FILE_SIZE" in os.environ and any(argument.startswith("stages.") for argument in sys.orig_argv):
    _limit(int(os.environ["GENRE_TEST_FILE_SIZE"]))

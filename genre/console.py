"""How a program of the project talks to the terminal: log lines, and errors without tracebacks."""

import argparse
import errno
import logging
import os
import signal
import sqlite3
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from genre.errors import UserError

# The operating system's errors that say "your disk" or "your path", not "our bug", and what helps.
_DISK_ERRORS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "grant access"),
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "check the disk",
    errno.ELOOP: "remove the link",
}
# The same of DVC's own database, in which dvclive looks.
_DATABASE_ERRORS = {
    **dict.fromkeys((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), "make room"),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN), "grant access"),
}
_TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # turn the direction of writing (UAX 9)
# The extra of pyproject.toml that brings a package, where it is not `pipeline`.
_EXTRAS = {"matplotlib": "plot", "gradio": "app", "distributed": "dask", "dask": "dask"}


def start() -> None:
    """What a program does before its slow imports: an error of its user is one line from here on, not a traceback.

    Until `run` takes over, Ctrl-C ends the process at once: an exception would be lost in some packages' imports, or
    come out as another one's cause. Standard streams that the caller has closed lead nowhere.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's errors, not its lines about CPU and GPUs
    sys.excepthook = _show
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    while (lowest_free := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(lowest_free)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def run(main: Callable[[], int | None], *, about: str = "") -> None:
    """Run a program's `main` as the process's whole work and exit with its status.

    With `about`, the program takes no arguments: this text is its --help, and any other one is a usage error.

    Exit code 0 (or what `main` returns) on success, 1 after an error, 130 after Ctrl-C. What a user cannot cause is a
    bug and keeps its traceback.
    """
    if about:
        argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _warn_of_a_shallow_clone()
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    except Exception as error:
        if not (line := explain(error)):
            raise
        print(f"error: {line}", file=sys.stderr)
        status = 1
    try:
        sys.stdout.flush()
    except OSError:
        discard(sys.stdout.fileno())  # or Python tries once more as it exits, and complains
    sys.exit(status)


def explain(error: BaseException) -> str | None:
    """What a user can do about an error, in one line; None where it is a bug."""
    match error:
        case UserError():
            return str(error)
        case OSError() if error.errno in _DISK_ERRORS:
            where = error.filename or "the disk, or /dev/shm"
            return f"{where}: {error.strerror}; {_DISK_ERRORS[error.errno]}, then run again"
        case sqlite3.OperationalError():
            primary = error.sqlite_errorcode & 0xFF  # the rest says more closely what happened
            if help_ := _DATABASE_ERRORS.get(primary):
                return f"DVC's database: {error}; {help_}, then run again"
        case ModuleNotFoundError() if error.name and not error.name.startswith("genre."):
            package = error.name.partition(".")[0]
            extra = _EXTRAS.get(package, "pipeline")
            return (
                f"{package} is not installed for {sys.executable}: activate the project's environment, "
                f"or run `pip install '.[{extra}]'` in the project's folder"
            )
    return None


def printable(text: str) -> str:
    """`text` with what would break a line, command a terminal or turn the direction of writing escaped."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(letter) in _TURNING
        else letter
        for letter in text
    )


def discard(descriptor: int) -> None:
    """Let what is written to a file descriptor from now on lead nowhere."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def keep_stderr_for_python() -> None:
    """Drop what C libraries write to stderr; Python's messages alone are left."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
    discard(2)


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if line := explain(error):
        print(f"error: {line}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _warn_of_a_shallow_clone() -> None:
    """Warn where DVC runs a stage in a copy of a shallow clone: it reports success, and keeps nothing of it."""
    project = os.environ.get("DVC_ROOT")
    if project and Path(project).resolve() != Path.cwd() and Path(project, ".git/shallow").exists():
        print(
            f"warning: {project} is a shallow clone, of which DVC keeps no experiment that was queued or run with "
            "--temp; run `git fetch --unshallow` there, then this experiment again",
            file=sys.stderr,
        )

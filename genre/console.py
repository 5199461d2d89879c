"""Terminal setup for all of the project's programs: log lines, and one-line errors instead of tracebacks."""

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

# Operating system errors caused by the user's disk or paths, not by a bug, with the remedy.
_DISK_ERRORS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "grant access"),
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "check the disk",
    errno.ELOOP: "remove the link",
}
# The same for DVC's database, which dvclive reads.
_DATABASE_ERRORS = {
    **dict.fromkeys((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), "make room"),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN), "grant access"),
}
_BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # change the text direction (UAX 9)
# The extra in pyproject.toml that installs a package, where it is not `pipeline`.
_EXTRAS = {"matplotlib": "plot", "gradio": "app", "distributed": "dask", "dask": "dask"}


def start() -> None:
    """Prepare a program before its slow imports: from here on, a user error prints one line, not a traceback.

    Until `run` takes over, Ctrl-C kills the process at once: some packages swallow KeyboardInterrupt while they are
    imported, or raise another exception from it. Standard streams that the caller closed go to the null device.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # show TensorFlow's errors, hide its messages about CPU and GPUs
    sys.excepthook = _excepthook
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    while (lowest_free := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(lowest_free)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 - open until exit
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def run(main: Callable[[], int | None], *, about: str = "") -> None:
    """Run a program's `main` and exit the process with its status.

    With `about`, the program takes no arguments but --help, which prints this text.

    The exit code is 0 (or what `main` returns) on success, 1 after an error, 130 after Ctrl-C. An error that a user
    cannot cause is a bug and keeps its traceback.
    """
    if about:
        argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _warn_about_shallow_clone()
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
        discard(sys.stdout.fileno())  # or Python flushes again at exit and prints an error
    sys.exit(status)


def explain(error: BaseException) -> str | None:
    """One line on an error and what to do about it; None if it is a bug."""
    match error:
        case UserError():
            return str(error)
        case OSError() if error.errno in _DISK_ERRORS:
            where = error.filename or "the disk, or /dev/shm"
            return f"{where}: {error.strerror}; {_DISK_ERRORS[error.errno]}, then run again"
        case sqlite3.OperationalError():
            primary = error.sqlite_errorcode & 0xFF  # the higher bits hold the extended code
            if remedy := _DATABASE_ERRORS.get(primary):
                return f"DVC's database: {error}; {remedy}, then run again"
        case ModuleNotFoundError() if error.name and not error.name.startswith("genre."):
            package = error.name.partition(".")[0]
            extra = _EXTRAS.get(package, "pipeline")
            return (
                f"{package} is not installed for {sys.executable}: activate the project's environment, "
                f"or run `pip install '.[{extra}]'` in the project's folder"
            )
    return None


def printable(text: str) -> str:
    """Escape line breaks, control characters, surrogates, and characters that change the text direction."""
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(letter) in _BIDI
        else letter
        for letter in text
    )


def discard(descriptor: int) -> None:
    """Redirect a file descriptor to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def keep_stderr_for_python() -> None:
    """Discard what C libraries write to stderr; keep Python's own messages."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
    discard(2)


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if line := explain(error):
        print(f"error: {line}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _warn_about_shallow_clone() -> None:
    """Warn if DVC runs a stage in a copy of a shallow clone: it would report success but save no experiment."""
    project = os.environ.get("DVC_ROOT")
    if project and Path(project).resolve() != Path.cwd() and Path(project, ".git/shallow").exists():
        print(
            f"warning: {project} is a shallow clone, of which DVC keeps no experiment that was queued or run with "
            "--temp; run `git fetch --unshallow` there, then this experiment again",
            file=sys.stderr,
        )

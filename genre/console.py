"""How a stage talks to the terminal: log lines, and errors without tracebacks."""

import errno
import logging
import os
import sqlite3
import sys
from collections.abc import Callable

from genre.errors import UserError

# The operating system's errors that say "your disk" or "your path", not "our bug", and what helps.
_DISK_ERRORS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "grant access"),
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: "check the disk",
}
# The same of DVC's own database, in which dvclive looks.
_DATABASE_ERRORS = {
    **dict.fromkeys((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), "make room"),
    **dict.fromkeys((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN), "grant access"),
}


def run(main: Callable[[], int | None], *, libraries_may_talk: bool = True) -> None:
    """Run a stage's `main` as the process's whole work and exit with its status.

    Unless `libraries_may_talk`, what C libraries write to stderr is dropped, and Python's messages alone are left.

    Exit code 0 (or what `main` returns) on success, 1 after a `UserError` or a full, failing or read-only disk,
    130 after Ctrl-C. Any other exception is a bug and keeps its traceback.
    """
    if not libraries_may_talk:
        _keep_stderr_for_python()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        where = error.filename or "the disk"
        sys.exit(f"error: {where}: {error.strerror}; {_DISK_ERRORS[error.errno]}, then run again")
    except sqlite3.OperationalError as error:
        primary = error.sqlite_errorcode & 0xFF  # the rest says more closely what happened
        if primary not in _DATABASE_ERRORS:
            raise
        sys.exit(f"error: DVC's database: {error}; {_DATABASE_ERRORS[primary]}, then run again")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


def _keep_stderr_for_python() -> None:
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)

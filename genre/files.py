"""Write files whole or not at all: under a temporary name, then renamed. Read and write JSON and CSV tables."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre import paths
from genre.errors import DataError

if TYPE_CHECKING:  # slow to import, and not needed for prediction
    import pandas as pd

# Columns of clip tables that are read as text even if they look like a number or a missing value ("007", "NA").
_TEXT = ("clip_id", "genre", "artist", "sha256", "path", "reason", "split")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it is renamed to `path` if the block succeeds, and removed if not.

    The block may create a file or a folder there. Parent folders are created. A folder replaces an existing one; a file
    does not, as naming a file should never remove a folder: that raises DataError. The content is synced to disk before
    the rename, so that even a power failure leaves a complete file or none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A hash, as a name that already has the maximum length cannot be extended.
    temporary = path.with_name(f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.tmp")
    _remove(temporary)  # left by a run that was killed
    try:
        yield temporary
        _sync(temporary)
        if path.is_dir() and not path.is_symlink():
            if not temporary.is_dir():
                raise DataError(f"{path} is a folder, and a file should be written there; name another")
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        # A full-disk error names no file, a copy error names its source, and the temporary name would only confuse.
        named = [Path(str(name)) for name in (error.filename, error.filename2) if name is not None]
        if not named or any(name.is_relative_to(temporary) for name in named):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        _remove(temporary)


def _sync(path: Path) -> None:
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file() and os.name == "posix":  # Windows syncs only files open for writing
            with file.open("rb") as written:
                os.fsync(written.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with `\\n` line endings on every platform."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON; a NaN or infinity, which JSON lacks, raises ValueError."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; raises DataError if it is missing or damaged."""
    with present(path):
        return json.loads(path.read_text(encoding="utf-8"))


def read_table(path: Path) -> "pd.DataFrame":
    """Read a CSV of clips, its text columns as text; an empty field is empty text.

    Raises DataError if it is missing or damaged.
    """
    import pandas as pd

    with present(path):
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str), keep_default_na=False)
        if "clip_id" not in table:
            raise ValueError("it has no column clip_id")
        return table


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write the columns of a table, without its index, as CSV; equal tables give equal bytes."""
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # in a name: Python before 3.11.9 does not quote it, and it is read back as two lines
        text = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    write_text(path, text)


@contextmanager
def present(path: Path) -> Iterator[None]:
    """Turn a missing or damaged file into a DataError, which for an output of the pipeline says how to make it."""
    try:
        yield
    except ValueError as error:  # as JSON, CSV and NumPy's readers raise
        again = "; `dvc repro` makes it again" if paths.is_made_by_pipeline(path) else ""
        raise DataError(f"{path} is damaged ({str(error).splitlines()[0]}){again}") from None
    except (FileNotFoundError, NotADirectoryError):
        if paths.is_made_by_pipeline(path):
            raise DataError(f"{path} is missing; `dvc repro` makes it") from None
        raise DataError(f"{path} does not exist") from None

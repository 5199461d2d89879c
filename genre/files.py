"""Files that are either whole or not there: written under a temporary name, then renamed. JSON and tables as CSV."""

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

if TYPE_CHECKING:  # slow to import, and prediction does without
    import pandas as pd

# Columns of tables of clips that are text even where they look like numbers or like a missing value ("007", "NA").
_TEXT = ("clip_id", "genre", "artist", "sha256", "path", "reason", "split")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes `path`'s name if the block succeeds, and is removed if not.

    The block may make a file or a directory there. Parent directories are made. A directory takes the place of one that
    is there; a file never does, as nobody who names a file wants a folder removed: DataError. What was written is on
    the disk before it gets its name, so that a power failure too leaves a whole file or none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A hash, as a name of the longest allowed length has no room for more characters.
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
        # A full disk names no file, a copy names its source, and the temporary name means nothing to anyone.
        named = [Path(str(name)) for name in (error.filename, error.filename2) if name is not None]
        if not named or any(name.is_relative_to(temporary) for name in named):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        _remove(temporary)


def _sync(path: Path) -> None:
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file() and os.name == "posix":  # Windows syncs only what is open for writing
            with file.open("rb") as written:
                os.fsync(written.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with `\\n` line ends on every platform."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON; a NaN or infinity, which JSON lacks, raises ValueError."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file holds; raises DataError where a stage's file is not there."""
    with present(path):
        return json.loads(path.read_text(encoding="utf-8"))


def read_table(path: Path) -> "pd.DataFrame":
    """A CSV of clips, its text columns read as text; an empty field is empty text. DataError where it is missing."""
    import pandas as pd

    with present(path):
        return pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str), keep_default_na=False)


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write the columns of a table, without its index, as CSV; equal tables give equal bytes."""
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # in a name: Python before 3.11.9 does not quote it, and whoever reads it sees two lines
        text = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    write_text(path, text)


@contextmanager
def present(path: Path) -> Iterator[None]:
    """Within this block a missing file is a DataError; one of the pipeline's own says how to get it."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        if paths.is_made_by_pipeline(path):
            raise DataError(f"{path} is missing; `dvc repro` makes it") from None
        raise DataError(f"{path} does not exist") from None

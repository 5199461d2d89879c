"""Files that are either whole or not there: written under a temporary name, then renamed."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genre.errors import DataError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes `path`'s name if the block succeeds, and is removed if not.

    The block may make a file or a directory there. Parent directories are made. A directory takes the place of one that
    is there; a file never does, as nobody who names a file wants a folder removed: DataError.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A hash, as a name of the longest allowed length has no room for more characters.
    temporary = path.with_name(f".{hashlib.sha256(path.name.encode()).hexdigest()[:16]}.tmp")
    _remove(temporary)  # left by a run that was killed
    try:
        yield temporary
        if path.is_dir() and not path.is_symlink():
            if not temporary.is_dir():
                raise DataError(f"{path} is a folder, and a file should be written there; name another")
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        # A full disk does not say which file had no room, a copy names its source, and nobody knows the temporary.
        told = [Path(str(name)) for name in (error.filename, error.filename2) if name is not None]
        if not told or any(name.is_relative_to(temporary) for name in told):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        _remove(temporary)


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
        return json.loads(Path(path).read_text(encoding="utf-8"))


@contextmanager
def present(path: Path) -> Iterator[None]:
    """Within this block, a missing file of the pipeline is a DataError that says how to get it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path} is missing; `dvc repro` makes it") from None

"""Tables of clips on disk, as CSV."""

from pathlib import Path

import pandas as pd

from genre import files

# Clip ids and genres are text even where they look like numbers or like a missing value ("007", "NA").
_TEXT = {"clip_id": str, "genre": str, "artist": str, "sha256": str, "path": str, "reason": str, "split": str}


def read(path: Path) -> pd.DataFrame:
    """A CSV of clips, its text columns read as text; an empty field is empty text. DataError where it is missing."""
    with files.present(path):
        return pd.read_csv(path, dtype=_TEXT, keep_default_na=False)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write the columns of a table, without its index, as CSV; equal tables give equal bytes."""
    files.write_text(path, table.to_csv(index=False, lineterminator="\n"))

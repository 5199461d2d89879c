"""The folder data/raw: its metadata files, and adding audio files to it atomically."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd
from tqdm.contrib.concurrent import thread_map

from genre import files
from genre.dataset.audio_files import AudioFile

CLIPS = "clips.csv"
DATASET = "dataset.json"

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Dataset:
    """The contents of the folder, as written to clips.csv and dataset.json."""

    name: str
    source: str  # mirror (whichever one, since all have the same bytes), synthesised or folder
    clips: list[AudioFile]
    left_out: dict[str, str] = field(default_factory=dict)  # clip_id: reason
    passed_over: dict[str, dict[str, int]] = field(default_factory=dict)  # by class: {suffix or type: number of files}
    fallback: str | None = None  # why GTZAN could not be downloaded


def mark_incomplete(raw: Path, *, keep: Iterable[str] | None = None) -> None:
    """Call before the first change: removes dataset.json and, with `keep`, every file that is not in it."""
    (raw / DATASET).unlink(missing_ok=True)
    if keep is not None:
        _remove_others(raw, set(keep))


def mark_complete(raw: Path, dataset: Dataset) -> None:
    """Remove files that do not belong to `dataset`, and write clips.csv and, last of all, dataset.json.

    Both depend only on the arguments: no dates, no paths of this machine.
    """
    clips = sorted(dataset.clips, key=lambda clip: (clip.genre, clip.clip_id))
    _remove_others(raw, {CLIPS, DATASET, *(clip.path for clip in clips)})
    rows = in_threads(lambda clip: _row(clip, raw / clip.path), clips, desc=f"list {raw}")
    files.write_table(raw / CLIPS, pd.DataFrame(rows))
    facts = {
        "name": dataset.name,
        "source": dataset.source,
        "clips": len(clips),
        "genres": sorted({clip.genre for clip in clips}),
        "left_out": [{"clip_id": clip_id, "reason": reason} for clip_id, reason in dataset.left_out.items()],
        "passed_over": dataset.passed_over,
        "fallback": dataset.fallback,
    }
    files.write_json(raw / DATASET, facts)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], *, desc: str) -> list[Result]:
    """Map `work` over `items` in threads, keeping their order, with a progress bar; for I/O-bound work."""
    return thread_map(work, list(items), max_workers=8, desc=desc, unit="clip", mininterval=1)


def link_or_copy(source: Path, target: Path, link: Callable[[Path, Path], object]) -> None:
    """Create `target` from `source` with `link` (such as os.link), or by copying if the file system cannot do that."""
    with files.replacing(target) as temporary:
        try:
            link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def _row(clip: AudioFile, path: Path) -> dict[str, str | int]:
    """A row of clips.csv."""
    return {
        "clip_id": clip.clip_id,
        "genre": clip.genre,
        "path": clip.path,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "artist": clip.artist,
    }


def _remove_others(raw: Path, keep: set[str]) -> None:
    """Remove every file that is not in `keep`, and empty folders; symlinks are removed, never followed."""
    for parent, folders, names in os.walk(raw, topdown=False):
        for path in (Path(parent, name) for name in folders + names):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(raw).as_posix() not in keep:
                path.unlink()

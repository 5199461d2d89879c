"""What the benchmark works on: real clips, and features, repeated under new names up to a number."""

import os
import shutil
from pathlib import Path

import pandas as pd

from genre import files
from genre.dataset import folder
from genre.errors import DataError
from genre.features import store


def make_raw(audio: Path, n_clips: int, target: Path) -> Path:
    """A folder as fetch leaves it, with `n_clips` clips: links to the files of a dataset folder, over and over."""
    if target.exists():
        return target
    found = folder.read(audio)
    rows = []
    with files.replacing(target) as temporary:
        for number in range(n_clips):
            file, turn = found[number % len(found)], number // len(found)
            name = f"{Path(file.path).stem}.{turn}"
            place = temporary / file.genre / f"{name}{Path(file.path).suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            _link((audio / file.path).resolve(), place)
            path = place.relative_to(temporary).as_posix()
            rows.append((name, file.genre, path, place.stat().st_size, name, file.artist))
        columns = ["clip_id", "genre", "path", "bytes", "sha256", "artist"]
        table = pd.DataFrame(rows, columns=columns).sort_values(["genre", "clip_id"])
        files.write_table(temporary / "clips.csv", table)
        files.write_json(temporary / "dataset.json", {"name": "benchmark", "source": "folder"})
    return target


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:  # another file system, or more links than it allows
        shutil.copyfile(source, place)


def make_features(source: Path, n_clips: int, target: Path) -> Path:
    """A feature folder with `n_clips` clips, each with frames of its own: those of `source` over and over."""
    if target.exists():
        return target
    features = store.read(source)
    table = features.clips.reset_index()
    if not len(table):
        raise DataError(f"{source} holds no clips")
    rows = []
    with files.replacing(target) as temporary:
        temporary.mkdir()
        with store.FrameWriter(temporary / "frames.npy", settings=features.settings) as writer:
            for number in range(n_clips):
                clip, turn = table.iloc[number % len(table)], number // len(table)
                first, name = writer.n_frames, f"{clip.clip_id}.{turn}"
                writer.append(features.of(clip.clip_id))
                rows.append((name, clip.genre, f"artist {number // 5}", name, first, clip.n_frames, clip.seconds))
        files.write_table(temporary / "clips.csv", pd.DataFrame(rows, columns=store.CLIP_COLUMNS))
        facts = {"dataset": features.dataset, "settings": features.settings.to_dict()}
        files.write_json(temporary / "features.json", facts)
    return target

"""GTZAN, completed clip by clip from the mirrors in turn; no clip is used whose SHA-256 is not the catalogue's."""

import importlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from genre import files
from genre.dataset import catalogue, raw
from genre.dataset.audio_files import AudioFile
from genre.dataset.mirrors import Damaged, MirrorError
from genre.dataset.raw import Dataset
from genre.errors import DataError

log = logging.getLogger(__name__)


class NoMirror(DataError):
    """Nothing of GTZAN is there and no mirror gave anything: a fallback may take its place."""


def complete(folder: Path, scratch: Path, *, names: Sequence[str]) -> Dataset:
    """Bring every usable clip of GTZAN into `folder`; where all are there and right, no server is asked.

    `names` are mirrors, modules of this package, in the order in which they are asked; `scratch` is a folder on the
    same file system for a download that is under way. Raises NoMirror where nothing of GTZAN is there and every mirror
    was out of reach. DataError where clips are missing otherwise: a mirror gave wrong bytes, or a download broke off.
    """
    tracks = catalogue.load()
    left_out = {clip_id: reason for clip_id, reason in catalogue.BROKEN.items() if clip_id in tracks.index}
    tracks = tracks.drop(index=list(left_out)).fillna({"artist": ""})
    tracks["path"] = [f"{genre}/{clip_id}.wav" for clip_id, genre in tracks.genre.items()]
    right = raw.in_threads(lambda track: _is_right(folder / track.path, track), tracks.itertuples(), desc="check")
    missing = tracks[[not is_right for is_right in right]]
    if not missing.empty:
        _check_level(folder, missing.path.iloc[0])
    source = scratch / "source"  # the mirror that a run took clips from, should it be killed, or the last whole one
    if not source.exists() and (folder / raw.DATASET).exists():
        before = files.read_json(folder / raw.DATASET)
        if before["name"] == "GTZAN":
            files.write_text(source, before["source"])
    problems: list[MirrorError] = []
    for name in names:
        if not missing.empty:
            log.info("%d of %d clips of GTZAN are missing; asking %s", len(missing), len(tracks), name)
            taken, wrong = _ask(name, missing, folder, source)
            missing = missing.drop(index=list(taken))
            problems += wrong
    if not missing.empty:
        nothing = len(missing) == len(tracks) and not any(isinstance(problem, Damaged) for problem in problems)
        raise (NoMirror if nothing else DataError)(_what_to_do(missing.index, problems, len(tracks), folder))
    for clip_id, reason in left_out.items():
        log.warning("%s is left out: %s", clip_id, reason)
    clips = [AudioFile(track.Index, track.genre, track.path, track.artist) for track in tracks.itertuples()]
    return Dataset("GTZAN", source.read_text(encoding="utf-8") if source.exists() else "folder", clips, left_out)


def _is_right(path: Path, track: Any) -> bool:
    return path.is_file() and path.stat().st_size == track.bytes and raw.sha256(path) == track.sha256


def _check_level(folder: Path, missing: str) -> None:
    """Raise DataError where a missing clip lies deeper in `folder`, as someone unpacked an archive there."""
    deeper = [path for path in folder.glob(f"**/{missing}") if path != folder / missing]
    if deeper:
        raise DataError(
            f"{folder} holds GTZAN one folder too deep, in {deeper[0].parents[1]}; "
            f"move its ten genre folders up into {folder}, then run again"
        )


def _ask(name: str, wanted: pd.DataFrame, folder: Path, source: Path) -> tuple[set[str], list[MirrorError]]:
    """Take from one mirror the wanted clips that it has right: their ids, and what was wrong."""
    # Imported when it is asked: kagglehub takes longer to import than all else that fetch needs.
    mirror = importlib.import_module(f"genre.dataset.{name}")
    taken: set[str] = set()
    problems: list[MirrorError] = []
    try:
        offered = mirror.clips(wanted, source.parent)
        for clip_id, file in tqdm(offered, total=len(wanted), desc=name, unit="clip", mininterval=1):
            actual, expected = raw.sha256(file), wanted.sha256[clip_id]
            if actual != expected:
                text = f"{clip_id} from {name} was not used: its SHA-256 is {actual}, it must be {expected}"
                problems.append(Damaged(text))
                continue
            if not source.exists():
                files.write_text(source, name)
            raw.mark_incomplete(folder)
            raw.bring(file, folder / wanted.path[clip_id], os.link)
            taken.add(clip_id)
        if len(taken) < len(wanted):
            problems = problems or [Damaged(f"{name} lacks {len(wanted) - len(taken)} clips")]
            mirror.forget()
    except MirrorError as error:
        problems.append(type(error)(f"{name}: {error}"))
    for problem in problems:
        log.warning("%s", problem)
    return taken, problems


def _what_to_do(missing: Sequence[str], problems: Sequence[MirrorError], total: int, folder: Path) -> str:
    return (
        f"{len(missing)} of GTZAN's {total} clips could not be downloaded: {_few(missing, 5, ', ')}\n"
        "  " + _few([str(problem) for problem in problems], 20, "\n  ") + "\n"
        f"Clips with the right bytes stay in {folder} and are not downloaded again. Do one of these:\n"
        "  - run again when a mirror can be reached\n"
        "  - download GTZAN by hand from "
        "https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification\n"
        "    or https://huggingface.co/datasets/marsyas/gtzan, "
        f"copy its ten genre folders into {folder}, and run again\n"
        "  - set fetch.dataset to sample, or to a folder of your own music"
    )


def _few(texts: Sequence[str], most: int, separator: str) -> str:
    return separator.join(texts[:most]) + (f"{separator}... ({len(texts) - most} more)" if len(texts) > most else "")

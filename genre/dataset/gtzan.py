"""Get GTZAN's missing clips from one mirror after another; every clip must have the catalogue's SHA-256."""

import importlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from genre.dataset import catalogue, raw
from genre.dataset.audio_files import AudioFile
from genre.dataset.mirrors import Damaged, MirrorError
from genre.dataset.raw import Dataset
from genre.errors import DataError

log = logging.getLogger(__name__)


class NoMirror(DataError):
    """No clip of GTZAN is present and no mirror sent anything: a fallback may be used instead."""


def complete(folder: Path, scratch: Path, *, names: Sequence[str]) -> Dataset:
    """Add the missing clips of GTZAN to `folder`; contacts no server if all usable clips are present and intact.

    `names` are the mirrors (modules of this package) in the order to try them; `scratch` is a folder on the same file
    system for unfinished downloads. Raises NoMirror if no clip is present and no mirror sent anything, and DataError if
    clips are still missing for another reason: a mirror sent incorrect bytes, or a download was interrupted.
    """
    tracks = catalogue.load()
    left_out = {clip_id: reason for clip_id, reason in catalogue.BROKEN.items() if clip_id in tracks.index}
    tracks = tracks.drop(index=list(left_out)).fillna({"artist": ""})
    tracks["path"] = [f"{genre}/{clip_id}.wav" for clip_id, genre in tracks.genre.items()]
    intact = raw.in_threads(lambda track: _is_intact(folder / track.path, track), tracks.itertuples(), desc="check")
    missing = tracks[[not is_intact for is_intact in intact]]
    if not missing.empty:
        _check_depth(folder, missing.path.iloc[0])
    problems: list[MirrorError] = []
    for name in names:
        if not missing.empty:
            log.info("%d of %d clips of GTZAN are missing; trying %s", len(missing), len(tracks), name)
            taken, errors = _take_from(name, missing, folder, scratch)
            missing = missing.drop(index=list(taken))
            problems += errors
    if not missing.empty:
        got_nothing = len(missing) == len(tracks) and not any(isinstance(problem, Damaged) for problem in problems)
        raise (NoMirror if got_nothing else DataError)(_failure_message(missing.index, problems, len(tracks), folder))
    for clip_id, reason in left_out.items():
        log.warning("%s is left out: %s", clip_id, reason)
    clips = [AudioFile(track.Index, track.genre, track.path, track.artist) for track in tracks.itertuples()]
    return Dataset("GTZAN", "mirror", clips, left_out)


def _is_intact(path: Path, track: Any) -> bool:
    return path.is_file() and path.stat().st_size == track.bytes and raw.sha256(path) == track.sha256


def _check_depth(folder: Path, missing: str) -> None:
    """Raise DataError if a missing clip is deeper inside `folder`, as after unpacking an archive there."""
    deeper = [path for path in folder.glob(f"**/{missing}") if path != folder / missing]
    if deeper:
        raise DataError(
            f"{folder} holds GTZAN one folder too deep, in {deeper[0].parents[1]}; "
            f"move its ten genre folders up into {folder}, then run again"
        )


def _take_from(name: str, missing: pd.DataFrame, folder: Path, scratch: Path) -> tuple[set[str], list[MirrorError]]:
    """Add the missing clips from one mirror if their checksums match; returns their ids, and the problems."""
    # Imported only when used: kagglehub takes longer to import than everything else in fetch together.
    mirror = importlib.import_module(f"genre.dataset.{name}")
    taken: set[str] = set()
    problems: list[MirrorError] = []
    try:
        offered = mirror.clips(missing, scratch)
        for clip_id, file in tqdm(offered, total=len(missing), desc=name, unit="clip", mininterval=1):
            actual, expected = raw.sha256(file), missing.sha256[clip_id]
            if actual != expected:
                text = f"{clip_id} from {name} was not used: its SHA-256 is {actual}, it must be {expected}"
                problems.append(Damaged(text))
                continue
            raw.mark_incomplete(folder)
            raw.link_or_copy(file, folder / missing.path[clip_id], os.link)
            taken.add(clip_id)
        if len(taken) < len(missing):
            problems = problems or [Damaged(f"{name} lacks {len(missing) - len(taken)} clips")]
            mirror.forget()
    except MirrorError as error:
        problems.append(type(error)(f"{name}: {error}"))
    for problem in problems:
        log.warning("%s", problem)
    return taken, problems


def _failure_message(missing: Sequence[str], problems: Sequence[MirrorError], total: int, folder: Path) -> str:
    return (
        f"{len(missing)} of GTZAN's {total} clips could not be downloaded: {_join_first(missing, 5, ', ')}\n"
        "  " + _join_first([str(problem) for problem in problems], 20, "\n  ") + "\n"
        f"Clips with the right bytes stay in {folder} and are not downloaded again. Do one of these:\n"
        "  - run again when a mirror can be reached\n"
        "  - download GTZAN by hand from "
        "https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification\n"
        "    or https://huggingface.co/datasets/marsyas/gtzan, "
        f"copy its ten genre folders into {folder}, and run again\n"
        "  - set fetch.dataset to sample, or to a folder of your own music"
    )


def _join_first(texts: Sequence[str], most: int, separator: str) -> str:
    return separator.join(texts[:most]) + (f"{separator}... ({len(texts) - most} more)" if len(texts) > most else "")

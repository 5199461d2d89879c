"""GTZAN, completed clip by clip from the mirrors in turn; no clip is used whose SHA-256 is not the catalogue's."""

import importlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from genre import files
from genre.dataset import catalogue, raw
from genre.dataset.mirrors import Damaged, MirrorError
from genre.dataset.raw import Clip, Dataset
from genre.errors import DataError

PAGES = {
    "kaggle": "https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification",
    "huggingface": "https://huggingface.co/datasets/marsyas/gtzan",
}
SOURCE = "source"  # in the scratch folder: which mirror a run took clips from, should it be killed

log = logging.getLogger(__name__)


class NoMirror(DataError):
    """Nothing of GTZAN is there and no mirror gave anything: a fallback may take its place."""


@dataclass
class _Search:
    """What asking the mirrors has given so far."""

    missing: pd.DataFrame
    source: str
    problems: list[str] = field(default_factory=list)
    damaged: bool = False  # a mirror answered, and with something incomplete or wrong


def complete(folder: Path, scratch: Path, *, names: Sequence[str], tracks: pd.DataFrame) -> Dataset:
    """Bring every usable clip of GTZAN into `folder`; where all are there and right, no server is asked.

    Parameters
    ----------
    folder : Path
        Gets `<genre>/<clip_id>.wav`.
    scratch : Path
        Folder on the same file system for a download that is under way.
    names : sequence of str
        Mirrors, keys of `PAGES`, in the order in which they are asked.
    tracks : pd.DataFrame
        The catalogue.

    Raises
    ------
    NoMirror
        Where nothing of GTZAN is there and every mirror was out of reach.
    DataError
        Where clips are missing otherwise: a mirror gave wrong bytes, or a download broke off.
    """
    left_out = {clip_id: reason for clip_id, reason in catalogue.BROKEN.items() if clip_id in tracks.index}
    tracks = tracks.drop(index=list(left_out))
    clips = [
        Clip(track.Index, track.genre, f"{track.genre}/{track.Index}.wav", track.bytes, track.sha256, track.artist)
        for track in tracks.fillna({"artist": ""}).itertuples()
    ]
    there = raw.in_threads(lambda clip: _is_right(folder / clip.path, clip), clips, desc=f"check {folder}")
    _check_level(folder, [clip.path for clip, right in zip(clips, there, strict=True) if not right])
    search = _Search(tracks[[not right for right in there]], _known_source(folder, scratch))
    for name in names:
        if not search.missing.empty:
            log.info("%d of %d clips of GTZAN are missing; asking %s", len(search.missing), len(tracks), name)
            _ask(name, search, folder, scratch)
    if not search.missing.empty:
        right = {clip.path for clip in clips if clip.clip_id not in search.missing.index}
        nothing = right <= _of_another_dataset(folder) and not search.damaged
        raise (NoMirror if nothing else DataError)(_what_to_do(search, len(tracks), folder))
    for clip_id, reason in left_out.items():
        log.warning("%s is left out: %s", clip_id, reason)
    return Dataset("GTZAN", search.source or "folder", clips, left_out)


def _is_right(path: Path, clip: Clip) -> bool:
    return path.is_file() and path.stat().st_size == clip.bytes and raw.sha256(path) == clip.sha256


def _check_level(folder: Path, missing: Sequence[str]) -> None:
    """Raise DataError where the first missing clip lies deeper in `folder`, as someone unpacked an archive there."""
    if not missing:
        return
    others = {folder / path for path in (missing[0], *_of_another_dataset(folder))}
    deeper = [path for path in folder.glob(f"**/{missing[0]}") if path not in others]
    if deeper:
        raise DataError(
            f"{folder} holds GTZAN one folder too deep, in {deeper[0].parents[1]}; "
            f"move its ten genre folders up into {folder}, then run again"
        )


def _known_source(folder: Path, scratch: Path) -> str:
    """The mirror that clips in `folder` came from, by a run that was killed or the last whole one; empty if unknown."""
    if (scratch / SOURCE).exists():
        return (scratch / SOURCE).read_text(encoding="utf-8")
    if (folder / raw.DATASET).exists():
        before = files.read_json(folder / raw.DATASET)
        return before["source"] if before["name"] == "GTZAN" else ""
    return ""


def _of_another_dataset(folder: Path) -> set[str]:
    """Paths of the clips that `folder` holds as a dataset that is not GTZAN, though it may share clips with it."""
    if not (folder / raw.DATASET).exists() or files.read_json(folder / raw.DATASET)["name"] == "GTZAN":
        return set()
    return set(files.read_table(folder / raw.CLIPS).path)


def _ask(name: str, search: _Search, folder: Path, scratch: Path) -> None:
    """Take from one mirror the missing clips that it has right."""
    # Imported when it is asked: kagglehub takes longer to import than all else that fetch needs.
    mirror = importlib.import_module(f"genre.dataset.{name}")
    wanted = search.missing
    wrong = []
    try:
        offered = mirror.clips(wanted, scratch)
        for clip_id, file in tqdm(offered, total=len(wanted), desc=name, unit="clip", mininterval=1):
            actual, expected = raw.sha256(file), wanted.sha256[clip_id]
            if actual != expected:
                wrong.append(f"{clip_id} from {name} was not used: its SHA-256 is {actual}, it must be {expected}")
                continue
            if not search.source:
                search.source = name
                files.write_text(scratch / SOURCE, name)
            raw.mark_incomplete(folder)
            raw.link(file, folder / wanted.genre[clip_id] / f"{clip_id}.wav")
            search.missing = search.missing.drop(index=clip_id, errors="ignore")
        if not search.missing.empty:
            search.damaged = True
            wrong = wrong or [f"{name} lacks {len(search.missing)} clips"]
            mirror.forget()
    except MirrorError as error:
        search.damaged |= isinstance(error, Damaged)
        wrong.append(f"{name}: {error}")
    for problem in wrong:
        log.warning("%s", problem)
    search.problems += wrong


def _what_to_do(search: _Search, total: int, folder: Path) -> str:
    missing, problems = search.missing.index, search.problems
    lines = [
        f"{len(missing)} of GTZAN's {total} clips could not be downloaded: {_few(missing, 5, ', ')}",
        "  " + _few(problems, 20, "\n  "),
        f"Clips with the right bytes stay in {folder} and are not downloaded again. Do one of these:",
        "  - run again when a mirror can be reached",
        f"  - download GTZAN by hand from {PAGES['kaggle']}",
        f"    or {PAGES['huggingface']}, copy its ten genre folders into {folder}, and run again",
        "  - set fetch.dataset to sample, or to a folder of your own music",
    ]
    return "\n".join(lines)


def _few(texts: Sequence[str], most: int, separator: str) -> str:
    return separator.join(texts[:most]) + (f"{separator}... ({len(texts) - most} more)" if len(texts) > most else "")

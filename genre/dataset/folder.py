"""A dataset of one's own: a folder with one folder of audio files for each class."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import pandas as pd

from genre.dataset import raw
from genre.dataset.raw import Clip
from genre.errors import DataError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".au", ".m4a")
LAYOUT = f"<class>/**/*{'|'.join(SUFFIXES)}, two classes or more"
ARTISTS = "artists.csv"


@dataclass(frozen=True)
class AudioFile:
    """One file of a dataset folder."""

    clip_id: str  # the file's stem, or where files share a stem `path`
    genre: str  # the first-level folder
    path: str  # relative to the dataset's folder, with forward slashes
    artist: str  # empty where unknown


def read(folder: Path) -> list[AudioFile]:
    """List the audio files of a dataset folder, sorted by path.

    Looks for `<class>/**/*` with the suffixes of `SUFFIXES`, in any case; hidden files and folders are passed over.
    An optional `artists.csv` with the columns clip_id and artist at the top names the artists.

    Raises
    ------
    DataError
        Where the folder is missing, cannot be read or has fewer than two classes with audio, or artists.csv is wrong.
    """
    folder = Path(folder)
    try:
        paths = sorted(path.relative_to(folder) for path in _audio_files(folder))
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}; a dataset folder holds {LAYOUT}") from None
    _check(folder, paths)
    stems = Counter(path.stem for path in paths)
    clip_ids = {path: path.stem if stems[path.stem] == 1 else path.as_posix() for path in paths}
    artists = _artists(folder / ARTISTS, set(clip_ids.values()))
    return [
        AudioFile(clip_id, path.parts[0], path.as_posix(), artists.get(clip_id, ""))
        for path, clip_id in clip_ids.items()
    ]


def copy(audio: list[AudioFile], origin: Path, target: Path) -> list[Clip]:
    """Copy files of the dataset folder `origin` to `target`; a file that is there with the same bytes is kept.

    Raises DataError where a file of `origin` cannot be read.
    """

    def copy_one(file: AudioFile) -> Clip:
        source, place = origin / file.path, target / file.path
        try:
            if not (place.is_file() and raw.same_bytes(source, place)):
                raw.copy(source, place)
        except OSError as error:
            if error.filename is None or Path(error.filename) != source:
                raise
            raise DataError(f"{source} cannot be read ({error.strerror}); mend or remove it") from None
        return Clip(file.clip_id, file.genre, file.path, place.stat().st_size, raw.sha256(place), file.artist)

    return raw.in_threads(copy_one, audio, desc="fetch")


def _audio_files(folder: Path) -> Iterator[Path]:
    for genre in folder.iterdir():
        if genre.is_dir() and not genre.name.startswith("."):
            for parent, folders, names in os.walk(genre, onerror=_raise, followlinks=True):
                folders[:] = [name for name in folders if not name.startswith(".") and not _leads_up(parent, name)]
                yield from (Path(parent, name) for name in names if _is_audio(name))


def _raise(error: OSError) -> None:
    raise error


def _is_audio(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(SUFFIXES)


def _leads_up(parent: str, name: str) -> bool:
    """Whether a folder is a link to one that it lies in, round which os.walk would go for ever."""
    return Path(parent).resolve().is_relative_to(Path(parent, name).resolve())


def _check(folder: Path, paths: list[PurePath]) -> None:
    classes = sorted({path.parts[0] for path in paths})
    if not classes:
        loose = any(_is_audio(path.name) for path in folder.iterdir())
        what = "has its audio files at the top, not in class folders" if loose else "holds no audio files"
        raise DataError(f"the dataset folder {folder} {what}; it must hold {LAYOUT}")
    if len(classes) == 1:
        raise DataError(
            f"the dataset folder {folder} has a single class with audio, {classes[0]!r}: there is nothing to tell "
            f"apart; it must hold {LAYOUT}"
        )
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise DataError(f"the file name {str(path)!r} in {folder} is no UTF-8; rename the file") from None


def _artists(path: Path, clip_ids: set[str]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no CSV in UTF-8: {error}") from None
    if not {"clip_id", "artist"} <= set(table.columns):
        raise DataError(f"{path} has the columns {', '.join(table.columns)}; it must have clip_id and artist")
    unknown = sorted(set(table.clip_id) - clip_ids)
    if unknown:
        raise DataError(
            f"{path} names {len(unknown)} clips that are not in the folder, such as {unknown[0]!r}; a clip_id is a "
            f"file's name without its suffix, or where files share it the path, as in {min(clip_ids)!r}"
        )
    if table.clip_id.duplicated().any():
        raise DataError(f"{path} names {table.clip_id[table.clip_id.duplicated()].iloc[0]!r} twice; keep one line")
    return dict(zip(table.clip_id, table.artist, strict=True))

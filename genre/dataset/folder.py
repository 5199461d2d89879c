"""A user's dataset: a folder with one subfolder of audio files per class."""

import filecmp
import os
import stat
import unicodedata
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from genre.dataset import audio_files, raw
from genre.dataset.audio_files import AudioFile
from genre.errors import DataError

LAYOUT = "<class>/**/*.mp3 (or .wav, .flac, ...) for two classes or more"
ARTISTS = "artists.csv"
LOOSE = "audio outside the class folders"


@dataclass(frozen=True)
class Contents:
    """The contents of a dataset folder."""

    audio: list[AudioFile]  # sorted by path
    passed_over: dict[str, dict[str, int]]  # by class: {suffix or type: number of files that are not audio}
    empty: list[str]  # folders without audio, which do not count as classes


def read(folder: Path) -> Contents:
    """List the audio files of a dataset folder, and count its other files by class.

    Each class folder is searched with `genre.dataset.audio_files.find`. The genre is the class folder's name; the
    clip_id is the file's stem, or its path if several files share the stem. An optional `artists.csv` at the top gives
    the artists in its columns clip_id and artist. Names are compared in Unicode form NFC.

    Raises DataError if the folder is missing, anything in it cannot be read, fewer than two classes have audio, a path
    is not valid UTF-8, or artists.csv is invalid.
    """
    folder = Path(folder)
    found = _listings(folder)
    paths = sorted(path.relative_to(folder) for listing in found.values() for path in listing.audio)
    _check(folder, paths)
    stems = Counter(_nfc(path.stem) for path in paths)
    clip_ids = {path: path.stem if stems[_nfc(path.stem)] == 1 else path.as_posix() for path in paths}
    artists = _artists(folder / ARTISTS, {_nfc(clip_id) for clip_id in clip_ids.values()})
    audio = [
        AudioFile(clip_id, path.parts[0], path.as_posix(), artists.get(_nfc(clip_id), ""))
        for path, clip_id in clip_ids.items()
    ]
    counted = {name: Counter(sorted(listing.passed_over.values())) for name, listing in found.items()}
    passed_over = {name: dict(kinds) for name, kinds in counted.items() if kinds}
    return Contents(audio, passed_over, [name for name, listing in found.items() if name and not listing.audio])


def copy(audio: Sequence[AudioFile], origin: Path, target: Path) -> None:
    """Copy files from the dataset folder `origin` to `target`, keeping existing files with the same bytes.

    Copies are reflinks where the file system supports them (btrfs, XFS, APFS), but never hard links or symlinks: with a
    cache.type that starts with hardlink, DVC would take the user's own file into its cache and make it read-only.
    Raises DataError if a file of `origin` cannot be read.
    """
    from dvc_objects.fs.system import reflink  # slow to import, and only needed for user folders

    def copy_one(file: AudioFile) -> None:
        source, destination = origin / file.path, target / file.path
        try:
            if not (destination.is_file() and filecmp.cmp(source, destination, shallow=False)):
                raw.link_or_copy(source, destination, reflink)
        except OSError as error:
            if error.filename is None or Path(error.filename) != source:
                raise
            raise DataError(f"{source} cannot be read ({error.strerror}); fix or remove it") from None

    raw.in_threads(copy_one, audio, desc="fetch")


def similar_names(classes: Sequence[str]) -> list[list[str]]:
    """Groups of class names that differ only in case, Unicode form, spaces or invisible characters."""
    groups = defaultdict(list)
    for name in classes:
        visible = "".join(char for char in unicodedata.normalize("NFKC", name) if char.isprintable())
        groups[" ".join(visible.casefold().split())].append(name)
    return [names for names in groups.values() if len(names) > 1]


def _nfc(name: str) -> str:
    """`name` in NFC (precomposed accents), as in most tables; macOS and archives made there use NFD."""
    return unicodedata.normalize("NFC", name)


def _listings(folder: Path) -> dict[str, audio_files.Listing]:
    """The contents of each class folder, by name; under an empty name, the audio files outside them."""
    found: dict[str, audio_files.Listing] = {}
    top = audio_files.Listing()
    try:
        entries = sorted(path for path in folder.iterdir() if not audio_files.is_hidden(path))
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}; a dataset folder holds {LAYOUT}") from None
    for path in entries:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except OSError as error:
            top.unreadable[path] = str(error.strerror)
            continue
        if is_folder and not audio_files.links_to_ancestor(path):
            found[path.name] = audio_files.find(path)
            top.unreadable.update(found[path.name].unreadable)
        elif not is_folder and audio_files.is_audio(path):
            top.passed_over[path] = LOOSE
    if top.unreadable:
        shown = [f"{path} ({reason})" for path, reason in list(top.unreadable.items())[:5]]
        more = f" and {len(top.unreadable) - 5} more" if len(top.unreadable) > 5 else ""
        raise DataError(f"cannot be read: {', '.join(shown)}{more}; grant access to it, or remove it")
    return found | {"": top}


def _check(folder: Path, paths: Sequence[Path]) -> None:
    classes = sorted({path.parts[0] for path in paths})
    if not classes:
        loose = any(audio_files.is_audio(path) for path in folder.iterdir())
        what = "has its audio files at the top, not in class folders" if loose else "holds no audio files"
        raise DataError(f"the dataset folder {folder} {what}; it must hold {LAYOUT}")
    if len(classes) == 1:
        common = Path(os.path.commonpath([path.parent for path in paths]))
        deeper = len({path.relative_to(common).parts[0] for path in paths if path.parent != common}) > 1
        raise DataError(
            f"the dataset folder {folder} has a single class with audio, {classes[0]!r}: there is nothing to classify; "
            + (f"if the folders in {folder / common} are its classes, set fetch.dataset to that; " if deeper else "")
            + f"it must hold {LAYOUT}"
        )
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise DataError(f"the file name {str(path)!r} in {folder} is not valid UTF-8; rename the file") from None


def _artists(path: Path, clip_ids: set[str]) -> dict[str, str]:
    """Read artists.csv: artist by clip_id, both in NFC."""
    if not path.exists():
        return {}
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # a row longer than the header
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a valid CSV in UTF-8: {error}") from None
    if not {"clip_id", "artist"} <= set(table.columns):
        raise DataError(f"{path} has the columns {', '.join(table.columns)}; it must have clip_id and artist")
    table = table[(table != "").any(axis=1)].assign(clip_id=table.clip_id.map(_nfc))  # spreadsheets add empty rows
    unknown = sorted(set(table.clip_id) - clip_ids)
    if unknown:
        raise DataError(
            f"{path} names clips that are not in the folder: {len(unknown)}, such as {unknown[0]!r}; a clip_id is a "
            f"file's name without its suffix, or where files share it the path, as in {min(clip_ids)!r}"
        )
    if table.clip_id.duplicated().any():
        raise DataError(f"{path} names {table.clip_id[table.clip_id.duplicated()].iloc[0]!r} twice; keep one line")
    return dict(zip(table.clip_id, table.artist.map(_nfc), strict=True))

"""GTZAN from Kaggle, through kagglehub: public, no account needed, and without a network from kagglehub's cache."""

import shutil
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import kagglehub
import pandas as pd
import requests
from kagglehub import http_resolver
from kagglehub.cache import delete_from_cache, get_cached_archive_path
from kagglehub.exceptions import CredentialError, DataCorruptionError
from kagglehub.handle import parse_dataset_handle

from genre.dataset import archive, mirrors
from genre.dataset.mirrors import CannotResume, Damaged, Sleep, Unreachable
from genre.errors import DataError

# With the version in it, kagglehub need not ask which one is current: its cache answers offline.
HANDLE = "andradaolteanu/gtzan-dataset-music-genre-classification/versions/1"


def clips(tracks: pd.DataFrame, scratch: Path, *, sleep: Sleep = time.sleep) -> Iterator[tuple[str, Path]]:
    """Download the dataset into kagglehub's cache and give each clip's file there.

    Parameters
    ----------
    tracks : pd.DataFrame
        The clips that are wanted, as `genre.dataset.catalogue.load` gives them.
    scratch : Path
        Not used: kagglehub keeps what it unpacks, and a broken-off download, in its own cache.
    sleep : callable
        Waits so many seconds before a retry.

    Yields
    ------
    tuple of str and Path
        clip_id, and a file that is said to hold it and must be checked.

    Raises
    ------
    Unreachable, Damaged
    """
    folder = mirrors.retrying(_download, sleep=sleep) / "Data" / "genres_original"
    for clip_id, genre in tracks.genre.items():
        path = folder / genre / f"{clip_id}.wav"
        if path.is_file():
            yield clip_id, path


def finish(*, wrong: bool) -> None:
    """Keep the cache where its clips were right, else remove it, so that the next run downloads afresh."""
    if wrong:
        delete_from_cache(parse_dataset_handle(HANDLE))


def _download() -> Path:
    try:
        with mock.patch.object(http_resolver, "_extract_archive", _unpack(http_resolver._extract_archive)):
            return Path(kagglehub.dataset_download(HANDLE))
    except DataCorruptionError:  # kagglehub has removed the archive
        raise Damaged("the archive's checksum is wrong") from None
    except DataError as error:
        _forget_archive()
        raise Damaged(str(error)) from None
    except (Unreachable, Damaged, CannotResume):
        _forget_archive()
        raise
    except requests.RequestException:  # some are ValueErrors too
        raise
    except (CredentialError, ValueError):  # its text may hold what the credentials file holds
        raise Unreachable("kagglehub does not accept the Kaggle credentials of this machine") from None


def _unpack(unpack):
    """kagglehub's own unpacking, behind the checks that it lacks."""

    def checked(archive_path: str, out_path: str) -> None:
        path = Path(archive_path)
        if archive.is_html(path):
            raise Unreachable("a web page instead of the archive")
        archive.check(path, limit=mirrors.UNPACKED_LIMIT)
        if tarfile.is_tarfile(path) and not hasattr(tarfile, "data_filter"):  # Debian 12 has Python 3.11.2
            raise Unreachable("a tar archive instead of a zip, which kagglehub unpacks from Python 3.11.4 on")
        shutil.rmtree(out_path, ignore_errors=True)  # left by a run that was killed
        with archive.reading(path):
            unpack(archive_path, out_path)

    return checked


def _forget_archive() -> None:
    Path(get_cached_archive_path(parse_dataset_handle(HANDLE))).unlink(missing_ok=True)

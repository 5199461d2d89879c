"""GTZAN from Kaggle, through kagglehub: public, no account needed, and without a network from kagglehub's cache."""

import os
import queue
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import kagglehub
import pandas as pd
import requests
from kagglehub.exceptions import CredentialError, DataCorruptionError

from genre.dataset import mirrors
from genre.dataset.mirrors import Damaged, MirrorError, Unreachable

NAME = "andradaolteanu/gtzan-dataset-music-genre-classification"
HANDLE = f"{NAME}/versions/1"  # with a version, kagglehub's cache answers without a network
SERVER = "https://api.kaggle.com"
WAITS = (1.0, 2.0, 4.0, 8.0)  # before a download that was cut is resumed, in seconds
STALLED = 60.0  # without a further mebibyte on the disk, in seconds
UNANSWERED = 1.0  # for the cache, where the server does not answer, in seconds


def clips(tracks: pd.DataFrame, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Download the dataset into kagglehub's cache and give each clip's file there.

    Parameters
    ----------
    tracks : pd.DataFrame
        The clips that are wanted, as `genre.dataset.catalogue.load` gives them.
    scratch : Path
        Not used: kagglehub keeps what it unpacks, and a download that was cut, in its own cache.

    Yields
    ------
    tuple of str and Path
        clip_id, and a file that is said to hold it and must be checked.

    Raises
    ------
    Unreachable, Damaged
    """
    folder = _download() / "Data" / "genres_original"
    for clip_id, genre in tracks.genre.items():
        path = folder / genre / f"{clip_id}.wav"
        if path.is_file():
            yield clip_id, path


def forget() -> None:
    """Empty kagglehub's cache of this dataset, so that the next run downloads it afresh."""
    shutil.rmtree(_cache(), ignore_errors=True)


def _cache() -> Path:
    root = os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub"
    return Path(root) / "datasets" / NAME


def _download() -> Path:
    """kagglehub's folder with the dataset. A download that was cut is resumed, as kagglehub does when called again."""
    size = _size()
    for wait in (*WAITS, None):
        try:
            return _call()
        except requests.RequestException as error:
            cut = isinstance(error, requests.exceptions.ChunkedEncodingError) or _size() > size
            if wait is None or not cut or error.response is not None:
                raise _reason(error, cut=cut) from None
        except DataCorruptionError:  # kagglehub has removed the archive
            raise Damaged("the archive's checksum is wrong") from None
        except CredentialError:
            raise Unreachable("kagglehub does not accept this machine's Kaggle credentials") from None
        except (OSError, MirrorError):  # the disk is full, or the download is stalled
            raise
        except Exception as error:  # whatever kagglehub finds wrong with the archive or with the credentials' file
            if _size() == size:
                raise Unreachable(
                    f"kagglehub gave up ({type(error).__name__}); are this machine's Kaggle credentials right?"
                ) from None
            forget()
            raise Damaged(f"the archive cannot be unpacked ({type(error).__name__})") from None
        time.sleep(wait)
    raise AssertionError


def _call() -> Path:
    """One call of kagglehub, in a thread, since it has no time limit and would wait for ever.

    A thread that is given up lives on until the process ends; what it may still download, the next run resumes.
    """
    outcome: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()

    def call() -> None:
        try:
            outcome.put(kagglehub.dataset_download(HANDLE))
        except BaseException as error:
            outcome.put(error)

    size = _size()
    threading.Thread(target=call, daemon=True).start()
    answered = mirrors.answers(SERVER)
    while True:
        try:
            result = outcome.get(timeout=STALLED if answered else UNANSWERED)
        except queue.Empty:
            before, size = size, _size()
            if size == before:
                problem = Damaged("the download stalled") if answered and size else Unreachable("no connection")
                raise problem from None
            answered = True
            continue
        if isinstance(result, BaseException):
            raise result
        return Path(result)


def _size() -> int:
    """The bytes that kagglehub's cache holds of the dataset and of its archive."""
    sizes = 0
    for folder, _, names in os.walk(_cache()):
        for name in names:
            try:
                sizes += Path(folder, name).stat().st_size
            except FileNotFoundError:  # kagglehub has just removed it
                continue
    return sizes


def _reason(error: requests.RequestException, *, cut: bool) -> MirrorError:
    if error.response is not None:
        return Unreachable(f"HTTP {error.response.status_code}")
    return Damaged("the download was cut") if cut else Unreachable("no connection")

"""GTZAN from Kaggle, through kagglehub: public, no account needed, and without a network from kagglehub's cache."""

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import suppress
from pathlib import Path

import kagglehub
import pandas as pd
import requests
from kagglehub.exceptions import DataCorruptionError

from genre.dataset import mirrors
from genre.dataset.mirrors import Damaged, MirrorError, Unreachable

NAME = "andradaolteanu/gtzan-dataset-music-genre-classification"
HANDLE = f"{NAME}/versions/1"  # with a version, kagglehub's cache answers without a network
SERVER = "https://api.kaggle.com"
WAITS = (1.0, 2.0, 4.0, 8.0)  # before a download that was cut is resumed, in seconds
STALLED = 60.0  # without a further mebibyte on the disk, in seconds
UNANSWERED = 1.0  # for the cache, where the server does not answer, in seconds


def clips(tracks: pd.DataFrame, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield the id of each of the `tracks` (a catalogue's) that there is, and a file that is said to hold it.

    `scratch` is not used: kagglehub keeps what it unpacks, and a download that was cut, in its own cache.
    Raises Unreachable or Damaged.
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
    size, waits = _size(), iter(WAITS)
    while True:
        try:
            return _call()
        except requests.RequestException as error:
            if error.response is not None:
                raise Unreachable(f"HTTP {error.response.status_code}") from None
            if not isinstance(error, requests.exceptions.ChunkedEncodingError) and _size() <= size:
                raise Unreachable("no connection") from None
            seconds = next(waits, None)
            if seconds is None:
                raise Damaged("the download was cut") from None
            time.sleep(seconds)
        except DataCorruptionError:  # kagglehub has removed the archive
            raise Damaged("the archive's checksum is wrong") from None
        except (OSError, MirrorError):  # the disk is full, or the download is stalled
            raise
        except Exception as error:  # whatever kagglehub finds wrong with the archive or with the credentials
            kind = type(error).__name__
            if _size() == size:
                raise Unreachable(f"kagglehub gave up ({kind}); are this machine's Kaggle credentials right?") from None
            forget()
            raise Damaged(f"the archive cannot be unpacked ({kind})") from None


def _call() -> Path:
    """One call of kagglehub, in a thread, since it has no time limit and would wait for ever.

    What a thread that is given up may still download, the next run resumes.
    """
    size = _size()
    call = mirrors.start(lambda: kagglehub.dataset_download(HANDLE))
    answered = mirrors.answers(SERVER)
    while not wait([call], STALLED if answered else UNANSWERED).done:
        before, size = size, _size()
        if size == before:
            raise Damaged("the download stalled") if answered and size else Unreachable("no connection")
        answered = True  # as bytes have come
    return Path(call.result())


def _size() -> int:
    """The bytes that kagglehub's cache holds of the dataset and of its archive."""
    size = 0
    for folder, _, names in os.walk(_cache()):
        for name in names:
            with suppress(FileNotFoundError):  # kagglehub has just removed it
                size += Path(folder, name).stat().st_size
    return size

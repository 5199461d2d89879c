"""GTZAN from Kaggle, through kagglehub: no account needed, and no network once it is in kagglehub's cache."""

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
HANDLE = f"{NAME}/versions/1"  # with a version, so that kagglehub's cache works offline
SERVER = "https://api.kaggle.com"
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0)  # before each retry of an interrupted download, in seconds
STALL_TIMEOUT = 60.0  # timeout for the next mebibyte to reach the disk, in seconds
CACHE_TIMEOUT = 1.0  # timeout for the cache if the server does not respond, in seconds


def clips(tracks: pd.DataFrame, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield (clip_id, file) for each of the `tracks` (catalogue rows) in the archive; checksums are not verified.

    `scratch` is not used: kagglehub keeps extracted files and partial downloads in its own cache.
    Raises Unreachable or Damaged.
    """
    folder = _download() / "Data" / "genres_original"
    for clip_id, genre in tracks.genre.items():
        path = folder / genre / f"{clip_id}.wav"
        if path.is_file():
            yield clip_id, path


def forget() -> None:
    """Delete this dataset from kagglehub's cache, so that the next run downloads it afresh."""
    shutil.rmtree(_cache(), ignore_errors=True)


def _cache() -> Path:
    root = os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub"
    return Path(root) / "datasets" / NAME


def _download() -> Path:
    """Download the dataset, and return its folder. Calling kagglehub again resumes an interrupted download."""
    size, delays = _size(), iter(RETRY_DELAYS)
    while True:
        try:
            return _call()
        except requests.RequestException as error:
            if error.response is not None:
                raise Unreachable(f"HTTP {error.response.status_code}") from None
            if not isinstance(error, requests.exceptions.ChunkedEncodingError) and _size() <= size:
                raise Unreachable("no connection") from None
            delay = next(delays, None)
            if delay is None:
                raise Damaged("the download was cut") from None
            time.sleep(delay)
        except DataCorruptionError:  # kagglehub has already deleted the archive
            raise Damaged("the archive's checksum is wrong") from None
        except (OSError, MirrorError):  # a full disk, or a stalled download
            raise
        except Exception as error:  # kagglehub's other errors, about the archive or the credentials
            kind = type(error).__name__
            if _size() == size:
                raise Unreachable(f"kagglehub gave up ({kind}); are this machine's Kaggle credentials right?") from None
            forget()
            raise Damaged(f"the archive cannot be unpacked ({kind})") from None


def _call() -> Path:
    """Call kagglehub once, in a thread, since it has no timeout and could hang forever.

    An abandoned thread may go on downloading; the next run resumes from there.
    """
    size = _size()
    call = mirrors.start(lambda: kagglehub.dataset_download(HANDLE))
    answered = mirrors.responds(SERVER)
    while not wait([call], STALL_TIMEOUT if answered else CACHE_TIMEOUT).done:
        before, size = size, _size()
        if size == before:
            raise Damaged("the download stalled") if answered and size else Unreachable("no connection")
        answered = True  # bytes are arriving
    return Path(call.result())


def _size() -> int:
    """Size of the dataset and its archive in kagglehub's cache, in bytes."""
    size = 0
    for folder, _, names in os.walk(_cache()):
        for name in names:
            with suppress(FileNotFoundError):  # kagglehub has just deleted it
                size += Path(folder, name).stat().st_size
    return size

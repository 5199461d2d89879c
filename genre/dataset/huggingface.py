"""GTZAN from Hugging Face, through pooch, with a download that is resumed where it broke off."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pooch
import requests
from tqdm import tqdm

from genre.dataset import archive, mirrors
from genre.dataset.mirrors import CannotResume, Damaged, Sleep, Unreachable
from genre.errors import DataError

ARCHIVE = "genres.tar.gz"
PART = f"{ARCHIVE}.part"  # while it is downloaded
SIZE = 1_226_192_050  # of the archive, in bytes


def clips(tracks: pd.DataFrame, scratch: Path, *, sleep: Sleep = time.sleep) -> Iterator[tuple[str, Path]]:
    """Download the archive into `scratch` and unpack the wanted clips one after the other.

    Parameters
    ----------
    tracks : pd.DataFrame
        The clips that are wanted, as `genre.dataset.catalogue.load` gives them.
    scratch : Path
        Folder for the archive; a part of it that is there from before is completed, not fetched again.
    sleep : callable
        Waits so many seconds before a retry.

    Yields
    ------
    tuple of str and Path
        clip_id, and a file that is said to hold it and must be checked; the file is gone after the next step.

    Raises
    ------
    Unreachable, Damaged
    """
    path = mirrors.retrying(lambda: _download(scratch), sleep=sleep)
    wanted = {f"{genre}/{clip_id}.wav": clip_id for clip_id, genre in tracks.genre.items()}
    clip = scratch / "clip.wav"
    try:
        # Members by the name `._*` (AppleDouble) are not in `wanted`.
        for name in archive.unpack_each(path, wanted, clip, limit=mirrors.UNPACKED_LIMIT):
            yield wanted[name], clip
    except DataError as error:
        path.unlink()
        raise Damaged(str(error)) from None
    finally:
        clip.unlink(missing_ok=True)
    path.unlink()


def finish(*, wrong: bool) -> None:
    """Nothing is kept: the archive went when its last clip was unpacked."""


def _download(scratch: Path) -> Path:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    pooch.get_logger().setLevel(logging.WARNING)  # it logs the address, and HF_ENDPOINT may hold a password
    url = f"{endpoint}/datasets/marsyas/gtzan/resolve/main/data/{ARCHIVE}"
    return Path(pooch.retrieve(url, None, ARCHIVE, scratch, downloader=ResumingDownloader(scratch / PART, size=SIZE)))


class ResumingDownloader:
    """A downloader for pooch that keeps what it has got and asks only for the rest (HTTP Range).

    Parameters
    ----------
    part : Path
        The file that grows; it becomes the output when it is whole.
    size : int
        What its size must be then, in bytes.
    """

    def __init__(self, part: Path, *, size: int) -> None:
        self.part = part
        self.size = size

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download `url` to `output_file`; raises requests' exceptions, Unreachable and Damaged."""
        start = self.part.stat().st_size if self.part.exists() else 0
        if start > self.size:
            self.part.unlink()
            start = 0
        if start < self.size:
            try:
                self._append(url, start)
            except CannotResume:
                self.part.unlink()
                raise
        self.part.replace(output_file)

    def _append(self, url: str, start: int) -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with requests.get(url, headers=headers, stream=True, timeout=mirrors.TIMEOUT) as response:
            response.raise_for_status()
            if "html" in response.headers.get("Content-Type", ""):
                raise Unreachable("a web page instead of the archive")
            length = int(response.headers.get("Content-Length", self.size - start))
            if start + length != self.size:
                raise Damaged(f"the archive has {start + length} bytes instead of {self.size}")
            bar = tqdm(total=self.size, initial=start, unit="B", unit_scale=True, desc=ARCHIVE, mininterval=1)
            with bar, self.part.open("ab") as file:
                for chunk in response.iter_content(1 << 14):
                    file.write(chunk)
                    bar.update(len(chunk))
        if self.part.stat().st_size != self.size:  # no Content-Length, so that requests could not tell
            raise requests.exceptions.ChunkedEncodingError("the download is short")

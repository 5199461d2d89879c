"""GTZAN from Hugging Face, through huggingface_hub, which has timeouts, retries and resumes downloads."""

import gzip
import logging
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

import pandas as pd
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError

from genre.dataset import mirrors
from genre.dataset.mirrors import Damaged, Unreachable

REPOSITORY = "marsyas/gtzan"
REVISION = "d2146561ecc7df707d9e6b8318885fe6a39668a2"
ARCHIVE = "data/genres.tar.gz"


def clips(tracks: pd.DataFrame, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield (clip_id, file) for each of the `tracks` (catalogue rows) in the archive; checksums are not verified.

    The file is in `scratch`, is replaced by the next one, and is deleted at the end with the archive. Only regular
    files named like clips are extracted, always to the same path: nothing can be written elsewhere, so tarfile's data
    filter, which Python before 3.11.4 lacks, is not needed. Raises Unreachable or Damaged.
    """
    folder = scratch / "huggingface"
    clip = folder / "clip.wav"
    clip_ids = {f"{genre}/{clip_id}.wav": clip_id for clip_id, genre in tracks.genre.items()}
    archive = _download(folder)
    try:
        with tarfile.open(archive) as members:
            for member in members:
                clip_id = clip_ids.get("/".join(PurePosixPath(member.name).parts[-2:]))  # skips `._*` (AppleDouble)
                if clip_id and member.isreg():
                    clip.unlink(missing_ok=True)  # not overwritten: the caller may have hard-linked it
                    packed = cast(IO[bytes], members.extractfile(member))  # never None for a regular file
                    with packed, clip.open("xb") as file:
                        shutil.copyfileobj(packed, file)
                    yield clip_id, clip
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        shutil.rmtree(folder)
        raise Damaged(f"the archive is damaged ({type(error).__name__})") from None
    shutil.rmtree(folder)  # kept if interrupted, so that the next run need not download it again


def forget() -> None:
    """Do nothing: the archive is already deleted once its last clip has been extracted."""


def _download(folder: Path) -> Path:
    if not mirrors.responds(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        raise Unreachable("no connection")
    for name in ("huggingface_hub", "httpx", "httpx2"):  # they log URLs, and HF_ENDPOINT may contain a password
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        path = hf_hub_download(REPOSITORY, ARCHIVE, repo_type="dataset", revision=REVISION, local_dir=folder)
    except Exception as error:  # including those of the HTTP library, which depends on huggingface_hub's version
        if isinstance(error, OSError) and error.errno is not None:
            raise  # from the disk
        response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        if response is not None:
            raise Unreachable(f"HTTP {response.status_code}") from None
        if isinstance(error, LocalEntryNotFoundError):  # even the request for the file's size failed
            raise Unreachable("no connection") from None
        raise Damaged(f"the download broke off ({type(error).__name__})") from None
    return Path(path)

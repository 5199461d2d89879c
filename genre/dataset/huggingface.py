"""GTZAN from Hugging Face, through huggingface_hub, which limits its waiting, tries again and resumes what was cut."""

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
    """Yield the id of each of the `tracks` (a catalogue's) in the archive, and a file that is said to hold it.

    The file is in `scratch` and changes with the next step; all is gone at the end. Only regular files with the
    names of clips are read, and written under a name of our own: nothing can land elsewhere, so that tarfile's data
    filter, which Python before 3.11.4 lacks, has nothing to do here. Raises Unreachable or Damaged.
    """
    folder = scratch / "huggingface"
    clip = folder / "clip.wav"
    wanted = {f"{genre}/{clip_id}.wav": clip_id for clip_id, genre in tracks.genre.items()}
    archive = _download(folder)
    try:
        with tarfile.open(archive) as members:
            for member in members:
                clip_id = wanted.get("/".join(PurePosixPath(member.name).parts[-2:]))  # no `._*` (AppleDouble)
                if clip_id and member.isreg():
                    clip.unlink(missing_ok=True)  # never write through a link that was made to the clip before
                    packed = cast(IO[bytes], members.extractfile(member))  # never None for a regular file
                    with packed, clip.open("xb") as file:
                        shutil.copyfileobj(packed, file)
                    yield clip_id, clip
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        shutil.rmtree(folder)
        raise Damaged(f"the archive is damaged ({type(error).__name__})") from None
    shutil.rmtree(folder)  # not after an interruption: the next run then need not download it again


def forget() -> None:
    """Nothing is kept: the archive goes when its last clip has been unpacked."""


def _download(folder: Path) -> Path:
    if not mirrors.answers(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        raise Unreachable("no connection")
    for name in ("huggingface_hub", "httpx", "httpx2"):  # they log addresses, and HF_ENDPOINT may hold a password
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        path = hf_hub_download(REPOSITORY, ARCHIVE, repo_type="dataset", revision=REVISION, local_dir=folder)
    except Exception as error:  # also of the HTTP library below, which differs from one version to the next
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's
        response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        if response is not None:
            raise Unreachable(f"HTTP {response.status_code}") from None
        if isinstance(error, LocalEntryNotFoundError):  # not even the file's size came
            raise Unreachable("no connection") from None
        raise Damaged(f"the download broke off ({type(error).__name__})") from None
    return Path(path)

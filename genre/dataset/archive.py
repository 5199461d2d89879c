"""Archives from the network, which may be damaged or hostile: nothing lands outside, nothing unpacks without end."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from genre.errors import DataError

# What zipfile and tarfile raise over bytes that are not what they should be; RuntimeError: an encrypted member.
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile),
    *(EOFError, ValueError, NotImplementedError, RuntimeError),
)
_HEADERS = 1 << 20  # that tarfile may read for one member, in bytes; a long name takes a few hundred
_LEAST = 1 << 16  # that a member counts for, in bytes: millions of empty ones would take long too
_ABSURD = "one of its headers claims an absurd length"


class _Untrusted(Exception):
    """Why an archive is not to be trusted, without its name."""


def is_html(path: Path) -> bool:
    """Whether a file is a web page: what a login wall or an error page sends in the place of an archive."""
    with Path(path).open("rb") as file:
        return file.read(512).lstrip().lower().startswith((b"<!doctype", b"<html"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Within this block, damage or malice found in the archive `path` is a DataError."""
    try:
        yield
    except _Untrusted as error:
        raise DataError(f"the archive {path.name} is not to be trusted: {error}") from None
    except _DAMAGE as error:
        raise DataError(f"the archive {path.name} is damaged ({error})") from None


def check(path: Path, *, limit: int) -> None:
    """Refuse a zip, tar or tar.gz archive that is not safe to unpack as a whole.

    Parameters
    ----------
    path : Path
    limit : int
        The most that all members together may unpack to, in bytes.

    Raises
    ------
    DataError
        Where a member has an absolute path or a `..`, is a link or a device, or the members exceed `limit`.
    """
    path = Path(path)
    with reading(path):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                total = 0
                for member in archive.infolist():
                    kind = stat.S_IFMT(member.external_attr >> 16)
                    total += member.file_size  # zipfile never unpacks more than this
                    _check_member(member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR), total, limit)
        else:
            for _ in _members(path, limit):
                pass


def unpack_each(path: Path, wanted: Collection[str], target: Path, *, limit: int) -> Iterator[str]:
    """Unpack the wanted files of a tar or tar.gz archive one after the other, each to the same path.

    Parameters
    ----------
    path : Path
    wanted : collection of str
        Last two parts of the members' names, as in "blues/blues.00000.wav".
    target : Path
        Where each file is put; it is removed when the next one is asked for.
    limit : int
        The most that all members together, wanted or not, may unpack to, in bytes.

    Yields
    ------
    str
        The name in `wanted` whose bytes are now in `target`.

    Raises
    ------
    DataError
        As `check`, and where the archive is damaged.
    """
    with reading(path):
        for archive, member in _members(path, limit):
            name = "/".join(PurePosixPath(member.name).parts[-2:])
            if not member.isfile() or name not in wanted:
                continue
            target.unlink(missing_ok=True)  # never write through a link that a caller made to the file before
            with archive.extractfile(member) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            yield name
    target.unlink(missing_ok=True)


class _Rationed:
    """The bytes of a tar archive, of which no more than `ration` can be read until it is raised again.

    tarfile reads a header into memory whatever length it claims, and all that is left where that is negative.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.ration = _HEADERS
        self.seek, self.tell = file.seek, file.tell
        self._file = file

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.ration:
            raise _Untrusted(_ABSURD)
        self.ration -= size
        return self._file.read(size)


def _members(path: Path, limit: int) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """The members of a tar archive, each checked, and the open archive; only the last one can be read."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with (gzip.open if packed else Path.open)(path, "rb") as file:
        unpacked = _Rationed(file)
        with tarfile.open(fileobj=unpacked, mode="r:") as archive:
            total = 0
            for member in archive:
                if member.size < 0:  # would lead tarfile back to where it was, for ever
                    raise _Untrusted(_ABSURD)
                total += max(_HEADERS - unpacked.ration + member.size, _LEAST)
                _check_member(member.name, member.isfile() or member.isdir(), total, limit)
                unpacked.ration = member.size
                yield archive, member
                unpacked.ration = _HEADERS
                archive.members.clear()  # tarfile keeps them all


def _check_member(name: str, plain: bool, total: int, limit: int) -> None:
    outside = PureWindowsPath(name).anchor or ".." in PureWindowsPath(name).parts  # covers / and \ and C:
    if outside or not plain:
        what = "would land outside the folder" if outside else "is a link or a device"
        raise _Untrusted(f"its member {name!r} {what}")
    if total > limit:
        raise _Untrusted(f"it unpacks to more than {limit} bytes")

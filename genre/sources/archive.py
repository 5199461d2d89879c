"""Archives from the network, which may be damaged or hostile: nothing lands outside, nothing unpacks without end."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath

from genre.errors import DataError

# What zipfile and tarfile raise over bytes that are not what they should be; RuntimeError: an encrypted member.
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, BadGzipFile, LZMAError),
    *(EOFError, ValueError, NotImplementedError, RuntimeError),
)


def is_html(path: Path) -> bool:
    """Whether a file is a web page: what a login wall or an error page sends in the place of an archive."""
    with Path(path).open("rb") as file:
        return file.read(512).lstrip().lower().startswith((b"<!doctype", b"<html"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Within this block, damage found in the archive `path` is a DataError."""
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"the archive {path.name} is damaged ({error})") from None


def check(path: Path, *, limit: int) -> None:
    """Refuse a zip or tar archive that is not safe to unpack as a whole.

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
                    _check_member(path, member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR), total, limit)
        else:
            with tarfile.open(path) as archive:
                for _ in _members(path, archive, limit):
                    pass


def unpack_each(path: Path, wanted: Collection[str], target: Path, *, limit: int) -> Iterator[str]:
    """Unpack the wanted files of a tar archive one after the other, each to the same path.

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
    with reading(path), tarfile.open(path) as archive:
        for member in _members(path, archive, limit):
            name = "/".join(PurePosixPath(member.name).parts[-2:])
            if not member.isfile() or name not in wanted:
                continue
            target.unlink(missing_ok=True)  # never write through a link that a caller made to the file before
            with archive.extractfile(member) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            yield name
    target.unlink(missing_ok=True)


def _members(path: Path, archive: tarfile.TarFile, limit: int) -> Iterator[tarfile.TarInfo]:
    total = 0
    for member in archive:
        total += member.size
        _check_member(path, member.name, member.isfile() or member.isdir(), total, limit)
        yield member


def _check_member(path: Path, name: str, plain: bool, total: int, limit: int) -> None:
    outside = PureWindowsPath(name).anchor or ".." in PureWindowsPath(name).parts  # covers / and \ and C:
    if outside or not plain:
        what = "would land outside the folder" if outside else "is a link or a device"
        raise DataError(f"the archive {path.name} is not to be trusted: its member {name!r} {what}")
    if total > limit:
        raise DataError(f"the archive {path.name} is not to be trusted: it unpacks to more than {limit} bytes")

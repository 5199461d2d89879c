import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile

import pytest

from genre.dataset import archive
from genre.errors import DataError
from tests.stand_ins import tar

LIMIT = 1_000_000
CONTENT = os.urandom(3000)


def member(name: str, **attributes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def unpack(tmp_path, packed: bytes, wanted: str = "blues/a.wav") -> dict[str, bytes]:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.tar.gz").write_bytes(packed)
    target = tmp_path / "in" / "clip"
    names = archive.unpack_each(tmp_path / "in" / "x.tar.gz", {wanted}, target, limit=LIMIT)
    return {name: target.read_bytes() for name in names}


def files_in(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_only_wanted_files_are_unpacked_and_nothing_is_left(tmp_path):
    packed = tar([(member("g/blues/a.wav"), CONTENT), (member("g/blues/._a.wav"), b"x"), (member("g/b.wav"), b"y")])
    assert unpack(tmp_path, packed) == {"blues/a.wav": CONTENT}
    assert files_in(tmp_path) == {"in/x.tar.gz"}


def test_unpacking_never_writes_through_a_link_to_the_file_before(tmp_path):
    path, target, kept = tmp_path / "x.tar.gz", tmp_path / "clip", tmp_path / "kept"
    path.write_bytes(tar([(member("blues/a.wav"), CONTENT), (member("blues/b.wav"), b"other")]))
    for name in archive.unpack_each(path, {"blues/a.wav", "blues/b.wav"}, target, limit=LIMIT):
        if name == "blues/a.wav":
            os.link(target, kept)
    assert kept.read_bytes() == CONTENT


HOSTILE = {
    "parent": (member("../blues/a.wav"), CONTENT),
    "parent inside": (member("g/../../blues/a.wav"), CONTENT),
    "backslashes": (member("..\\blues\\a.wav"), CONTENT),
    "absolute": (member("/outside/blues/a.wav"), CONTENT),
    "drive": (member("C:/blues/a.wav"), CONTENT),
    "symbolic link": (member("blues/a.wav", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b""),
    "hard link": (member("blues/a.wav", type=tarfile.LNKTYPE, linkname="/etc/passwd"), b""),
    "device": (member("blues/a.wav", type=tarfile.CHRTYPE, devmajor=1, devminor=5), b""),
    "pipe": (member("blues/a.wav", type=tarfile.FIFOTYPE), b""),
    "bomb": (member("blues/a.wav"), bytes(LIMIT + 1)),
    "bomb that is not wanted": (member("zeros"), bytes(LIMIT + 1)),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_tar_is_refused_and_puts_nothing_anywhere(tmp_path, hostile):
    with pytest.raises(DataError, match=r"x\.tar\.gz is not to be trusted"):
        unpack(tmp_path, tar([hostile, (member("blues/a.wav"), CONTENT)]))
    assert files_in(tmp_path) == {"in/x.tar.gz"}


def header(name: str, kind: bytes, length: int) -> bytes:
    """A tar header that claims any length, a negative one too."""
    block = bytearray(member(name, type=kind).tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"%011o\0" % length if length >= 0 else b"\xff" + (2**88 + length).to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


HEADERS = {
    "a name without end": header("x", tarfile.GNUTYPE_LONGNAME, 100 * LIMIT) + bytes(100 * LIMIT),
    "attributes without end": header("x", tarfile.XHDTYPE, 100 * LIMIT) + bytes(100 * LIMIT),
    "attributes of a negative length": header("x", tarfile.XHDTYPE, -512) + bytes(100 * LIMIT),
    "a file that ends where it begins": header("blues/a.wav", tarfile.REGTYPE, -512),
    "members without end": header("x", tarfile.REGTYPE, 0) * 100_000,
}


@pytest.mark.parametrize("hostile", HEADERS.values(), ids=HEADERS)
def test_a_tar_that_is_hostile_in_its_headers_is_refused_before_they_fill_the_memory(tmp_path, hostile):
    packed = gzip.compress(header("g", tarfile.DIRTYPE, 0) + hostile + bytes(1024))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"x\.tar\.gz is not to be trusted"):
        unpack(tmp_path, packed)
    assert tracemalloc.get_traced_memory()[1] < 30 * LIMIT
    tracemalloc.stop()


@pytest.mark.parametrize("length", [0, 5, 20, 500, 3000])
def test_a_tar_cut_at_any_length_is_called_damaged(tmp_path, length):
    with pytest.raises(DataError, match=r"x\.tar\.gz is damaged"):
        unpack(tmp_path, tar([(member("blues/a.wav"), CONTENT)])[:length])


def packed_zip(name: str, content: bytes, kind: int = 0o100644) -> bytes:
    packed = io.BytesIO()
    info = zipfile.ZipInfo(name)
    info.external_attr = kind << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(info, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("../a.wav", CONTENT, 0o100644),
        ("/a.wav", CONTENT, 0o100644),
        ("..\\a.wav", CONTENT, 0o100644),
        ("a.wav", b"/etc/passwd", 0o120777),
        ("a.wav", bytes(LIMIT + 1), 0o100644),
    ],
)
def test_a_hostile_zip_is_refused(tmp_path, name, content, kind):
    (tmp_path / "x.zip").write_bytes(packed_zip(name, content, kind))
    with pytest.raises(DataError, match=r"x\.zip is not to be trusted"):
        archive.check(tmp_path / "x.zip", limit=LIMIT)


def test_a_plain_zip_and_a_plain_tar_pass(tmp_path):
    (tmp_path / "x.zip").write_bytes(packed_zip("Data/a.wav", CONTENT))
    (tmp_path / "x.tar").write_bytes(tar([(member("Data/a.wav"), CONTENT)]))
    archive.check(tmp_path / "x.zip", limit=LIMIT)
    archive.check(tmp_path / "x.tar", limit=LIMIT)


@pytest.mark.parametrize("content", [b"", b"neither zip nor tar", packed_zip("a", CONTENT)[:-30]])
def test_what_is_no_archive_is_called_damaged(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        archive.check(tmp_path / "x", limit=LIMIT)


@pytest.mark.parametrize(
    ("content", "html"), [(b"\n <!DOCTYPE html>", True), (b"<HTML>", True), (b"PK\3\4", False), (b"", False)]
)
def test_a_web_page_is_told_from_an_archive(tmp_path, content, html):
    (tmp_path / "x").write_bytes(content)
    assert archive.is_html(tmp_path / "x") == html

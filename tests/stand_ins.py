"""Servers on loopback that stand in for Kaggle and Hugging Face, and misbehave as a test specifies."""

import base64
import contextlib
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

KAGGLE_PORT = 7777  # kagglehub connects to it when KAGGLE_API_ENVIRONMENT=TEST


@dataclass(frozen=True)
class Fault:
    """A faulty answer to one request for the archive."""

    status: int = 0  # answer with this status and `body`
    body: bytes = b"<!DOCTYPE html><html>sorry</html>"
    cut_after: int | None = None  # send this many bytes, then close the connection
    silent: bool = False  # after that, keep the connection open without sending more


@dataclass
class StandIn:
    """One server: the archive that it serves, the faults of its next answers, and the requests it received."""

    archive: bytes = b""
    md5: str | None = None  # of the archive, as Kaggle's storage sends it
    faults: list[Fault] = field(default_factory=list)  # if `for_ever`, the last one applies to all further requests
    for_ever: bool = False
    ranges: list[str | None] = field(default_factory=list)  # the Range header of each request for the archive
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    def next_fault(self) -> Fault:
        if self.faults and self.for_ever and len(self.faults) == 1:
            return self.faults[0]
        return self.faults.pop(0) if self.faults else Fault()


class _Handler(BaseHTTPRequestHandler):
    """Kaggle's API, its storage, and Hugging Face's `resolve`; `stand_in` and `ended` belong to one server."""

    stand_in: StandIn
    ended: threading.Event

    def log_message(self, *_) -> None:
        pass

    def do_POST(self) -> None:  # Kaggle's API: POST DownloadDataset redirects to the storage
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.stand_in.headers.append(dict(self.headers))
        self.answer(302, b"", {"Location": f"http://localhost:{self.stand_in.port}/storage/archive.zip"})

    def do_HEAD(self) -> None:  # probes, and what huggingface_hub asks about the archive first
        if not self.path.endswith("genres.tar.gz"):
            self.answer(200, b"", {})
            return
        self.stand_in.headers.append(dict(self.headers))
        if self.stand_in.for_ever and self.stand_in.faults and self.stand_in.faults[0].status:
            self.answer(self.stand_in.faults[0].status, b"", {})
            return
        facts = {"ETag": f'"{hashlib.sha256(self.stand_in.archive).hexdigest()}"', "X-Repo-Commit": "0" * 40}
        self.answer(200, b"", {"Content-Length": str(len(self.stand_in.archive)), **facts})

    def do_GET(self) -> None:
        if not self.path.endswith(("genres.tar.gz", "archive.zip")):
            self.answer(404, b"", {})
            return
        stand_in = self.stand_in
        stand_in.paths.append(self.path)
        stand_in.ranges.append(self.headers.get("Range"))
        stand_in.headers.append(dict(self.headers))
        fault = stand_in.next_fault()
        if fault.status:
            self.answer(fault.status, fault.body, {"Content-Type": "text/html"})
            return
        headers = {"Content-Type": "application/gzip", "Accept-Ranges": "bytes"}
        start = 0
        if stand_in.ranges[-1]:
            start = int(stand_in.ranges[-1].removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(stand_in.archive) - 1}/{len(stand_in.archive)}"
        if stand_in.md5:
            headers["x-goog-hash"] = f"md5={stand_in.md5}"
        self.answer(206 if start else 200, stand_in.archive[start:], headers, cut_after=fault.cut_after)
        if fault.silent:
            self.ended.wait()

    def answer(self, status: int, body: bytes, headers: dict[str, str], *, cut_after: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut_after])


@contextlib.contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[StandIn]:
    """Serve `stand_in` on loopback; any free port by default."""
    ended = threading.Event()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in, "ended": ended})
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        pytest.fail(f"the stand-in needs port {port} of loopback, which is taken: {error.strerror}")
    stand_in.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stand_in
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def md5(body: bytes) -> str:
    """As in Google's `x-goog-hash` header."""
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def catalogue(clips: dict[str, bytes]) -> pd.DataFrame:
    """A catalogue of `clips` [clip_id: bytes], in the form of `genre.dataset.catalogue.load`."""
    rows = [
        {
            "clip_id": clip_id,
            "genre": clip_id.split(".")[0],
            "artist": f"artist of {clip_id}",
            "title": None,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "fault_filtered_split": "train",
            "duplicate_of": None,
        }
        for clip_id, content in clips.items()
    ]
    return pd.DataFrame(rows).set_index("clip_id")


def kaggle_zip(clips: dict[str, bytes]) -> bytes:
    """An archive in Kaggle's layout, with a file to be ignored."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Data/features_30_sec.csv", "filename,length\n")
        for clip_id, content in clips.items():
            archive.writestr(f"Data/genres_original/{clip_id.split('.')[0]}/{clip_id}.wav", content)
    return packed.getvalue()


def huggingface_tar(clips: dict[str, bytes]) -> bytes:
    """An archive in the Hugging Face mirror's layout, including its AppleDouble files."""
    members = [tarfile.TarInfo("genres"), tarfile.TarInfo("genres/._blues")]
    members[0].type = tarfile.DIRTYPE
    contents = [b"", b""]
    for clip_id, content in clips.items():
        for prefix, body in (("._", b"AppleDouble"), ("", content)):
            members.append(tarfile.TarInfo(f"genres/{clip_id.split('.')[0]}/{prefix}{clip_id}.wav"))
            contents.append(body)
    return tar(list(zip(members, contents, strict=True)))


def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar.gz of members of any name and kind."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, content in members:
            member.size = member.size or len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()

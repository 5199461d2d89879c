"""Servers on loopback that stand in for Kaggle and Hugging Face, and misbehave as they are told to."""

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

KAGGLE_PORT = 7777  # kagglehub asks there when KAGGLE_API_ENVIRONMENT=TEST


@dataclass(frozen=True)
class Fault:
    """How one request for the archive is answered wrongly."""

    status: int = 0  # answer with this status and `body`
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"<!DOCTYPE html><html>sorry</html>"
    cut_after: int | None = None  # send so many bytes and close the connection
    drip: float = 0.0  # instead of closing it then, send one byte every so many seconds
    ignore_range: bool = False  # send all of it again


@dataclass
class StandIn:
    """One server: the archive that it serves, the faults of its next answers, and the requests that it saw."""

    archive: bytes = b""
    md5: str | None = None  # of the archive, as Kaggle's storage sends it
    faults: list[Fault] = field(default_factory=list)  # the last one stays for all further requests if `for_ever`
    for_ever: bool = False
    ranges: list[str | None] = field(default_factory=list)  # the Range header of each request for the archive
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    def next_fault(self) -> Fault | None:
        if self.faults and self.for_ever and len(self.faults) == 1:
            return self.faults[0]
        return self.faults.pop(0) if self.faults else None


@contextlib.contextmanager
def serving(stand_in: StandIn, port: int = 0) -> Iterator[StandIn]:
    """Serve `stand_in` on loopback; any free port by default."""

    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

        def do_POST(self) -> None:  # Kaggle's API: POST DownloadDataset sends on to the storage
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stand_in.headers.append(dict(self.headers))
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{stand_in.port}/storage/archive.zip")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            stand_in.ranges.append(self.headers.get("Range"))
            stand_in.headers.append(dict(self.headers))
            fault = stand_in.next_fault() or Fault()
            if fault.status:
                self.answer(fault.status, fault.body, {"Content-Type": "text/html", **fault.headers})
                return
            start = 0
            partial = stand_in.ranges[-1] and not fault.ignore_range
            if partial:
                start = int(stand_in.ranges[-1].removeprefix("bytes=").removesuffix("-"))
            rest = stand_in.archive[start:]
            headers = {"Content-Type": "application/gzip", "Accept-Ranges": "bytes"}
            if partial:
                headers["Content-Range"] = f"bytes {start}-{len(stand_in.archive) - 1}/{len(stand_in.archive)}"
            if stand_in.md5:
                headers["x-goog-hash"] = f"md5={stand_in.md5}"
            self.answer(206 if partial else 200, rest, headers, cut_after=fault.cut_after)
            if fault.drip:
                with contextlib.suppress(ConnectionError):
                    while not ended.wait(fault.drip):
                        self.wfile.write(b"x")

        def answer(self, status: int, body: bytes, headers: dict[str, str], cut_after: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:cut_after])

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        pytest.fail(f"the stand-in needs port {port} of loopback, and it cannot be had: {error.strerror}")
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
    """An archive in Kaggle's layout, with a file that is not wanted."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Data/features_30_sec.csv", "filename,length\n")
        for clip_id, content in clips.items():
            archive.writestr(f"Data/genres_original/{clip_id.split('.')[0]}/{clip_id}.wav", content)
    return packed.getvalue()


def huggingface_tar(clips: dict[str, bytes]) -> bytes:
    """An archive in the Hugging Face mirror's layout, with the AppleDouble files that it has."""
    members = [tarfile.TarInfo("genres"), tarfile.TarInfo("genres/._blues")]
    members[0].type = tarfile.DIRTYPE
    contents = [b"", b""]
    for clip_id, content in clips.items():
        for prefix, body in (("._", b"AppleDouble"), ("", content)):
            members.append(tarfile.TarInfo(f"genres/{clip_id.split('.')[0]}/{prefix}{clip_id}.wav"))
            contents.append(body)
    return tar(list(zip(members, contents, strict=True)))


def tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar.gz of members, whatever they are called and whatever kind they are of."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, content in members:
            member.size = member.size or len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()

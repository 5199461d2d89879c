"""`genre app` run as a process, used in a real browser and through its endpoint, without a network."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import soundfile

from genre.app.uploads import Uploads
from genre.dataset.sample import SAMPLE_RATE, synthesise
from genre.model.exported import RELEASED
from genre.songs.answers import answer_file, load_network
from tests.browser import chromium, refusing
from tests.conftest import TOP

slow = pytest.mark.slow

# Runs the command and records the addresses that the process looks up or connects to.
WATCHED = """
import sys
def note(event, args):
    if event in ("socket.getaddrinfo", "socket.connect"):
        host = args[1][0] if event == "socket.connect" and isinstance(args[1], tuple) else args[0]
        open("asked.txt", "a").write(f"{host}\\n")
sys.addaudithook(note)
from genre.__main__ import main
main()
"""


@dataclass(frozen=True)
class Server:
    """A running `genre app`."""

    process: subprocess.Popen
    url: str
    folder: Path  # its working folder, and its folder for temporary files

    def uploads(self) -> list[Path]:
        """The files that it has stored, without the examples."""
        return [path for path in self.folder.glob("genre-app-*/*/*") if path.is_file()]

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET of exactly this path, which a URL library would normalise."""
        connection = http.client.HTTPConnection(self.url.split("/")[2], timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """Run `genre app` in `folder`."""
    pytest.importorskip("gradio", reason="needs the extra `app`")
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(TOP), "http_proxy": "http://127.0.0.1:9"}
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED, "app", "--no-browser", *options],
        cwd=folder, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        first = process.stderr.readline()
        url = re.match(r"(http://\S+) ", first)
        assert url, first + process.stderr.read()
        threading.Thread(target=process.stderr.read, daemon=True).start()  # or its pipe fills up
        yield Server(process, url[1], folder)
    finally:
        process.terminate()
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("app")
    with serving(folder) as running:
        yield running
    assert not list(folder.glob("genre-app-*"))
    asked = set((folder / "asked.txt").read_text().split())
    assert asked <= {"127.0.0.1", "localhost", "None"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium driven by playwright, with a microphone that beeps and a network that refuses all but loopback."""
    program = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="drives the browser")
    with refusing() as (proxy, requests), playwright.sync_playwright() as driver:
        media = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        yield driver.chromium.launch(executable_path=program, args=[f"--proxy-server={proxy}", *media])
    assert not requests


@dataclass
class Visits:
    """Opens the page for visitors and collects its errors."""

    browser: Any
    url: str
    complaints: list[str] = field(default_factory=list)

    def __call__(self, **options: Any) -> Any:
        """The page, opened by another visitor."""
        page = self.browser.new_context(**options).new_page()
        page.set_default_timeout(120_000)  # for slow machines, in ms
        complain = self.complaints.append
        page.on("console", lambda message: complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("requestfailed", lambda request: None if "ABORTED" in request.failure else complain(request.url))
        own = (self.url, "blob:", "data:")
        page.on("request", lambda request: None if request.url.startswith(own) else complain(request.url))
        with page.expect_response("**/heartbeat/**"):  # the page's last request
            page.goto(self.url)
        return page


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Visits]:
    """Opens the page for another visitor; none of them may see an error or contact another server."""
    visits = Visits(browser, server.url)
    yield visits
    for context in browser.contexts:
        context.close()
    assert not visits.complaints


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the built-in sample, under a name that not every file system and font supports."""
    path = tmp_path_factory.mktemp("clips") / "Süße Grüße – Übergrößenträger 🎸 $x$ <b>&amp;.flac"
    soundfile.write(path, synthesise("jazz", 0, seconds=10, seed=0), SAMPLE_RATE)
    return path


def expected(path: Path) -> dict[str, Any]:
    """The answer of `genre predict --json`, without the path."""
    network, info, _ = load_network(RELEASED)
    answer = answer_file(path, network, info).to_dict(info.genres)
    del answer["path"]
    return answer


def drop(page: Any, *paths: Path) -> None:
    """Drop files on the page, as from a file manager."""
    files = [[path.name, b64encode(path.read_bytes()).decode()] for path in paths]
    transfer = page.evaluate_handle(
        """files => files.reduce((transfer, [name, bytes]) => {
            transfer.items.add(new File([Uint8Array.from(atob(bytes), byte => byte.charCodeAt(0))], name));
            return transfer;
        }, new DataTransfer())""",
        files,
    )
    page.get_by_role("button", name="drop files").dispatch_event("drop", {"dataTransfer": transfer})


def wait_until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for something that another process will do."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def genre(page: Any) -> Any:
    return page.get_by_test_id("label-output-value")


def player(page: Any) -> Any:
    return page.locator(".song audio")


@slow
def test_a_dropped_clip_gets_the_answer_of_genre_predict_a_picture_and_a_player(visit, clip):
    page = visit()
    drop(page, clip)
    answer = expected(clip)
    assert genre(page).inner_text().strip() == answer["genre"]
    assert page.get_by_text(re.compile(f"^{answer['sureness']}\\b.*; {answer['genre']} throughout")).is_visible()
    assert clip.name in page.locator(".song svg").text_content()
    line, start = page.locator(".song i"), page.locator(".song i").bounding_box()["x"]
    player(page).evaluate("player => player.play()")
    page.wait_for_function("document.querySelector('.song audio').currentTime > 1")
    assert line.bounding_box()["x"] > start
    picture = page.locator(".song .picture")
    picture.click(position={"x": picture.bounding_box()["width"] / 2, "y": 100})
    assert 3 < player(page).evaluate("player => player.currentTime") < 8


@slow
def test_a_file_that_cannot_be_used_gets_the_reason_of_genre_predict_and_the_page_goes_on(visit, clip, write_audio):
    text = write_audio("text.mp3", np.zeros(1))
    text.write_text("not audio")
    silent, absurd = write_audio("silent.wav", np.zeros(9999)), write_audio("empty.wav", np.zeros(0))
    page = visit()
    drop(page, text, silent, absurd, clip)
    page.get_by_label(f"{clip.name}: ").click()
    assert genre(page).inner_text().strip() == expected(clip)["genre"]
    for path in (text, silent, absurd):
        reason = f"{path.name}: {expected(path)['error']}"
        page.get_by_label(reason).click()
        page.locator(".song p", has_text=reason).wait_for()


@slow
def test_a_song_that_was_chosen_stays_chosen_while_others_are_answered(visit, clip, tmp_path):
    paths = [shutil.copy(clip, tmp_path / f"{letter}.flac") for letter in "abcdefghijkl"]
    page = visit()
    drop(page, *paths)
    page.get_by_label("b.flac: ").check()
    page.get_by_label("l.flac: ").wait_for()
    assert page.get_by_label("b.flac: ").is_checked()


@slow
def test_two_visitors_at_once_with_the_same_song_keep_it_until_each_has_left(visit, clip, server, tmp_path):
    stays, leaves = visit(), visit()
    other = shutil.copy(clip, tmp_path / "other.flac")
    drop(stays, clip)
    drop(leaves, clip, other, other)  # the same song twice
    leaves.get_by_label("other.flac").nth(1).wait_for()
    address = player(stays).get_attribute("src")
    assert player(leaves).get_attribute("src") == address
    leaves.close()
    wait_until(lambda: "other.flac" not in [path.name for path in server.uploads()])
    assert server.get(f"/{address}") == (200, clip.read_bytes())
    stays.close()
    wait_until(lambda: not server.uploads())


@slow
def test_a_long_song_shows_how_much_of_it_was_heard(visit, tmp_path):
    long = tmp_path / "long.flac"
    soundfile.write(long, np.tile(synthesise("jazz", 0, seconds=10, seed=0), 240), SAMPLE_RATE)  # 40 minutes
    page = visit()
    page.locator("input[type=file]").first.set_input_files(long)
    page.get_by_text(re.compile(r"1 of 1: \d+:[0-5]\d heard")).first.wait_for()
    assert genre(page).inner_text().strip()


@slow
@pytest.mark.parametrize("device", ["phone", "wide screen"])
def test_an_example_moves_through_its_genres(visit, device):
    page = visit()
    page.get_by_role("button", name="medley").wait_for()  # the picture has the width of the page when it is classified
    page.set_viewport_size({"width": 390, "height": 844} if device == "phone" else {"width": 1920, "height": 1080})
    page.get_by_role("button", name="medley").press("Enter")
    picture = page.locator(".song svg")
    assert "classical" in picture.text_content(timeout=60_000)
    assert page.get_by_text(re.compile(r"0:00 classical, .* jazz, .* disco$")).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Text of 8.5 points must be legible.
    size = picture.evaluate("svg => 8.5 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width")
    assert size > 7.5


@slow
def test_what_the_microphone_hears_is_answered(visit):
    page = visit(permissions=["microphone"])
    page.get_by_role("button", name="Record").click()
    page.wait_for_timeout(2000)  # of beeps
    page.get_by_role("button", name="Stop", exact=True).click()
    assert genre(page).inner_text().strip()


@slow
def test_an_upload_of_more_than_200_mb_is_refused_with_the_limit_and_the_page_goes_on(browser, server, clip, tmp_path):
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(201 << 20)
    page = Visits(browser, server.url)()  # without the check for errors: the upload's progress cannot be polled
    page.locator("input[type=file]").first.set_input_files(large)
    page.get_by_text('exceed the maximum allowed size of 200.0 Mb: "large.wav"').wait_for()
    assert not server.uploads()
    page.locator("input[type=file]").first.set_input_files(clip)
    assert genre(page).inner_text().strip() == expected(clip)["genre"]
    page.context.close()


def upload(server: Server, path: Path) -> str:
    """Upload a file; returns its path on the server."""
    with path.open("rb") as file:
        answer = httpx.post(f"{server.url}gradio_api/upload", files={"files": (path.name, file)})
    return answer.raise_for_status().json()[0]


def call(server: Server, *paths: str) -> str:
    """The endpoint's answer for these paths on the server, called as in docs/space.md."""
    files = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    begun = httpx.post(f"{server.url}gradio_api/call/predict", json={"data": [files]})
    if begun.status_code != 200:
        return begun.text
    return httpx.get(f"{server.url}gradio_api/call/predict/{begun.json()['event_id']}", timeout=60).text


@slow
def test_the_endpoint_answers_as_genre_predict_does_and_the_upload_is_deleted(server, clip, tmp_path, write_audio):
    client = pytest.importorskip("gradio_client")
    paths = [shutil.copy(clip, tmp_path / "Übung.flac"), write_audio("silent.wav", np.zeros(9999))]
    files = [client.handle_file(path) for path in paths]
    answers = client.Client(server.url, verbose=False).predict(files, api_name="/predict")
    assert answers == [{"file": path.name, **expected(path)} for path in paths]
    assert not server.uploads()


@slow
def test_callers_with_equal_files_each_get_their_answer(server, clip):
    first, second = upload(server, clip), upload(server, clip)
    assert first == second
    for path in (first, second):
        assert '"genre"' in call(server, path)
    assert not server.uploads()


@slow
@pytest.mark.parametrize(
    "path",
    [
        "{secret}", "/{secret}", "file://{secret}", "{folder}/../{secret}", "../{name}", "..%2f{name}", "{secret}%00",
        "{folder}/%2e%2e/{name}", "..%5c{name}", "{folder}",
    ],
)  # fmt: skip
def test_nothing_outside_the_upload_folder_can_be_read(server, path):
    secret = server.folder / "secret.wav"
    soundfile.write(secret, synthesise("jazz", 0, seconds=2, seed=0), SAMPLE_RATE)
    (folder,) = server.folder.glob("genre-app-*")
    path = path.format(secret=secret, folder=folder, name=secret.name)
    for route in ("gradio_api/file=", "gradio_api/file/", "static/", "assets/", "svelte/", "gradio_api/proxy="):
        status, body = server.get(f"/{route}{path}")
        assert status in (400, 403, 404) and len(body) < 1000
    assert '"genre"' not in call(server, path)


@slow
@pytest.mark.parametrize("address", ["http://music.invalid/song.mp3", "https://music.invalid/song.mp3"])
def test_the_server_fetches_no_address_for_a_visitor(server, address):
    assert server.get(f"/gradio_api/file={address}") == (404, b"not found")
    assert call(server, address) == "addresses are not fetched; upload the file"
    assert "music.invalid" not in (server.folder / "asked.txt").read_text()


@slow
def test_a_page_that_lost_its_connection_says_so_and_its_files_are_deleted(server, clip):
    functions = httpx.get(f"{server.url}config").json()["dependencies"]
    (hear,) = (function["id"] for function in functions if "upload" in [event for _, event in function["targets"]])
    song = {"path": upload(server, clip), "orig_name": clip.name, "meta": {"_type": "gradio.FileData"}}
    asked = {"data": [[song], False], "fn_index": hear, "session_hash": "left"}
    httpx.post(f"{server.url}gradio_api/queue/join", json=asked).raise_for_status()
    with httpx.stream("GET", f"{server.url}gradio_api/queue/data", params={"session_hash": "left"}) as events:
        (done,) = (line for line in events.iter_lines() if "process_completed" in line)
    assert "The connection was lost, and your songs were deleted." in done
    assert not server.uploads()


@slow
def test_a_request_that_would_fill_the_memory_is_refused(server):
    address = f"{server.url}gradio_api/call/predict"
    assert httpx.post(address, content=b" " * 11_000_000).status_code == 413
    assert httpx.post(address, content=iter([b"{}"])).status_code == 413  # of unknown length
    assert httpx.post(address, content=b"[" * 100_000).status_code == 400


@slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_no_upload_remains_after_the_terminal_was_closed(tmp_path, clip):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, which the app would inherit
    with serving(tmp_path) as server:
        assert upload(server, clip) and server.uploads()
        signal.signal(signal.SIGHUP, before)
        server.process.send_signal(signal.SIGHUP)
        server.process.wait(60)
    assert not list(tmp_path.glob("genre-app-*"))


@slow
def test_it_listens_on_loopback_only(server):
    listening = [found for found in psutil.Process(server.process.pid).net_connections() if found.status == "LISTEN"]
    assert {found.laddr.ip for found in listening} == {"127.0.0.1"}


@slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "typo.tflite"], "typo.tflite does not exist"),
        (["--host", "203.0.113.1"], "cannot listen at 203.0.113.1, port 7860: "),
        (["--port", "99999"], "cannot listen at 127.0.0.1, port 99999: "),
    ],
)
def test_an_invalid_option_ends_the_app_with_one_line(options, message, tmp_path):
    pytest.importorskip("gradio", reason="needs the extra `app`")
    command = [sys.executable, "-m", "genre", "app", "--no-browser", *options]
    ran = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(TOP)}, capture_output=True, text=True
    )
    assert ran.returncode == 1 and ran.stderr.startswith(f"error: {message}") and ran.stderr.count("\n") == 1
    assert "while attempting" not in ran.stderr  # Python's own text repeats the address


def test_a_file_is_deleted_with_the_last_of_its_uploads(tmp_path):
    uploads, path = Uploads(tmp_path), tmp_path / "song.mp3"
    path.write_bytes(b"1")
    uploads.add([path])
    path.unlink()
    path.write_bytes(b"1")
    uploads.add([path])
    uploads.delete([path, path])
    assert path.exists()
    uploads.delete([path])
    assert not path.exists()


def test_a_file_that_arrives_while_an_equal_one_is_deleted_stays(tmp_path):
    uploads, path, other = Uploads(tmp_path), tmp_path / "song.mp3", tmp_path / "arriving"
    for file in (path, other):
        file.write_bytes(b"1")
    uploads.add([path])
    other.replace(path)
    uploads.delete([path])
    assert path.exists()


def test_an_upload_that_was_broken_off_is_deleted_when_nothing_more_arrives(tmp_path):
    broken_off, arriving = tmp_path / "tmpbroken", tmp_path / "tmparriving"
    for path in (broken_off, arriving):
        path.write_bytes(b"1")
    os.utime(broken_off, (0, 0))
    Uploads(tmp_path).delete([])
    assert not broken_off.exists() and arriving.exists()

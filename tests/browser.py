"""Load a page in a real browser without a network: its HTML after the scripts ran, its errors and its requests."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip

# Hosts that Chromium contacts by itself; only a page would contact fonts. or ajax.googleapis.com.
OWN = re.compile(r"(?<!fonts)(?<!ajax)\.(google|googleapis|gvt1)\.com[:/]")


@dataclass(frozen=True)
class Visit:
    html: str  # the document after its scripts have run, with the scripts removed
    console: list[str]  # errors and warnings of its scripts
    requests: list[str]  # network requests, all of them refused

    def elements(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each `tag`."""
        found = []

        class Parser(HTMLParser):
            def handle_starttag(self, name: str, attributes: list) -> None:
                if name == tag:
                    found.append({key: value or "" for key, value in attributes})

        Parser().feed(self.html)
        return found

    def text(self, tag: str) -> list[str]:
        """The text of each `tag` that holds no other element."""
        return [text.strip() for text in re.findall(rf"<{tag}\b[^>]*>([^<]*)</{tag}>", self.html)]


def chromium() -> str:
    """The path of Chromium; skips the test if it is not installed."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed (apt-get install chromium)")
    return program


def visit(page: Path, *flags: str) -> Visit:
    """Open a local page with the network off; skips the test if Chromium is not installed."""
    program = chromium()
    with tempfile.TemporaryDirectory() as profile, refusing() as (proxy, requests):
        command = [
            program, *QUIET, f"--proxy-server={proxy}", f"--user-data-dir={profile}", "--enable-logging=stderr",
            "--window-size=1280,1600", "--virtual-time-budget=20000", *flags, "--dump-dom", page.resolve().as_uri(),
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0 and ran.stdout, ran.stderr
    html = re.sub(r"<script\b.*?</script>", "", ran.stdout, flags=re.DOTALL)
    return Visit(html, re.findall(r"CONSOLE[:(]\S+ (.*)", ran.stderr), requests)


@contextlib.contextmanager
def refusing() -> Iterator[tuple[str, list[str]]]:
    """A proxy on loopback that refuses every request; yields its address and the list of requests."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

        def refuse(self) -> None:
            if not OWN.search(self.path):
                requests.append(self.path)
            self.send_error(502)

        do_GET = do_POST = do_HEAD = do_CONNECT = refuse

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""What the mirrors share: time limits, retries with back-off, and why a mirror did not serve.

Reasons are made here from the kind of failure, never from an exception's text, which can hold addresses and passwords.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from unittest import mock
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError, ReadTimeoutError

T = TypeVar("T")
Sleep = Callable[[float], None]

TIMEOUT = (5, 20)  # to connect, and between two bytes, in seconds
SLOWEST = (1 << 20, 60.0)  # a download with fewer bytes in so many seconds is broken off; kagglehub counts by MiB
NAME_TIMEOUT = 5.0  # to look a host name up, in seconds
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # a server that asks for more is given up, in seconds
UNPACKED_LIMIT = 4 << 30  # GTZAN with the pictures that Kaggle adds is 1.5 GB

log = logging.getLogger(__name__)


class MirrorError(Exception):
    """Why a mirror did not serve, in a few words."""


class Unreachable(MirrorError):
    """The mirror gave nothing: no connection, or a refusal. Something else may take its place."""


class Damaged(MirrorError):
    """The mirror answered, and what came is incomplete or wrong. Nothing may silently take its place."""


class CannotResume(requests.ConnectionError):
    """The server does not continue where the part on disk ends; the part is of no use."""


@contextmanager
def guarded() -> Iterator[None]:
    """Within this block, no request of any library waits for ever, and none that resumes gets anything but the rest.

    kagglesdk 0.1.37 sends without a timeout, and no timeout of `requests` covers looking a name up, which takes
    half a minute on a machine whose name server does not answer, nor a server that sends a byte now and then.
    kagglehub 1.0.2 would append to the archive whatever a server sends in the place of the rest, an error page too.
    """
    send = requests.Session.send
    over = threading.Event()

    def send_in_time(session: requests.Session, request: requests.PreparedRequest, **settings) -> requests.Response:
        _look_up(request.url)
        settings["timeout"] = settings.get("timeout") or TIMEOUT
        response = send(session, request, **settings)
        if "Range" in request.headers:
            if response.status_code in (200, 416):
                response.close()
                raise CannotResume("cannot resume")
            response.raise_for_status()
        if settings.get("stream"):
            threading.Thread(target=_break_off_if_slow, args=(response, over), daemon=True).start()
        return response

    with mock.patch.object(requests.Session, "send", send_in_time):
        try:
            yield
        finally:
            over.set()


def _break_off_if_slow(response: requests.Response, over: threading.Event) -> None:
    """Until a download is at its end, or `over` is set: cut its connection once it is slower than SLOWEST."""
    least, seconds = SLOWEST
    got = 0
    while not over.wait(seconds) and not response.raw.closed:
        before, got = got, response.raw.tell()
        if got - before < least:
            with suppress(OSError, RuntimeError, ValueError):  # it has ended in this moment
                response.raw.shutdown()
            return


def _look_up(url: str) -> None:
    """Raise requests.ConnectTimeout where the host of `url`, or the proxy to it, has no address within NAME_TIMEOUT."""
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    host = urlsplit(requests.utils.prepend_scheme_if_needed(proxy or url, "http")).hostname
    found = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, None))
        except OSError:
            log.debug("no address for %s", host)

    thread = threading.Thread(target=look_up, daemon=True)  # cannot be cancelled, must not hold the exit
    thread.start()
    thread.join(NAME_TIMEOUT)
    if not found:
        raise requests.ConnectTimeout("no address")


def retrying(download: Callable[[], T], *, sleep: Sleep = time.sleep) -> T:
    """Call `download` until it succeeds or trying again cannot help.

    Tried again, after 1, 2, 4 and 8 s or what `Retry-After` says: a download cut off, 429 and 5xx. Not tried again:
    no connection at all, which on a machine without internet would only cost time, and other refusals.

    Raises
    ------
    Unreachable
        Where nothing was got.
    Damaged
        Where a download had begun and broke off for good.
    """
    begun = False
    for attempt in range(ATTEMPTS):
        try:
            with guarded():
                return download()
        except requests.RequestException as error:
            begun = begun or _is_cut(error)
            reason = _reason(error)
            wait = _retry_after(error) or 2.0**attempt
            final = attempt == ATTEMPTS - 1 or wait > LONGEST_WAIT or not (begun or _may_pass(error))
        if final:
            raise Damaged(f"the download broke off ({reason})") if begun else Unreachable(reason)
        log.info("%s; trying again in %g s", reason, wait)
        sleep(wait)
    raise AssertionError


def _is_cut(error: requests.RequestException) -> bool:
    """Whether the connection broke in the middle of an answer."""
    if isinstance(error, requests.Timeout):
        return False
    stalled = bool(error.args and isinstance(error.args[0], ReadTimeoutError))
    return stalled or isinstance(error, requests.exceptions.ChunkedEncodingError)


def _no_connection(error: requests.RequestException) -> bool:
    return isinstance(error, requests.Timeout) or bool(error.args and isinstance(error.args[0], MaxRetryError))


def _may_pass(error: requests.RequestException) -> bool:
    if error.response is not None:
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, requests.ConnectionError) and not _no_connection(error)


def _reason(error: requests.RequestException) -> str:
    if error.response is not None and error.response.status_code >= 400:
        return f"HTTP {error.response.status_code}"
    if _no_connection(error):
        return "no connection"
    return "the connection was cut" if isinstance(error, requests.ConnectionError) or _is_cut(error) else "no answer"


def _retry_after(error: requests.RequestException) -> float | None:
    """The server's `Retry-After` in seconds: a number, or a date (RFC 9110, 10.2.3)."""
    text = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None

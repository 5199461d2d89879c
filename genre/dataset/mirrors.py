"""Shared by the mirrors (the modules `kaggle` and `huggingface`): their errors, and a test that a server responds.

Error messages are built from the kind of failure, never from an exception's text, which may contain URLs and passwords.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import requests

Result = TypeVar("Result")

PROBE_SECONDS = 5.0  # for DNS lookup, connection and the first byte of the response


class MirrorError(Exception):
    """Why a mirror could not be used, in a few words."""


class Unreachable(MirrorError):
    """The mirror sent nothing: no connection, or a refusal. A fallback may be used instead."""


class Damaged(MirrorError):
    """The mirror responded, but its data are incomplete or corrupt. No fallback may be used silently."""


def start(work: Callable[[], Result]) -> Future[Result]:
    """Run `work` in a thread that can be abandoned: unlike an executor's, it does not keep the process alive."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def responds(url: str) -> bool:
    """Whether a server sends any response within `PROBE_SECONDS`.

    Without this check, a machine without internet would wait for minutes: the timeouts of the mirrors' libraries do not
    cover DNS lookups, kagglehub's first requests have none at all, and huggingface_hub retries many times.
    """
    try:
        start(lambda: requests.head(url, timeout=PROBE_SECONDS)).result(PROBE_SECONDS)
    except requests.exceptions.SSLError:
        return True  # a bad certificate is a response too; the mirror's library will report it
    except (requests.RequestException, TimeoutError):
        return False
    return True

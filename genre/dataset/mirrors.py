"""What the mirrors, the modules `kaggle` and `huggingface`, share: their errors, and whether a server answers at all.

Reasons are made from the kind of failure, never from an exception's text, which can hold addresses and passwords.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import requests

Result = TypeVar("Result")

PROBE_SECONDS = 5.0  # for a name, a connection and the first byte of an answer


class MirrorError(Exception):
    """Why a mirror did not serve, in a few words."""


class Unreachable(MirrorError):
    """The mirror gave nothing: no connection, or a refusal. Something else may take its place."""


class Damaged(MirrorError):
    """The mirror answered, and what came is incomplete or wrong. Nothing may silently take its place."""


def start(work: Callable[[], Result]) -> Future[Result]:
    """Do `work` in a thread that, unlike an executor's, may be given up: it does not keep the process from ending."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def answers(url: str) -> bool:
    """Whether a server says anything within `PROBE_SECONDS`.

    Without this, a machine without internet would wait for minutes: no time limit of the mirrors' libraries covers
    looking a name up, kagglehub's first requests have none, and huggingface_hub tries again and again.
    """
    try:
        start(lambda: requests.head(url, timeout=PROBE_SECONDS)).result(PROBE_SECONDS)
    except requests.exceptions.SSLError:
        return True  # a bad certificate is an answer too: the mirror's library will say what is wrong
    except (requests.RequestException, TimeoutError):
        return False
    return True

"""What the mirrors share: whether a server answers at all, and why a mirror did not serve.

Reasons are made from the kind of failure, never from an exception's text, which can hold addresses and passwords.
"""

import queue
import threading

import requests

PROBE_SECONDS = 5.0  # for a name, a connection and the first byte of an answer


class MirrorError(Exception):
    """Why a mirror did not serve, in a few words."""


class Unreachable(MirrorError):
    """The mirror gave nothing: no connection, or a refusal. Something else may take its place."""


class Damaged(MirrorError):
    """The mirror answered, and what came is incomplete or wrong. Nothing may silently take its place."""


def answers(url: str) -> bool:
    """Whether a server says anything within `PROBE_SECONDS`.

    Without this, a machine without internet would wait for minutes: no time limit of the mirrors' libraries covers
    looking a name up, kagglehub's first requests have none, and huggingface_hub tries again and again.
    """
    said: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def ask() -> None:
        try:
            requests.head(url, timeout=PROBE_SECONDS)
            said.put(True)
        except requests.RequestException as error:
            # A bad certificate is an answer too: the mirror's library will say what is wrong.
            said.put(isinstance(error, requests.exceptions.SSLError))

    threading.Thread(target=ask, daemon=True).start()  # looking a name up cannot be cancelled
    try:
        return said.get(timeout=PROBE_SECONDS)
    except queue.Empty:
        return False

"""A Dask cluster that does joblib's work; imported where it is needed alone, as Dask is optional and slow to import."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import TimeoutError as NothingCame  # joblib's, not the operating system's
from typing import Any

import joblib
from distributed import Client
from joblib._dask import DaskDistributedBackend

from genre.errors import ClusterError

SCHEDULER = "DASK_SCHEDULER_ADDRESS"  # the environment variable that Dask's own tools use
PATIENCE = 600  # for the batch of items whose turn it is, in seconds; one takes less than a second
_TIMEOUT = 10  # for a scheduler to answer, and for it to have a worker, in seconds


class Backend(DaskDistributedBackend):
    """joblib's own backend, which waits for ever for work that Dask gave up, and does a lone worker's work itself."""

    supports_timeout = True

    def configure(self, n_jobs: int = 1, parallel: joblib.Parallel | None = None, **options: Any) -> int:
        parallel.timeout = PATIENCE  # a cluster may lose all its workers, and Dask waits for others
        return super().configure(n_jobs, parallel, **options)

    def effective_n_jobs(self, n_jobs: int) -> int:
        workers = super().effective_n_jobs(n_jobs)
        return 2 if workers == 1 else workers  # at 1, joblib takes no backend

    def submit(self, func: Callable[[], list], callback: Callable[[Any], None] | None = None) -> Future:
        def pass_on(done: Future) -> None:
            if callback and (error := done.exception()):  # of Dask: an error of the work itself is a result
                callback(_GivenUp(error))

        future = super().submit(func, callback)
        future.add_done_callback(pass_on)
        return future

    def retrieve_result_callback(self, out: Any) -> list:
        if isinstance(out, CancelledError):  # with all else, as the scheduler is gone
            out = _GivenUp(out)
        if isinstance(out, _GivenUp):
            raise ClusterError(
                f"the Dask cluster at {self.client.scheduler.address} gave its work up ({_first_cause(out.error)}); "
                "see its log; each worker needs this project in its PYTHONPATH, with the pinned requirements"
            )
        return super().retrieve_result_callback(out)


@dataclass(frozen=True)
class _GivenUp:
    error: BaseException


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


@contextmanager
def joined() -> Iterator[None]:
    """While this lasts, `joblib.Parallel` hands its work to the cluster whose scheduler `SCHEDULER` names.

    Raises
    ------
    ClusterError
        Where no scheduler or no worker answers, or the cluster gives its work up.
    """
    with _client() as client, joblib.parallel_config(Backend(client=client)):
        try:
            yield
        except NothingCame:
            raise ClusterError(
                f"nothing came from the Dask cluster at {client.scheduler.address} for {PATIENCE} s; see whether it "
                "has workers left, and their log"
            ) from None


def _client() -> Client:
    address = os.environ.get(SCHEDULER)
    if not address:
        raise ClusterError(
            f"extract.backend = 'dask' needs the address of a scheduler; set {SCHEDULER}, as in tcp://10.0.0.1:8786, "
            "or set extract.backend to loky"
        )
    client, what = None, "no Dask scheduler answers"
    try:
        client = Client(address, timeout=_TIMEOUT)
        what = "no worker has joined the Dask scheduler"
        client.wait_for_workers(1, timeout=_TIMEOUT)
    except (OSError, ValueError) as error:  # a TimeoutError is an OSError
        if client is not None:
            client.close()
        raise ClusterError(
            f"{what} at {SCHEDULER} = {address} ({error}); start `dask scheduler` and `dask worker`, or set "
            "extract.backend to loky"
        ) from None
    return client

"""Parallel work on a Dask cluster."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from distributed import Client, Future

from genre.errors import ClusterError

SCHEDULER = "DASK_SCHEDULER_ADDRESS"  # the environment variable that Dask's own tools use
RESULT_TIMEOUT = 600  # for the next batch, in seconds; a batch takes less than one
_CONNECT_TIMEOUT = 10  # for the scheduler to answer, and again for a worker to join it, in seconds
_BATCHES_AHEAD = 4  # batches sent ahead for each worker thread


def map_in_order(work: Callable, items: Iterable, *, batch_size: int) -> Iterator:
    """The results of `work` for each item, in order, from the cluster at the address in the variable `SCHEDULER`."""
    with _connect() as client:
        ahead = _BATCHES_AHEAD * sum(client.nthreads().values())
        items, pending = iter(items), deque[Future]()
        while batch := list(itertools.islice(items, batch_size)):
            pending.append(client.submit(_run_batch, work, batch, pure=False))
            if len(pending) > ahead:
                yield from _results(pending.popleft(), client)
        while pending:
            yield from _results(pending.popleft(), client)


def _run_batch(work: Callable, batch: list) -> list | Exception:
    """The results, or the error that `work` raised: an error raised by a future is then the cluster's."""
    try:
        return [work(item) for item in batch]
    except Exception as error:
        return error


def _results(future: Future, client: Client) -> list:
    address = client.scheduler.address
    try:
        outcome = future.result(timeout=RESULT_TIMEOUT)
    except TimeoutError:
        raise ClusterError(
            f"no result came from the Dask cluster at {address} for {RESULT_TIMEOUT} s; check that it has workers "
            "left, and their logs"
        ) from None
    except Exception as error:
        raise ClusterError(
            f"the Dask cluster at {address} aborted the work ({_root_cause(error)}); see its log; each worker needs "
            "this project: `pip install '.[pipeline,dask]'` there"
        ) from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _root_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


def _connect() -> Client:
    address = os.environ.get(SCHEDULER)
    if not address:
        raise ClusterError(
            f"extract.backend = 'dask' needs the address of a scheduler; set {SCHEDULER}, as in tcp://10.0.0.1:8786, "
            "or set extract.backend to loky"
        )
    client, problem = None, "no Dask scheduler answers"
    try:
        client = Client(address, timeout=_CONNECT_TIMEOUT)
        problem = "no worker has joined the Dask scheduler"
        client.wait_for_workers(1, timeout=_CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:  # a TimeoutError is an OSError
        if client is not None:
            client.close()
        raise ClusterError(
            f"{problem} at {SCHEDULER} = {address} ({error}); start `dask scheduler` and `dask worker`, or set "
            "extract.backend to loky"
        ) from None
    return client

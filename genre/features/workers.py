"""Parallel work on many items: in processes on this machine, or on a Dask cluster."""

import itertools
from collections.abc import Callable, Generator, Iterable
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import joblib

from genre.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")

_BATCH_SIZE = 8  # items sent to a worker at once: each takes a few milliseconds, less than sending it


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, backend: str, n_jobs: int
) -> Generator[Result]:
    """The results of `work` for each item, in order; only a few per worker are in memory at any time.

    `loky`: in `n_jobs` processes on this machine, -1 for one per core; only in the calling process for 1, or if there
    is no shared memory. `dask`: on all workers of the cluster at DASK_SCHEDULER_ADDRESS; the items of a lost worker are
    reassigned to another.

    Raises ClusterError if no scheduler or worker answers, or the cluster aborts the work, and DataError if a process on
    this machine is killed.
    """
    if backend == "dask":
        from genre.features import cluster  # Dask is optional, and slow to import

        yield from cluster.map_in_order(work, items, batch_size=_BATCH_SIZE)
        return
    parallel = joblib.Parallel(
        n_jobs, "loky", "generator", batch_size=_BATCH_SIZE, pre_dispatch=f"{4 * _BATCH_SIZE}*n_jobs",
        inner_max_num_threads=1,  # every core already has a process
    )  # fmt: skip
    keep_going = True
    results = parallel(joblib.delayed(work)(item) for item in itertools.takewhile(lambda _: keep_going, items))
    try:
        for result in results:  # noqa: UP028 - `yield from` would close `results` before the clean-up below
            yield result
    except BrokenProcessPool:
        raise DataError(
            "one of the processes that read audio was killed, most likely by the system because memory ran out; lower "
            "extract.n_jobs or extract.seconds, then run again"
        ) from None
    finally:  # if the caller stops early, wait for running items; loky would fail with a traceback
        keep_going = False
        for _ in results:
            pass

"""Work on many items in parallel: in processes of this machine, or on a Dask cluster."""

import itertools
from collections.abc import Callable, Generator, Iterable
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import joblib

from genre.errors import ClusterError, DataError

Item = TypeVar("Item")
Result = TypeVar("Result")

_BATCH = 8  # items that a worker gets at a time: a few milliseconds each are less than sending them takes


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, backend: str, n_jobs: int
) -> Generator[Result]:
    """The results of `work` for each item, in order; only a few for each worker are in memory at any time.

    `loky`: in `n_jobs` processes of this machine, -1 for one on every core; in this one alone for 1, and where there is
    no shared memory for more. `dask`: on the cluster whose scheduler DASK_SCHEDULER_ADDRESS names, by all its workers;
    the items of a lost worker are given to another.

    Raises ClusterError where Dask is not installed, no scheduler or no worker answers, or the cluster aborts the work,
    and DataError where a process of this machine is killed.
    """
    if backend == "dask":
        try:
            from genre.features import cluster  # Dask is optional, and slow to import
        except ImportError:
            raise ClusterError(
                "extract.backend = 'dask' needs Dask, which is not installed; `pip install 'genre[dask]'` or set "
                "extract.backend to loky"
            ) from None
        yield from cluster.map_in_order(work, items, batch_size=_BATCH)
        return
    parallel = joblib.Parallel(
        n_jobs, "loky", "generator", batch_size=_BATCH, pre_dispatch=f"{4 * _BATCH}*n_jobs",
        inner_max_num_threads=1,  # every core has a process already
    )  # fmt: skip
    wanted = True
    results = parallel(joblib.delayed(work)(item) for item in itertools.takewhile(lambda _: wanted, items))
    try:
        for result in results:  # noqa: UP028 - `yield from` would close `results` before the clean-up below
            yield result
    except BrokenProcessPool:
        raise DataError(
            "one of the processes that read audio was killed, most likely by the system because memory ran out; lower "
            "extract.n_jobs or extract.seconds, then run again"
        ) from None
    finally:  # wait for the items under way when the caller stops early: loky fails with a traceback over them
        wanted = False
        for _ in results:
            pass

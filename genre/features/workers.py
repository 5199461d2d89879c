"""Work on many items at once: in processes of this machine, or on a Dask cluster."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Literal, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from genre.errors import ClusterError, DataError

Item = TypeVar("Item")
Result = TypeVar("Result")
Backend = Literal["loky", "dask"]

_BATCH = 8  # items that a worker is handed at a time: a few milliseconds each are less than handing them over


def spread(work: Callable[[Item], Result], items: Iterable[Item], *, backend: Backend, n_jobs: int) -> Iterator[Result]:
    """`work` done for each item, in order; only a few results for each worker are in memory at any time.

    Parameters
    ----------
    work : callable
        Can be pickled; what it imports can be imported by the workers.
    items : iterable
    backend : str
        `loky`: processes of this machine. `dask`: the cluster whose scheduler DASK_SCHEDULER_ADDRESS names; a worker
        that is lost loses nothing, Dask gives its items to another.
    n_jobs : int
        Processes, -1 for one on every core; a cluster has the workers that it has.

    Raises
    ------
    ClusterError
        Where Dask is not installed, no scheduler or no worker answers, or the cluster gives work up.
    DataError
        Where a process of this machine is killed.
    """
    with _dask() if backend == "dask" else _processes(n_jobs):
        parallel = joblib.Parallel(return_as="generator", batch_size=_BATCH, pre_dispatch=f"{4 * _BATCH}*n_jobs")
        wanted = True
        results = parallel(joblib.delayed(work)(item) for item in itertools.takewhile(lambda _: wanted, items))
        try:
            yield from results
        except TerminatedWorkerError:
            raise DataError(
                "one of the processes that read audio was killed, most likely by the system for want of memory; lower "
                "extract.n_jobs or extract.seconds, then run again"
            ) from None
        finally:  # where the caller has given up, wait for the few that are under way: loky stumbles over them
            wanted = False
            for _ in results:
                pass


def _processes(n_jobs: int) -> AbstractContextManager:
    # Every core has a process already: a thread more in each would only get in the way.
    threads = {} if n_jobs == 1 else {"inner_max_num_threads": 1}
    return joblib.parallel_config("loky", n_jobs=n_jobs, **threads)


def _dask() -> AbstractContextManager:
    try:
        from genre.features import cluster
    except ImportError:
        raise ClusterError(
            "extract.backend = 'dask' needs Dask, which is not installed; `pip install distributed`, "
            "or set extract.backend to loky"
        ) from None
    return cluster.joined()

"""Work on many items at once: in processes of this machine, or on a Dask cluster."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Literal, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from genre.errors import ClusterError, DataError

Item = TypeVar("Item")
Result = TypeVar("Result")
Backend = Literal["loky", "dask"]

SCHEDULER = "DASK_SCHEDULER_ADDRESS"  # the environment variable that Dask's own tools use
_BATCH = 8  # items that a worker is handed at a time: a few milliseconds each are less than handing them over
_TIMEOUT = 10  # for a scheduler to answer, and for it to have a worker, in seconds


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
        Where Dask is not installed, or no scheduler or no worker answers.
    DataError
        Where a process of this machine is killed.
    """
    with ExitStack() as stack:
        stack.enter_context(_dask(stack) if backend == "dask" else _processes(n_jobs))
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


def _dask(stack: ExitStack) -> AbstractContextManager:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "extract.backend = 'dask' needs Dask, which is not installed; `pip install distributed`, "
            "or set extract.backend to loky"
        ) from None
    address = os.environ.get(SCHEDULER)
    if not address:
        raise ClusterError(
            f"extract.backend = 'dask' needs the address of a scheduler; set {SCHEDULER}, as in tcp://10.0.0.1:8786, "
            "or set extract.backend to loky"
        )
    what = "no Dask scheduler answers"
    try:
        client = stack.enter_context(Client(address, timeout=_TIMEOUT))
        what = "no worker has joined the Dask scheduler"
        client.wait_for_workers(1, timeout=_TIMEOUT)
    except (OSError, ValueError) as error:  # a TimeoutError is an OSError
        raise ClusterError(
            f"{what} at {SCHEDULER} = {address} ({error}); start `dask scheduler` and `dask worker`, or set "
            "extract.backend to loky"
        ) from None
    return joblib.parallel_config("dask")

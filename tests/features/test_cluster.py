"""Work on a local Dask cluster, with scheduler and workers started as processes, as in docs/scaling.md."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from genre import console
from genre.errors import ClusterError
from genre.features import cluster, spectrogram, workers
from stages import extract
from tests.conftest import TOP, contents

distributed = pytest.importorskip("distributed")


@dataclass(frozen=True)
class Cluster:
    address: str
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen]


@contextlib.contextmanager
def started(folder: Path, *, n_workers: int, python_path: str = str(TOP)) -> Iterator[Cluster]:
    """A scheduler and workers of one thread each; without the nannies that would start lost ones again."""
    facts = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": python_path}
    with contextlib.ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen:
            log = stack.enter_context((folder / f"{command[0]}.log").open("a"))
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--scheduler-file", facts],
                cwd=folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        address = address_in(facts)
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder))
        joined = [start("worker", *options) for _ in range(n_workers)]
        if joined:
            with distributed.Client(address, timeout=60) as client:
                client.wait_for_workers(n_workers, timeout=60)
        yield Cluster(address, scheduler, joined)


def address_in(facts: Path) -> str:
    """The scheduler's address, once the file that it writes is complete."""
    for _ in range(600):  # at most a minute
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads(facts.read_text())["address"]
        time.sleep(0.1)
    pytest.fail("no Dask scheduler has started within a minute")


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster"), n_workers=2) as pair:
        yield pair


def on_cluster(work, items, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    monkeypatch.setenv(cluster.SCHEDULER, address)
    return workers.map_in_order(work, items, backend="dask", n_jobs=-1)


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_as_one_machine(pair, raw, tmp_path, settings, monkeypatch):
    extract.extract(raw, tmp_path / "loky", settings, n_jobs=1, max_skipped=0.1)
    monkeypatch.setenv(cluster.SCHEDULER, pair.address)
    monkeypatch.chdir(raw)  # the workers stay where they were started
    summary = extract.extract(Path("../raw"), tmp_path / "dask", settings, n_jobs=-1, max_skipped=0.1, backend="dask")
    assert contents(tmp_path / "dask") == contents(tmp_path / "loky") and summary["skipped"] == 1


@pytest.mark.slow
def test_every_worker_has_a_part_of_the_work_and_this_process_none(pair, monkeypatch):
    pids = list(on_cluster(lambda _: time.sleep(0.01) or os.getpid(), range(64), pair.address, monkeypatch))
    assert set(pids) == {worker.pid for worker in pair.workers}


@pytest.mark.slow
def test_an_error_of_the_work_itself_is_raised_as_it_is(pair, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        list(on_cluster(lambda item: 1 / item, range(-4, 4), pair.address, monkeypatch))


@pytest.mark.slow
def test_the_items_of_a_killed_worker_are_done_by_another(raw, settings, tmp_path, monkeypatch):
    def read_and_sign(path: Path):
        return os.getpid(), spectrogram.read_clip(path, settings)

    paths = sorted(raw.glob("pop/*[0-9].wav")) * 10
    with started(tmp_path, n_workers=2) as pair:
        results = on_cluster(read_and_sign, paths, pair.address, monkeypatch)
        found = [next(results)]
        victim = pair.workers[0]
        victim.kill()
        found += results
    assert sum(pid == victim.pid for pid, _ in found) < len(paths) / 3
    for (_, clip), path in zip(found, paths, strict=True):
        np.testing.assert_array_equal(clip.frames, spectrogram.read_clip(path, settings).frames)


@pytest.mark.slow
def test_workers_without_this_project_are_reported(raw, settings, tmp_path, monkeypatch):
    (tmp_path / "genre.py").write_text("raise ModuleNotFoundError(\"No module named 'genre'\")")
    with started(tmp_path, n_workers=2, python_path=str(tmp_path)) as strangers:
        monkeypatch.setenv(cluster.SCHEDULER, strangers.address)
        with pytest.raises(ClusterError, match=r"No module named 'genre'\); see .* `pip install "):
            extract.extract(raw, tmp_path / "out", settings, n_jobs=-1, max_skipped=0.1, backend="dask")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_lone_worker_does_the_work_and_its_loss_is_reported(tmp_path, monkeypatch):
    with started(tmp_path, n_workers=1) as lone:
        assert set(on_cluster(lambda _: os.getpid(), range(20), lone.address, monkeypatch)) == {lone.workers[0].pid}
        monkeypatch.setattr(cluster, "RESULT_TIMEOUT", 3)
        results = on_cluster(lambda _: time.sleep(0.1), range(100), lone.address, monkeypatch)
        next(results)
        lone.workers[0].kill()
        with pytest.raises(ClusterError, match=f"no result came from the Dask cluster at {lone.address} for 3 s"):
            list(results)


@pytest.mark.slow
def test_the_loss_of_the_scheduler_is_reported(tmp_path, monkeypatch):
    with started(tmp_path, n_workers=1) as pair:
        results = on_cluster(lambda _: time.sleep(0.1), range(100), pair.address, monkeypatch)
        next(results)
        pair.scheduler.kill()
        with pytest.raises(ClusterError, match=f"the Dask cluster at {pair.address} aborted the work"):
            list(results)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT", 1)
    with started(tmp_path, n_workers=0) as empty, pytest.raises(ClusterError, match="no worker has joined"):
        list(on_cluster(abs, range(3), empty.address, monkeypatch))


def test_without_dask_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "genre.features.cluster")
    monkeypatch.delattr("genre.features.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError) as error:
        list(on_cluster(abs, range(3), "tcp://127.0.0.1:9", monkeypatch))
    assert "pip install '.[dask]'" in str(console.explain(error.value))


def test_without_an_address_the_error_names_the_variable(monkeypatch):
    monkeypatch.delenv(cluster.SCHEDULER, raising=False)
    with pytest.raises(ClusterError, match="set DASK_SCHEDULER_ADDRESS"):
        list(workers.map_in_order(abs, range(3), backend="dask", n_jobs=1))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:notaport"])
def test_where_no_scheduler_answers_the_error_names_the_address(monkeypatch, address):
    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT", 1)
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at DASK_SCHEDULER_ADDRESS = {address}"):
        list(on_cluster(abs, range(3), address, monkeypatch))

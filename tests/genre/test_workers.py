import os
import signal
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from genre import features, files, tables, workers
from genre.errors import ClusterError, DataError
from genre.settings import FeatureSettings
from stages import extract
from tests.conftest import noise


def process_of(_: int) -> int:
    return os.getpid()


def read_clip_and_sign(path: Path, settings: FeatureSettings) -> tuple[int, np.ndarray | str]:
    return os.getpid(), features.read_clip(path, settings)


def threads_of_blas(_: int) -> list[int]:
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [library["num_threads"] for library in threadpool_info()]


@pytest.fixture(scope="module")
def cluster():
    """Two Dask workers, each a process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as started:
        yield started


@pytest.fixture
def dask(cluster, monkeypatch):
    monkeypatch.setenv(workers.SCHEDULER, cluster.scheduler_address)
    return cluster


@pytest.fixture
def raw(write_audio, tmp_path) -> Path:
    """Forty clips and one that cannot be decoded, as fetch leaves them."""
    rows = []
    for number in range(40):
        path = write_audio(f"raw/pop/{number}.wav", noise(seconds=2, seed=number))
        rows.append((str(number), "pop", f"pop/{path.name}", "", ""))
    (tmp_path / "raw/pop/broken.wav").write_bytes(b"RIFF")
    rows.insert(20, ("broken", "pop", "pop/broken.wav", "", ""))
    columns = ["clip_id", "genre", "path", "sha256", "artist"]
    tables.write(tmp_path / "raw/clips.csv", pd.DataFrame(rows, columns=columns))
    files.write_json(tmp_path / "raw/dataset.json", {"name": "noise"})
    return tmp_path / "raw"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_results_come_in_order_from_processes_of_their_own():
    assert list(workers.spread(abs, range(-50, 0), backend="loky", n_jobs=2)) == list(range(50, 0, -1))
    pids = set(workers.spread(process_of, range(50), backend="loky", n_jobs=2))
    assert os.getpid() not in pids and len(pids) <= 2


def test_a_process_of_many_computes_with_one_thread():
    found = list(workers.spread(threads_of_blas, range(4), backend="loky", n_jobs=2))
    assert found[0] and {count for counts in found for count in counts} == {1}


def test_extraction_gives_the_same_bytes_whatever_the_number_of_processes(raw, tmp_path, settings):
    for n_jobs in (1, 2):
        extract.extract(raw, tmp_path / str(n_jobs), settings, n_jobs=n_jobs, max_skipped=0.1)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert "broken.wav" in contents(tmp_path / "1")["skipped.csv"].decode()


def test_where_no_clip_can_be_used_nothing_is_left(raw, tmp_path, settings):
    for path in raw.rglob("*.wav"):
        path.write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"none of the 41 clips can be used; mend these files:\n.*pop/0\.wav: cannot"):
        extract.extract(raw, tmp_path / "out", settings, n_jobs=1, max_skipped=1.0)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bytes(dask, raw, tmp_path, settings, monkeypatch):
    extract.extract(raw, tmp_path / "loky", settings, n_jobs=1, max_skipped=0.1)
    monkeypatch.chdir(raw)  # the workers stay where they were started
    relative = Path("../raw")
    summary = extract.extract(relative, tmp_path / "dask", settings, n_jobs=-1, max_skipped=0.1, backend="dask")
    assert contents(tmp_path / "dask") == contents(tmp_path / "loky") and summary["skipped"] == 1
    assert len(set(workers.spread(process_of, range(64), backend="dask", n_jobs=-1)) - {os.getpid()}) == 2


@pytest.mark.slow
def test_what_a_killed_dask_worker_had_in_hand_is_done_by_another(dask, raw, settings):
    paths = sorted(raw.glob("pop/*.wav")) * 30
    results = workers.spread(partial(read_clip_and_sign, settings=settings), paths, backend="dask", n_jobs=-1)
    found = [next(results)]
    victim = next(iter(dask.workers.values())).pid
    os.kill(victim, signal.SIGKILL)
    found += results
    assert sum(pid == victim for pid, _ in found) < len(paths) / 3
    assert joblib.hash([frames for _, frames in found]) == joblib.hash(
        [features.read_clip(path, settings) for path in paths]
    )


def test_without_dask_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match="pip install distributed"):
        list(workers.spread(abs, range(3), backend="dask", n_jobs=1))


def test_without_an_address_the_error_names_the_variable(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.delenv(workers.SCHEDULER, raising=False)
    with pytest.raises(ClusterError, match="set DASK_SCHEDULER_ADDRESS"):
        list(workers.spread(abs, range(3), backend="dask", n_jobs=1))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:notaport"])
def test_where_no_scheduler_answers_the_error_names_the_address(monkeypatch, address):
    pytest.importorskip("distributed")
    monkeypatch.setenv(workers.SCHEDULER, address)
    monkeypatch.setattr(workers, "_TIMEOUT", 1)
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at DASK_SCHEDULER_ADDRESS = {address}"):
        list(workers.spread(abs, range(3), backend="dask", n_jobs=1))


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "_TIMEOUT", 1)
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty:
        monkeypatch.setenv(workers.SCHEDULER, empty.scheduler_address)
        with pytest.raises(ClusterError, match="no worker has joined"):
            list(workers.spread(abs, range(3), backend="dask", n_jobs=1))


def test_a_killed_process_of_this_machine_is_told_with_what_may_help():
    with pytest.raises(DataError, match=r"killed, most likely .* lower extract\.n_jobs"):
        list(workers.spread(lambda item: os.kill(os.getpid(), signal.SIGKILL), range(4), backend="loky", n_jobs=2))

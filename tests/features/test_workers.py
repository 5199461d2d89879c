import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from genre.errors import DataError
from genre.features import workers
from stages import extract
from tests.conftest import RATE, TOP, contents, noise
from tests.damaged_audio import encode


def process_of(_: int) -> int:
    return os.getpid()


def threads_of_blas(_: int) -> list[int]:
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [library["num_threads"] for library in threadpool_info()]


def test_results_come_in_order_from_separate_processes():
    assert list(workers.map_in_order(abs, range(-50, 0), backend="loky", n_jobs=2)) == list(range(50, 0, -1))
    pids = set(workers.map_in_order(process_of, range(50), backend="loky", n_jobs=2))
    assert os.getpid() not in pids and len(pids) <= 2


def test_each_of_several_processes_computes_with_one_thread():
    found = list(workers.map_in_order(threads_of_blas, range(4), backend="loky", n_jobs=2))
    assert found[0] and {count for counts in found for count in counts} == {1}


def test_extraction_gives_the_same_bytes_whatever_the_number_of_processes(raw, tmp_path, settings):
    for n_jobs in (1, 2):
        extract.extract(raw, tmp_path / str(n_jobs), settings, n_jobs=n_jobs, max_skipped=0.1)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert "broken.wav" in contents(tmp_path / "1")["skipped.csv"].decode()


def test_extraction_logs_which_parts_of_clips_are_not_used(raw, tmp_path, settings, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))  # without ffmpeg
    parts = [encode(noise(rate=rate), "mp3", rate) for rate in (RATE, 44_100)]
    (raw / "pop/3.wav").write_bytes(b"".join(parts))
    soundfile.write(raw / "pop/5.wav", noise(seconds=3), RATE)
    with caplog.at_level("INFO"):
        extract.extract(raw, tmp_path / "out", replace(settings, seconds=2.5), n_jobs=1, max_skipped=0.1)
    assert "pop/3.wav: more follows that was not heard: it takes ffmpeg" in caplog.text
    assert "1 of 41 clips are longer than extract.seconds = 2.5" in caplog.text
    assert "after installing ffmpeg, run `dvc repro --force --single-item extract`" in caplog.text


def test_where_no_clip_can_be_used_nothing_is_left(raw, tmp_path, settings):
    for path in raw.rglob("*.wav"):
        path.write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"none of the 41 clips can be used; fix these files:\n.*pop/0\.wav: cannot"):
        extract.extract(raw, tmp_path / "out", settings, n_jobs=1, max_skipped=1.0)
    assert not (tmp_path / "out").exists()


def test_work_that_is_stopped_early_prints_nothing_about_the_processes():
    code = """
from genre.features import workers
with __import__("contextlib").suppress(RuntimeError):
    for number in workers.map_in_order(abs, range(1000), backend="loky", n_jobs=2):
        if number == 30:
            raise RuntimeError
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_shared_memory_the_work_is_done_in_this_process():
    code = """
import os, _multiprocessing
def refuse(*arguments, **named):
    raise OSError(30, "Read-only file system")
_multiprocessing.SemLock = refuse
from genre.features import workers
assert set(workers.map_in_order(lambda _: os.getpid(), range(3), backend="loky", n_jobs=2)) == {os.getpid()}
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "joblib will operate in serial mode" in done.stderr


def test_a_killed_process_of_this_machine_is_reported_with_what_may_help():
    with pytest.raises(DataError, match=r"killed, most likely .* lower extract\.n_jobs"):
        list(workers.map_in_order(lambda _: os.kill(os.getpid(), signal.SIGKILL), range(4), backend="loky", n_jobs=2))

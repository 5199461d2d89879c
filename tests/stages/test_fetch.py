"""fetch against the real kagglehub and pooch, with stand-ins for their servers on loopback."""

import errno
import functools
import hashlib
import itertools
import json
import logging
import multiprocessing
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import kagglehub.cache
import pandas as pd
import pytest
import requests
from kagglehub.handle import parse_dataset_handle
from kagglesdk.kaggle_http_client import KaggleHttpClient
from tqdm import tqdm
from tqdm.auto import tqdm as tqdm_auto

from genre import params
from genre.dataset import huggingface, kaggle, mirrors, sample
from genre.errors import DataError
from genre.params import Params
from stages import fetch
from tests.conftest import TOP
from tests.stand_ins import KAGGLE_PORT, Fault, StandIn, catalogue, huggingface_tar, kaggle_zip, md5, serving, tar

_random = random.Random(0)
CLIPS = {f"{genre}.0000{n}": _random.randbytes(40_000 + n) for genre in ("blues", "jazz", "rock") for n in range(2)}
TRACKS = catalogue(CLIPS)
MIB = 1 << 20  # kagglehub writes by the mebibyte and loses what a cut leaves of one
BIG_ZIP = kaggle_zip(CLIPS | {"other.00000": _random.randbytes(3 * MIB)})
SECRETS = {
    "KAGGLE_USERNAME": "user-s3cret",
    "KAGGLE_KEY": "key-s3cret",
    "KAGGLE_API_TOKEN": "token-s3cret",
    "HF_TOKEN": "hf-s3cret",
}


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server but loopback, no cache or credentials of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # discard: nobody listens
    monkeypatch.setenv("NO_PROXY", "*")
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    # In its test environment alone, kagglesdk reads the whole archive into memory to print it.
    monkeypatch.setattr(KaggleHttpClient, "_print_response", lambda *_, **__: None)
    monkeypatch.setattr(KaggleHttpClient, "_print_request", lambda *_: None)
    monkeypatch.setattr(sample, "write", small_sample)
    # Children are forked here and killed. They share tqdm's default lock with this process, which would wait for ever
    # for one that was killed with it in hand; and a lock that tqdm's monitor holds at the fork stays locked in a child.
    if tqdm.monitor is not None:
        tqdm.monitor.exit()
    monkeypatch.setattr(tqdm, "monitor", None)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)
    for bar in (tqdm, tqdm_auto):
        monkeypatch.setattr(bar, "_lock", threading.RLock(), raising=False)


def small_sample(folder: Path, *, params: params.SampleParams, n_jobs: int = -1) -> list[sample.SampleClip]:
    clips = [sample.SampleClip(f"{g}.00000", g, f"{g}/{g}.00000.flac", f"{g} artist") for g in ("pop", "rock")]
    for clip in clips:
        (folder / clip.path).parent.mkdir(parents=True)
        (folder / clip.path).write_text(f"{clip.clip_id} {params.seed}")
    return clips


def choose(dataset: str, **changes: object) -> Params:
    chosen = params.load(TOP / "params.yaml")
    return chosen.model_copy(update={"fetch": chosen.fetch.model_copy(update={"dataset": dataset, **changes})})


def run(dataset: str = "gtzan", *, waits: list[float] | None = None, tracks: pd.DataFrame = TRACKS, **changes) -> dict:
    """Run fetch and return dataset.json."""
    sleep = (waits if waits is not None else []).append
    fetch.fetch(choose(dataset, **changes), tracks=tracks, sleep=sleep)
    return json.loads(Path("data/raw/dataset.json").read_text())


def tree(folder: str = "data/raw") -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def audio() -> dict[str, bytes]:
    return {Path(path).stem: content for path, content in tree().items() if "/" in path}


def from_huggingface(monkeypatch: pytest.MonkeyPatch, clips: dict[str, bytes] = CLIPS, **more) -> StandIn:
    stand_in = StandIn(more.pop("archive", huggingface_tar(clips)), **more)
    monkeypatch.setattr(huggingface, "SIZE", len(stand_in.archive))
    return stand_in


def point_to(monkeypatch: pytest.MonkeyPatch, stand_in: StandIn) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{stand_in.port}")


# --- whole downloads --------------------------------------------------------------------------------------------


def test_gtzan_comes_from_kaggle_with_its_list_and_its_facts():
    archive = kaggle_zip(CLIPS)
    with serving(StandIn(archive, md5=md5(archive)), KAGGLE_PORT):
        facts = run()
    assert audio() == CLIPS
    assert facts == {
        "name": "GTZAN",
        "requested": "gtzan",
        "source": "kaggle",
        "clips": 6,
        "genres": ["blues", "jazz", "rock"],
        "left_out": [],
        "fallback": None,
    }
    table = pd.read_csv("data/raw/clips.csv")
    assert list(table) == ["clip_id", "genre", "path", "bytes", "sha256", "artist"]
    assert list(table.clip_id) == sorted(CLIPS)
    assert list(table.sha256) == [hashlib.sha256(CLIPS[clip_id]).hexdigest() for clip_id in table.clip_id]
    assert table.path[0] == "blues/blues.00000.wav" and table.artist[0] == "artist of blues.00000"
    assert not Path("data/.fetch").exists()


def test_clips_in_kagglehubs_cache_are_not_stored_twice_and_are_used_offline():
    with serving(StandIn(kaggle_zip(CLIPS)), KAGGLE_PORT):
        run()
    clip = Path("data/raw/rock/rock.00001.wav")
    assert clip.stat().st_nlink == 2
    clip.unlink()
    run()  # no server
    assert audio() == CLIPS


def test_when_kaggle_is_out_of_reach_huggingface_serves(monkeypatch):
    with serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        facts = run()
    assert audio() == CLIPS and facts["source"] == "huggingface" and facts["fallback"] is None
    assert server.ranges == [None]
    assert not Path("data/.fetch").exists()


def test_what_is_there_and_right_is_kept_and_no_server_is_asked(monkeypatch):
    with serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        run()
    before, clip = tree(), Path("data/raw/blues/blues.00000.wav").stat().st_ino
    run(fallback=None)
    assert tree() == before and Path("data/raw/blues/blues.00000.wav").stat().st_ino == clip


def test_only_missing_and_changed_clips_are_replaced_and_links_are_not_written_through(monkeypatch, tmp_path):
    elsewhere = tmp_path / "dvc-cache"
    elsewhere.write_bytes(b"of someone else")
    elsewhere.chmod(0o444)
    with serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        run()
        clip, kept = Path("data/raw/jazz/jazz.00000.wav"), Path("data/raw/rock/rock.00000.wav").stat().st_ino
        clip.unlink()
        clip.symlink_to(elsewhere)
        run()
    assert audio() == CLIPS and not clip.is_symlink()
    assert elsewhere.read_bytes() == b"of someone else"
    assert Path("data/raw/rock/rock.00000.wav").stat().st_ino == kept


def test_clips_that_were_copied_there_by_hand_count():
    for clip_id, content in CLIPS.items():
        path = Path("data/raw", clip_id.split(".")[0], f"{clip_id}.wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert run(fallback=None)["source"] == "folder"


def test_the_broken_clip_is_left_out_and_that_is_recorded_and_logged(caplog):
    clips = CLIPS | {"jazz.00054": b"broken"}
    with serving(StandIn(kaggle_zip(clips)), KAGGLE_PORT):
        facts = run(tracks=catalogue(clips))
    assert audio() == CLIPS and facts["clips"] == 6
    assert [item["clip_id"] for item in facts["left_out"]] == ["jazz.00054"] and facts["left_out"][0]["reason"]
    assert "jazz.00054 is left out" in caplog.text


# --- cut downloads and servers that misbehave -------------------------------------------------------------------


def test_a_download_from_kaggle_that_is_cut_is_resumed():
    server = StandIn(BIG_ZIP, md5=md5(BIG_ZIP), faults=[Fault(cut_after=MIB + 5000)])
    waits = []
    with serving(server, KAGGLE_PORT):
        run(waits=waits)
    assert audio() == CLIPS and waits == [1.0]
    # kagglehub asks for all, sees that a part is there, and asks again for the rest.
    assert server.ranges == [None, None, f"bytes={MIB}-"]


@pytest.mark.parametrize("length", [0, 1, 1000, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB, -100, -1])
def test_a_download_from_kaggle_cut_anywhere_is_completed(length):
    length %= len(BIG_ZIP)
    with serving(StandIn(BIG_ZIP, md5=md5(BIG_ZIP), faults=[Fault(cut_after=length)]), KAGGLE_PORT):
        run(mirrors=["kaggle"])
    assert audio() == CLIPS


def test_a_download_that_is_cut_again_and_again_is_completed_piece_by_piece(monkeypatch):
    server = from_huggingface(monkeypatch, faults=[Fault(cut_after=50_000)] * 4)
    with serving(server):
        point_to(monkeypatch, server)
        run(mirrors=["huggingface"])
    assert audio() == CLIPS and len(server.ranges) == 5


@pytest.mark.parametrize("drip", [0.01, 1000.0], ids=["drips", "is silent"])
@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
def test_a_download_that_only_drips_or_falls_silent_is_broken_off_and_resumed(monkeypatch, mirror, drip):
    monkeypatch.setattr(mirrors, "SLOWEST", (1000, 0.5))
    monkeypatch.setattr(mirrors, "TIMEOUT", (5, 1.0))
    fault = Fault(cut_after=MIB + 5000 if mirror == "kaggle" else 100_000, drip=drip)
    server = StandIn(BIG_ZIP, md5=md5(BIG_ZIP)) if mirror == "kaggle" else from_huggingface(monkeypatch)
    server.faults = [fault]
    waits = []
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        if mirror == "huggingface":
            point_to(monkeypatch, server)
        run(mirrors=[mirror], waits=waits)
    assert audio() == CLIPS and waits == [1.0]
    assert server.ranges[-1] == (f"bytes={MIB}-" if mirror == "kaggle" else f"bytes={100_000 // 16_384 * 16_384}-")


def test_an_error_page_in_the_place_of_the_rest_is_not_appended_to_kaggles_archive():
    # The second request for all only tells kagglehub the length; the third, for the rest, is the one that fails.
    faults = [Fault(cut_after=MIB + 5000), Fault(), Fault(503)]
    server = StandIn(BIG_ZIP, md5=md5(BIG_ZIP), faults=faults)
    with serving(server, KAGGLE_PORT):
        run()
    assert audio() == CLIPS
    assert server.ranges == [None, None, f"bytes={MIB}-", None, f"bytes={MIB}-"]


@pytest.mark.parametrize("length", [0, 1, 100, 16_383, 16_384, 16_385, *range(30_000, 240_000, 10_000), -100, -1])
def test_a_download_from_huggingface_cut_anywhere_is_resumed(monkeypatch, length):
    length %= len(huggingface_tar(CLIPS))
    server = from_huggingface(monkeypatch, faults=[Fault(cut_after=length)])
    with serving(server):
        point_to(monkeypatch, server)
        run(mirrors=["huggingface"])
    assert audio() == CLIPS
    kept = length // 16_384 * 16_384
    assert server.ranges == [None, f"bytes={kept}-" if kept else None]


def test_a_download_that_broke_off_for_good_is_kept_for_the_next_run_and_no_sample_takes_its_place(monkeypatch):
    server = from_huggingface(monkeypatch, faults=[Fault(cut_after=40_000)], for_ever=True)
    waits = []
    with serving(server):
        point_to(monkeypatch, server)
        with pytest.raises(DataError, match=r"huggingface: the download broke off"):
            run(waits=waits)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    part = Path("data/.fetch") / huggingface.PART
    length = part.stat().st_size
    assert part.read_bytes() == server.archive[:length] and length == 5 * 32_768
    server.faults = []
    with serving(server):
        point_to(monkeypatch, server)
        run()
    assert server.ranges[-1] == f"bytes={length}-" and audio() == CLIPS


def test_a_server_that_cannot_resume_sends_all_of_it_again(monkeypatch):
    server = from_huggingface(monkeypatch, faults=[Fault(cut_after=40_000), Fault(ignore_range=True)])
    with serving(server):
        point_to(monkeypatch, server)
        run(mirrors=["huggingface"])
    assert audio() == CLIPS and server.ranges == [None, "bytes=32768-", None]


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (Fault(500), [1.0]),
        (Fault(503, {"Retry-After": "7"}), [7.0]),
        (Fault(429, {"Retry-After": "3"}), [3.0]),
        (Fault(429, {"Retry-After": "soon"}), [1.0]),
    ],
)
@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
def test_a_busy_server_is_asked_again_after_the_time_that_it_names(monkeypatch, mirror, fault, waits):
    archive = kaggle_zip(CLIPS)
    server = StandIn(archive, faults=[fault]) if mirror == "kaggle" else from_huggingface(monkeypatch, faults=[fault])
    waited = []
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        if mirror == "huggingface":
            point_to(monkeypatch, server)
        run(mirrors=[mirror], waits=waited)
    assert audio() == CLIPS and waited == waits


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(403), "HTTP 403"),
        (Fault(404), "HTTP 404"),
        (Fault(500), "HTTP 500"),
        (Fault(429, {"Retry-After": "86400"}), "HTTP 429"),
        (Fault(200), "a web page instead of the archive"),
    ],
)
@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
def test_a_mirror_that_refuses_is_named_with_the_reason_and_the_sample_may_take_its_place(
    monkeypatch, mirror, fault, said
):
    server = from_huggingface(monkeypatch, faults=[fault], for_ever=True)
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        if mirror == "huggingface":
            point_to(monkeypatch, server)
        with pytest.raises(DataError, match=f"{mirror}: {said}"):
            run(mirrors=[mirror], fallback=None)
        assert run(mirrors=[mirror])["name"] == "built-in sample"


@pytest.mark.parametrize(
    "fault",
    [Fault(403), Fault(404), Fault(500), Fault(429, {"Retry-After": "86400"}), Fault(200), Fault(cut_after=1000),
     Fault(cut_after=1000, drip=0.01), "wrong checksum", "no archive"],
    ids=["403", "404", "500", "429", "html", "cut", "drips", "checksum", "damaged"],
)  # fmt: skip
def test_whatever_keeps_kaggle_from_serving_huggingface_takes_its_place(monkeypatch, fault):
    monkeypatch.setattr(mirrors, "SLOWEST", (1000, 0.1))
    kaggle_server = StandIn(BIG_ZIP, md5=md5(b"other" if fault == "wrong checksum" else BIG_ZIP), for_ever=True)
    if fault == "no archive":
        kaggle_server.archive, kaggle_server.md5 = bytes(100_000), None
    elif fault != "wrong checksum":
        kaggle_server.faults = [fault]
    with serving(kaggle_server, KAGGLE_PORT), serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        facts = run(fallback=None)
    assert audio() == CLIPS and facts["source"] == "huggingface" and facts["fallback"] is None
    assert kaggle_server.ranges and len(kaggle_server.ranges) <= 2 * mirrors.ATTEMPTS


def test_a_tar_from_kaggle_that_an_old_python_cannot_unpack_sends_fetch_to_huggingface(monkeypatch, caplog):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)  # from Python 3.11.4 on
    served = StandIn(huggingface_tar(CLIPS))
    with serving(served, KAGGLE_PORT), serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        facts = run(fallback=None)
    assert audio() == CLIPS and facts["source"] == "huggingface" and "3.11.4" in caplog.text


def test_a_web_page_does_not_stay_in_kagglehubs_cache():
    with serving(StandIn(kaggle_zip(CLIPS), faults=[Fault(200)]), KAGGLE_PORT):
        with pytest.raises(DataError):
            run(fallback=None)
        run()
    assert audio() == CLIPS


@pytest.mark.parametrize("change", [-1, 1])
def test_an_archive_of_another_length_is_refused_before_it_is_downloaded(monkeypatch, change):
    server = from_huggingface(monkeypatch)
    monkeypatch.setattr(huggingface, "SIZE", len(server.archive) + change)
    with serving(server):
        point_to(monkeypatch, server)
        with pytest.raises(DataError, match=f"{len(server.archive)} bytes instead of {len(server.archive) + change}"):
            run()


# --- wrong bytes ------------------------------------------------------------------------------------------------


def test_a_clip_with_wrong_bytes_is_never_used_and_is_named_with_both_hashes_and_the_way_out():
    clips = CLIPS | {"rock.00001": b"x" * 40_001}
    with serving(StandIn(kaggle_zip(clips)), KAGGLE_PORT), pytest.raises(DataError) as error:
        run()  # although a fallback is set
    text = str(error.value)
    for expected in ("rock.00001 from kaggle", "1 of GTZAN's 6 clips", "run again", "by hand", "fetch.dataset"):
        assert expected in text
    assert hashlib.sha256(b"x" * 40_001).hexdigest() in text and TRACKS.sha256["rock.00001"] in text
    right = {clip_id: content for clip_id, content in CLIPS.items() if clip_id != "rock.00001"}
    assert audio() == right and not Path("data/raw/dataset.json").exists()
    with serving(StandIn(kaggle_zip(CLIPS)), KAGGLE_PORT):  # the wrong cache is not used again
        run()
    assert audio() == CLIPS


def test_a_clip_that_one_mirror_has_wrong_is_taken_from_the_next(monkeypatch, caplog):
    wrong = {**CLIPS, "rock.00001": b"x"}
    with serving(StandIn(kaggle_zip(wrong)), KAGGLE_PORT), serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        facts = run()
    assert audio() == CLIPS and facts["source"] == "kaggle"
    assert "rock.00001 from kaggle was not used" in caplog.text


def test_a_clip_that_no_mirror_has_is_named(monkeypatch):
    fewer = {clip_id: content for clip_id, content in CLIPS.items() if clip_id != "jazz.00000"}
    with serving(from_huggingface(monkeypatch, fewer)) as server:
        point_to(monkeypatch, server)
        with pytest.raises(DataError, match=r"jazz\.00000\n.*\n.*huggingface lacks 1 clips"):
            run()


def test_with_a_part_of_gtzan_there_an_offline_run_stops_and_keeps_it(monkeypatch):
    with serving(from_huggingface(monkeypatch)) as server:
        point_to(monkeypatch, server)
        run()
    Path("data/raw/jazz/jazz.00000.wav").unlink()
    with pytest.raises(DataError, match="1 of GTZAN's 6 clips"):
        run()
    assert len(audio()) == 5


@pytest.mark.parametrize("change", ["md5", "flipped byte", "truncated"])
def test_a_corrupt_archive_from_kaggle_is_refused_and_downloaded_afresh_by_the_next_run(change):
    archive = kaggle_zip(CLIPS)
    middle = len(archive) // 2
    corrupt = {
        "md5": archive,
        "flipped byte": archive[:middle] + bytes([archive[middle] ^ 255]) + archive[middle + 1 :],
        "truncated": archive[:middle],
    }[change]
    checksum = md5(b"other") if change == "md5" else None
    with serving(StandIn(corrupt, md5=checksum), KAGGLE_PORT), pytest.raises(DataError, match=r"checksum|damaged"):
        run()
    assert audio() == {}
    with serving(StandIn(archive), KAGGLE_PORT):
        run()
    assert audio() == CLIPS


@pytest.mark.parametrize("filled", [True, False])
def test_a_corrupt_archive_from_huggingface_gives_its_right_clips_and_is_downloaded_afresh(monkeypatch, filled):
    whole = huggingface_tar(CLIPS)
    half = whole[: len(whole) // 2]
    corrupt = half + bytes(len(whole) - len(half)) if filled else half
    with serving(from_huggingface(monkeypatch, archive=corrupt)) as server:
        point_to(monkeypatch, server)
        with pytest.raises(
            DataError, match=r"huggingface: .* damaged" if not filled else "from huggingface was not used"
        ):
            run()
        assert 0 < len(audio()) < 6 and audio().items() <= CLIPS.items()
        server.archive = whole
        monkeypatch.setattr(huggingface, "SIZE", len(whole))
        run()
    assert audio() == CLIPS


def test_a_hostile_archive_stops_the_run_and_puts_nothing_anywhere(monkeypatch, tmp_path):
    evil = tarfile.TarInfo("../../../evil/blues.00000.wav")
    with serving(from_huggingface(monkeypatch, archive=tar([(evil, b"x")]))) as server:
        point_to(monkeypatch, server)
        with pytest.raises(DataError, match="not to be trusted"):
            run()
    assert not list(tmp_path.rglob("evil")) and audio() == {}


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked_by_kagglehub(monkeypatch, tmp_path):
    monkeypatch.setattr(mirrors, "UNPACKED_LIMIT", 100_000)
    with serving(StandIn(kaggle_zip(CLIPS)), KAGGLE_PORT), pytest.raises(DataError, match="more than 100000 bytes"):
        run()
    assert not list(tmp_path.rglob("*.wav"))


# --- no mirror --------------------------------------------------------------------------------------------------


def test_offline_the_sample_takes_gtzans_place_loudly_and_the_same_each_time(caplog):
    facts = run()
    assert (facts["name"], facts["requested"], facts["source"]) == ("built-in sample", "gtzan", "synthesised")
    assert facts["fallback"] == "GTZAN could not be had: no mirror could be used (kaggle, huggingface)"
    assert "GTZAN IS NOT USED" in caplog.text and "kaggle: no connection" in caplog.text
    first = tree()
    run()
    assert tree() == first and set(audio()) == {"pop.00000", "rock.00000"}


def test_offline_the_sample_also_follows_a_folder_that_shared_clips_with_gtzan():
    for clip_id in ("blues.00000", "rock.00000"):
        place = Path("mine", clip_id.split(".")[0], f"{clip_id}.wav")
        place.parent.mkdir(parents=True)
        place.write_bytes(CLIPS[clip_id])
    assert run("mine")["name"] == "mine"
    assert run()["name"] == "built-in sample"
    assert Path("mine/blues/blues.00000.wav").read_bytes() == CLIPS["blues.00000"]


def test_offline_no_sample_replaces_clips_of_gtzan_that_were_put_there_by_hand():
    run()  # the sample
    place = Path("data/raw/blues/blues.00000.wav")
    place.parent.mkdir()
    place.write_bytes(CLIPS["blues.00000"])
    with pytest.raises(DataError, match="5 of GTZAN's 6 clips"):
        run()
    assert place.read_bytes() == CLIPS["blues.00000"]


def test_a_folder_of_ones_own_never_passes_for_gtzan_or_the_sample():
    for name in ("GTZAN", "built-in sample"):
        for genre in ("a", "b"):
            Path(name, genre).mkdir(parents=True)
            Path(name, genre, f"{genre}.wav").write_bytes(b"x")
        assert run(name)["name"] == f"folder {name}"


def test_offline_without_a_fallback_the_error_says_what_to_do():
    with pytest.raises(DataError) as error:
        run(fallback=None)
    for expected in ("kaggle: no connection", "huggingface: no connection", "by hand", "sample", "folder of your own"):
        assert expected in str(error.value)
    assert not Path("data/raw/dataset.json").exists()


def test_the_sample_gives_way_to_gtzan_once_a_mirror_answers():
    run()
    with serving(StandIn(kaggle_zip(CLIPS)), KAGGLE_PORT):
        assert run()["fallback"] is None
    assert audio() == CLIPS


def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait() and [])
    monkeypatch.setattr(mirrors, "NAME_TIMEOUT", 0.05)
    start = time.monotonic()
    try:
        assert run()["fallback"]
    finally:
        silent.set()
    assert time.monotonic() - start < 5


def test_a_server_that_accepts_and_says_nothing_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(mirrors, "TIMEOUT", (0.2, 0.2))
    silent = socket.create_server(("127.0.0.1", KAGGLE_PORT))
    with silent, pytest.raises(DataError, match="kaggle: no connection"):
        run(fallback=None, mirrors=["kaggle"])


def test_credentials_are_nowhere_in_logs_errors_or_facts(monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    server = StandIn(faults=[Fault(403)], for_ever=True)
    with serving(server, KAGGLE_PORT):
        monkeypatch.setenv("HF_ENDPOINT", f"http://hf-user:pass-s3cret@127.0.0.1:{KAGGLE_PORT}")
        with pytest.raises(DataError) as error:
            run(fallback=None)
        run()
    assert "token-s3cret" in str(server.headers)  # they were in use
    said = capfd.readouterr()
    assert "s3cret" not in str(error.value) + caplog.text + said.out + said.err
    assert all(b"s3cret" not in content for content in tree("data").values())


@pytest.mark.parametrize(
    "fault",
    [Fault(403), Fault(404), Fault(401), Fault(500), Fault(429, {"Retry-After": "86400"}), Fault(200),
     Fault(cut_after=100), Fault(cut_after=0), Fault()],
    ids=["403", "404", "401", "500", "429", "html", "cut", "closed", "damaged"],
)  # fmt: skip
@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
def test_credentials_are_in_no_error_text_whatever_the_server_does(monkeypatch, caplog, capfd, mirror, fault):
    caplog.set_level(logging.DEBUG)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    echo = " ".join(SECRETS.values()).encode()  # a server may say back what it was told
    if fault.status:
        fault = Fault(fault.status, fault.headers, b"<html>" + echo)
    server = StandIn(b"no archive " + echo + bytes(200), faults=[fault], for_ever=True)
    monkeypatch.setattr(huggingface, "SIZE", len(server.archive))
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        monkeypatch.setenv("HF_ENDPOINT", f"http://hf-user:pass-s3cret@127.0.0.1:{server.port}")
        with pytest.raises(DataError) as error:
            run(mirrors=[mirror], fallback=None)
    said = capfd.readouterr()
    assert "s3cret" not in str(error.value) + caplog.text + said.out + said.err
    assert all(b"s3cret" not in content for path, content in tree("data").items() if not path.startswith(".fetch"))


# --- the sample and folders of one's own ------------------------------------------------------------------------


def test_the_sample_is_listed_with_its_artists():
    facts = run("sample")
    assert facts["fallback"] is None and facts["source"] == "synthesised" and facts["clips"] == 2
    assert list(pd.read_csv("data/raw/clips.csv").artist) == ["pop artist", "rock artist"]
    assert not Path("data/.fetch").exists()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "my music"
    for name, content in {"Cumbia, 1/a.wav": b"aa", "Fado/x/b.MP3": b"bbb", "Fado/c.flac": b"c"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o640)
    (folder / "artists.csv").write_text("clip_id,artist\nb,Amália\n", encoding="utf-8")
    return folder


def test_a_folder_of_ones_own_is_listed_by_class(own):
    facts = run(str(own))
    assert facts["name"] == "my music" and facts["source"] == "folder" and facts["genres"] == ["Cumbia, 1", "Fado"]
    table = pd.read_csv("data/raw/clips.csv", keep_default_na=False)
    assert list(table.clip_id) == ["a", "b", "c"] and list(table.artist) == ["", "Amália", ""]
    assert list(table.path) == ["Cumbia, 1/a.wav", "Fado/x/b.MP3", "Fado/c.flac"]
    assert list(table.sha256) == [hashlib.sha256(content).hexdigest() for content in (b"aa", b"bbb", b"c")]


def test_a_folder_of_ones_own_is_never_changed_whatever_becomes_of_its_copies(own):
    def state() -> list[tuple]:
        paths = sorted(own.rglob("*"))
        return [(p, p.stat().st_mode, p.stat().st_ino, p.stat().st_nlink, p.stat().st_mtime_ns) for p in paths]

    before = state()
    run(str(own))
    for path in Path("data/raw").rglob("*.*"):
        assert not path.is_symlink()
        if path.is_file():
            path.chmod(0o444)  # as DVC does
    run(str(own))
    run("sample")
    assert state() == before


def test_a_changed_file_of_ones_own_is_taken_again_and_the_others_are_kept(own):
    run(str(own))
    kept = Path("data/raw/Fado/c.flac").stat().st_ino
    (own / "Cumbia, 1/a.wav").write_bytes(b"AA")
    run(str(own))
    assert Path("data/raw/Cumbia, 1/a.wav").read_bytes() == b"AA"
    assert Path("data/raw/Fado/c.flac").stat().st_ino == kept


def test_nothing_of_the_dataset_before_stays(own):
    run("sample")
    run(str(own))
    assert set(tree()) == {"Cumbia, 1/a.wav", "Fado/x/b.MP3", "Fado/c.flac", "clips.csv", "dataset.json"}
    assert {path.name for path in Path("data/raw").iterdir() if path.is_dir()} == {"Cumbia, 1", "Fado"}


def test_the_home_folder_may_be_written_as_a_tilde(own, monkeypatch):
    monkeypatch.setenv("HOME", str(own.parent))
    assert run(f"~/{own.name}")["requested"] == f"~/{own.name}"


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("gtzna", r"'gtzna' does not exist; did you mean gtzan\?"),
        ("Sample", r"did you mean sample\?"),
        ("nowhere/at/all", "'nowhere/at/all' does not exist\n"),
        ("a-file", "'a-file' is a file"),
        ("~nobody-of-that-name/x", "names a home that does not exist"),
        ("x" * 5000, "cannot be read"),
        ("data/raw", "lie in one another"),
        ("data", "lie in one another"),
    ],
)
def test_a_dataset_that_is_none_is_named_with_what_is_allowed(dataset, said):
    Path("a-file").write_text("x")
    with pytest.raises(DataError, match=said) as error:
        run(dataset)
    assert "fetch.dataset" in str(error.value)


def test_a_wrong_dataset_leaves_the_one_before_as_it_is(own):
    run("sample")
    before = tree()
    with pytest.raises(DataError):
        run("gtzna")
    (own / "artists.csv").write_text("wrong")
    with pytest.raises(DataError):
        run(str(own))
    assert tree() == before


# --- killed -----------------------------------------------------------------------------------------------------


def killed_at(moment: int, dataset: str, options: dict) -> None:
    """Run fetch and end the process, without any clean-up, at its `moment`-th change of a file."""
    changes = 0

    def count(event: str, arguments: tuple) -> None:
        nonlocal changes
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir"):
            changes += 1
            if changes == moment:
                os._exit(9)

    sys.addaudithook(count)
    run(dataset, **options)
    os._exit(0)


def in_a_child(work: Callable[[], object], *, dataset: str = "gtzan", **options) -> int:
    """Run `work` and then fetch in a child process; its exit code, 7 where the disk was full, -9 if it was killed."""

    def main() -> None:
        work()
        try:
            run(dataset, **options)
        except OSError as error:
            os._exit(7 if error.errno in (errno.ENOSPC, errno.EFBIG) else 1)
        os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=main)
    child.start()
    child.join(30)
    return child.exitcode


def killed_in(owner: object, name: str, nth: int) -> None:
    """From now on, the `nth` step of what `owner.name` gives, or its `nth` call, ends this process by SIGKILL."""
    original = getattr(owner, name)
    steps = itertools.count(1)

    def die_at_nth() -> None:
        if next(steps) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    if name == "iter_content":

        def faulty(*positional, **named):
            for chunk in original(*positional, **named):
                die_at_nth()
                yield chunk
    else:

        def faulty(source, target, *more):
            target.write(source.read(10_000))
            target.flush()
            die_at_nth()
            return original(source, target, *more)

    setattr(owner, name, faulty)


@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
@pytest.mark.parametrize(
    ("owner", "name", "nth"),
    [(requests.Response, "iter_content", 1), (requests.Response, "iter_content", 3)]
    + [(shutil, "copyfileobj", nth) for nth in (1, 3, 6)],
)
def test_killed_in_the_middle_of_the_download_or_of_a_clip_the_next_run_completes_it(
    monkeypatch, mirror, owner, name, nth
):
    server = StandIn(BIG_ZIP, md5=md5(BIG_ZIP)) if mirror == "kaggle" else from_huggingface(monkeypatch)
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        if mirror == "huggingface":
            point_to(monkeypatch, server)
        assert in_a_child(lambda: killed_in(owner, name, nth), mirrors=[mirror]) == -signal.SIGKILL
        assert not Path("data/raw/dataset.json").exists() and audio().items() <= CLIPS.items()
        run(mirrors=[mirror])
    assert audio() == CLIPS
    if mirror == "huggingface" and name == "iter_content" and nth == 3:
        assert server.ranges[-1] and not server.ranges[-1].startswith("bytes=0-")  # resumed


@pytest.mark.parametrize("source", ["kaggle", "huggingface", "own", "sample"])
@pytest.mark.parametrize("limit", [30_000, 100_000])
def test_on_a_full_disk_nothing_is_lost_and_the_next_run_completes_it(monkeypatch, own, source, limit):
    server = StandIn(BIG_ZIP) if source == "kaggle" else from_huggingface(monkeypatch)
    for folder in ("Fado", "Cumbia, 1"):
        (own / folder / "large.wav").write_bytes(bytes(200_000))
    dataset = {"own": str(own), "sample": "sample"}.get(source, "gtzan")
    if source == "sample":
        monkeypatch.setattr(sample, "write", large_sample)
    with serving(server, KAGGLE_PORT if source == "kaggle" else 0):
        if source == "huggingface":
            point_to(monkeypatch, server)
        options = {"mirrors": [source]} if dataset == "gtzan" else {}
        full = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
        assert in_a_child(full, dataset=dataset, **options) == 7
        assert not Path("data/raw/dataset.json").exists()
        run(dataset, **options)
    assert not list(Path("data").rglob(".*.tmp"))
    for clip in pd.read_csv("data/raw/clips.csv").itertuples():
        assert fetch.raw.sha256(Path("data/raw", clip.path)) == clip.sha256


def large_sample(folder: Path, **options) -> list[sample.SampleClip]:
    clips = small_sample(folder, **options)
    for clip in clips:
        (folder / clip.path).write_bytes(bytes(200_000))
    return clips


@pytest.mark.slow
@pytest.mark.parametrize("source", ["kaggle", "huggingface", "own", "sample"])
def test_killed_at_any_moment_the_next_run_ends_as_an_undisturbed_one(monkeypatch, own, source):
    clips = {"blues.00000": CLIPS["blues.00000"]}
    server = StandIn(kaggle_zip(clips)) if source == "kaggle" else from_huggingface(monkeypatch, clips)
    dataset, before = {"own": (str(own), "sample"), "sample": ("sample", str(own))}.get(source, ("gtzan", "sample"))
    changes = {"tracks": catalogue(clips)} | ({"mirrors": [source]} if dataset == "gtzan" else {})
    with serving(server, KAGGLE_PORT if source == "kaggle" else 0):
        if source == "huggingface":
            point_to(monkeypatch, server)
        run(dataset, **changes)
        undisturbed = tree("data")
        for moment in range(1, 200, 3 if source == "kaggle" else 2):
            kagglehub.cache.delete_from_cache(parse_dataset_handle(kaggle.HANDLE))
            run(before)
            child = multiprocessing.get_context("fork").Process(target=killed_at, args=(moment, dataset, changes))
            child.start()
            child.join(30)
            if Path("data/raw/dataset.json").exists():  # then all that it stands for is there
                for clip in pd.read_csv("data/raw/clips.csv").itertuples():
                    assert fetch.raw.sha256(Path("data/raw", clip.path)) == clip.sha256
            run(dataset, **changes)
            assert tree("data") == undisturbed
            if child.exitcode == 0:
                break
            assert child.exitcode == 9
    assert 15 < moment < 199

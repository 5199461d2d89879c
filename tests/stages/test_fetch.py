"""fetch against the real kagglehub and huggingface_hub, with stand-ins for their servers on loopback."""

import errno
import hashlib
import json
import logging
import multiprocessing
import os
import random
import resource
import shutil
import socket
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import huggingface_hub.constants
import pandas as pd
import pytest
from kagglesdk.kaggle_http_client import KaggleHttpClient
from tqdm import tqdm
from tqdm.auto import tqdm as tqdm_auto

from genre import params
from genre.dataset import huggingface, kaggle, mirrors, sample
from genre.dataset.audio_files import AudioFile
from genre.errors import DataError
from genre.params import Params
from stages import fetch
from tests.conftest import TOP
from tests.stand_ins import KAGGLE_PORT, Fault, StandIn, catalogue, huggingface_tar, kaggle_zip, md5, serving, tar

_random = random.Random(0)
CLIPS = {f"{genre}.0000{n}": _random.randbytes(40_000 + n) for genre in ("blues", "jazz", "rock") for n in range(2)}
TRACKS = catalogue(CLIPS)
MIB = 1 << 20  # kagglehub writes blocks of 1 MiB and drops an incomplete one
BIG_ZIP = kaggle_zip(CLIPS | {"other.00000": _random.randbytes(3 * MIB)})


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server but loopback, no cache or credentials of this machine, no waiting."""
    monkeypatch.chdir(tmp_path)
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(kaggle, "SERVER", f"http://localhost:{KAGGLE_PORT}")
    monkeypatch.setattr(kaggle, "RETRY_DELAYS", (0.0, 0.0))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    huggingface_at(monkeypatch, "http://127.0.0.1:9")  # the discard port, where nobody listens
    # In its test environment only, kagglesdk reads the whole archive into memory to print it.
    monkeypatch.setattr(KaggleHttpClient, "_print_response", lambda *_, **__: None)
    monkeypatch.setattr(KaggleHttpClient, "_print_request", lambda *_: None)
    monkeypatch.setattr(sample, "write", small_sample)
    # Tests here fork and kill children. They share tqdm's default lock with this process, which would wait for ever if
    # one is killed while holding it; and a lock held by tqdm's monitor during a fork stays locked in the child.
    if tqdm.monitor is not None:
        tqdm.monitor.exit()
    monkeypatch.setattr(tqdm, "monitor", None)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)
    for bar in (tqdm, tqdm_auto):
        monkeypatch.setattr(bar, "_lock", threading.RLock(), raising=False)


def huggingface_at(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Set what HF_ENDPOINT sets, which huggingface_hub reads when it is imported."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", endpoint)
    template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def small_sample(folder: Path, *, params: params.SampleParams, n_jobs: int = -1) -> list[AudioFile]:
    clips = [AudioFile(f"{g}.00000", g, f"{g}/{g}.00000.flac", f"{g} artist") for g in ("pop", "rock")]
    for clip in clips:
        (folder / clip.path).parent.mkdir(parents=True)
        (folder / clip.path).write_bytes(clip.clip_id.encode() * 10_000)
    return clips


def run(dataset: str = "gtzan", *, tracks: pd.DataFrame = TRACKS, **changes) -> dict:
    """Run fetch and return dataset.json."""
    chosen: Params = params.load(TOP / "params.yaml")
    chosen = chosen.model_copy(update={"fetch": chosen.fetch.model_copy(update={"dataset": dataset, **changes})})
    with patch("genre.dataset.catalogue.load", return_value=tracks):
        fetch.fetch(chosen)
    return json.loads(Path("data/raw/dataset.json").read_text())


def tree(folder: str = "data/raw") -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def audio() -> dict[str, bytes]:
    return {Path(path).stem: content for path, content in tree().items() if "/" in path}


@pytest.fixture
def on_kaggle(request):
    """Serve a stand-in for Kaggle until the test ends."""

    def serve(archive: bytes, **options) -> StandIn:
        server = serving(StandIn(archive, **options), KAGGLE_PORT)
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        return server.__enter__()

    return serve


@pytest.fixture
def on_huggingface(request, monkeypatch):
    """Serve a stand-in for Hugging Face until the test ends."""

    def serve(archive: bytes = huggingface_tar(CLIPS), **options) -> StandIn:
        server = serving(StandIn(archive, **options))
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        stand_in = server.__enter__()
        huggingface_at(monkeypatch, f"http://127.0.0.1:{stand_in.port}")
        return stand_in

    return serve


# --- whole downloads --------------------------------------------------------------------------------------------


def test_gtzan_comes_from_kaggle_with_its_list_and_its_facts(on_kaggle):
    archive = kaggle_zip(CLIPS)
    on_kaggle(archive, md5=md5(archive))
    facts = run()
    assert audio() == CLIPS
    assert facts == {
        "name": "GTZAN",
        "source": "mirror",
        "clips": 6,
        "genres": ["blues", "jazz", "rock"],
        "left_out": [],
        "passed_over": {},
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


def test_when_kaggle_is_out_of_reach_huggingface_serves_a_pinned_revision(on_huggingface):
    server = on_huggingface()
    facts = run()
    assert audio() == CLIPS and facts["fallback"] is None
    assert server.paths == [f"/datasets/marsyas/gtzan/resolve/{huggingface.REVISION}/data/genres.tar.gz"]
    assert not Path("data/.fetch").exists()


def test_valid_clips_are_kept_and_no_server_is_contacted(on_huggingface):
    server = on_huggingface()
    run()
    before, clip = tree(), Path("data/raw/blues/blues.00000.wav").stat().st_ino
    server.paths.clear()
    run(fallback=None)
    assert tree() == before and Path("data/raw/blues/blues.00000.wav").stat().st_ino == clip and server.paths == []


def test_only_missing_and_changed_clips_are_replaced_and_links_are_not_written_through(on_huggingface, tmp_path):
    elsewhere = tmp_path / "dvc-cache"
    elsewhere.write_bytes(b"of someone else")
    on_huggingface()
    run()
    clip, kept = Path("data/raw/jazz/jazz.00000.wav"), Path("data/raw/rock/rock.00000.wav").stat().st_ino
    clip.unlink()
    clip.symlink_to(elsewhere)
    run()
    assert audio() == CLIPS and not clip.is_symlink()
    assert elsewhere.read_bytes() == b"of someone else"
    assert Path("data/raw/rock/rock.00000.wav").stat().st_ino == kept


def by_hand(folder: str) -> None:
    for clip_id, content in CLIPS.items():
        path = Path(folder, clip_id.split(".")[0], f"{clip_id}.wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_either_mirror_and_a_copy_by_hand_give_the_same_bytes(on_kaggle, on_huggingface):
    by_hand("data/raw")
    run(fallback=None)
    copied = tree()
    assert audio() == CLIPS
    for mirror, serve in (("kaggle", lambda: on_kaggle(kaggle_zip(CLIPS))), ("huggingface", on_huggingface)):
        shutil.rmtree("data/raw")
        server = serve()
        run(mirrors=[mirror])
        assert server.paths and tree() == copied


def test_clips_that_were_copied_one_folder_too_deep_are_kept_and_the_way_out_is_named():
    by_hand("data/raw/Data/genres_original")
    with pytest.raises(DataError, match=r"too deep, in data/raw/Data/genres_original; move .* into data/raw"):
        run()
    assert audio() == CLIPS


def test_the_broken_clip_is_left_out_and_that_is_recorded_and_logged(caplog, on_kaggle):
    clips = CLIPS | {"jazz.00054": b"broken"}
    on_kaggle(kaggle_zip(clips))
    facts = run(tracks=catalogue(clips))
    assert audio() == CLIPS and facts["clips"] == 6
    assert [item["clip_id"] for item in facts["left_out"]] == ["jazz.00054"] and facts["left_out"][0]["reason"]
    assert "jazz.00054 is left out" in caplog.text


# --- cut downloads and servers that misbehave -------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1000, MIB + 5000])
def test_a_download_from_kaggle_that_is_cut_is_resumed(on_kaggle, length):
    server = on_kaggle(BIG_ZIP, md5=md5(BIG_ZIP), faults=[Fault(cut_after=length)])
    run(fallback=None, mirrors=["kaggle"])
    assert audio() == CLIPS
    # kagglehub requests the whole file, finds a part of it on disk, and requests the rest.
    assert server.ranges[-1] == f"bytes={length // MIB * MIB}-"


def test_a_download_from_huggingface_that_is_cut_is_resumed(on_huggingface):
    server = on_huggingface(faults=[Fault(cut_after=100_000)])
    run(fallback=None, mirrors=["huggingface"])
    assert audio() == CLIPS and len(server.ranges) == 2


def test_unpacking_that_is_interrupted_goes_on_without_another_download(on_huggingface, tmp_path):
    server = on_huggingface()
    unpacking = huggingface.clips(TRACKS, tmp_path)
    next(unpacking)
    unpacking.close()  # as at Ctrl-C or on a full disk
    assert [clip_id for clip_id, _ in huggingface.clips(TRACKS, tmp_path)] == list(CLIPS)
    assert len(server.ranges) == 1 and not (tmp_path / "huggingface").exists()


def test_a_download_that_breaks_off_for_good_is_completed_by_the_next_run_and_no_sample_takes_its_place(on_kaggle):
    server = on_kaggle(BIG_ZIP, md5=md5(BIG_ZIP), faults=[Fault(cut_after=MIB + 5000), Fault(403)], for_ever=True)
    with pytest.raises(DataError, match="kaggle: HTTP 403"):
        run(mirrors=["kaggle"], fallback=None)
    server.faults = [Fault(cut_after=10)]
    with pytest.raises(DataError, match="kaggle: the download was cut"):
        run(mirrors=["kaggle"])
    server.faults = []
    run(mirrors=["kaggle"])
    assert server.ranges[-1] == f"bytes={MIB}-" and audio() == CLIPS


@pytest.mark.parametrize(("mirror", "status"), [("kaggle", 403), ("kaggle", 500), ("huggingface", 404)])
def test_a_mirror_that_refuses_is_named_with_the_reason_and_the_sample_may_take_its_place(
    on_kaggle, on_huggingface, mirror, status
):
    serve = on_kaggle if mirror == "kaggle" else on_huggingface
    serve(b"", faults=[Fault(status)], for_ever=True)
    with pytest.raises(DataError, match=f"{mirror}: HTTP {status}"):
        run(mirrors=[mirror], fallback=None)
    assert run(mirrors=[mirror])["name"] == "built-in sample"


KAGGLE_FAULTS = {
    "refuses": {"faults": [Fault(403)]},
    "sends a web page": {"faults": [Fault(200)]},
    "is cut for ever": {"faults": [Fault(cut_after=1000)]},
    "falls silent": {"faults": [Fault(cut_after=MIB + 5000, silent=True)]},
    "sends other bytes than its checksum says": {"md5": md5(b"other")},
}


@pytest.mark.parametrize("fault", KAGGLE_FAULTS.values(), ids=KAGGLE_FAULTS)
def test_whatever_keeps_kaggle_from_serving_huggingface_takes_its_place(monkeypatch, on_kaggle, on_huggingface, fault):
    monkeypatch.setattr(kaggle, "STALL_TIMEOUT", 0.5)
    server = on_kaggle(BIG_ZIP, **fault, for_ever=True)
    on_huggingface()
    facts = run(fallback=None)
    assert audio() == CLIPS and facts["fallback"] is None
    assert 1 <= len(server.ranges) <= 2 * len(kaggle.RETRY_DELAYS) + 2


def test_a_server_that_accepts_and_says_nothing_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(kaggle, "CACHE_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", KAGGLE_PORT)), pytest.raises(DataError, match="kaggle: no connection"):
        run(fallback=None, mirrors=["kaggle"])


def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait() and [])
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.05)
    monkeypatch.setattr(kaggle, "CACHE_TIMEOUT", 0.05)
    start = time.monotonic()
    try:
        assert run()["fallback"]
    finally:
        silent.set()
    assert time.monotonic() - start < 5


# --- wrong bytes ------------------------------------------------------------------------------------------------


def test_a_clip_with_wrong_bytes_is_never_used_and_is_named_with_both_hashes_and_the_way_out(on_kaggle):
    server = on_kaggle(kaggle_zip(CLIPS | {"rock.00001": b"x" * 40_001}))
    with pytest.raises(DataError) as error:
        run()  # although a fallback is set
    text = str(error.value)
    for expected in ("rock.00001 from kaggle", "1 of GTZAN's 6 clips", "run again", "by hand", "fetch.dataset"):
        assert expected in text
    assert hashlib.sha256(b"x" * 40_001).hexdigest() in text and TRACKS.sha256["rock.00001"] in text
    right = {clip_id: content for clip_id, content in CLIPS.items() if clip_id != "rock.00001"}
    assert audio() == right and not Path("data/raw/dataset.json").exists()
    server.archive = kaggle_zip(CLIPS)
    run()  # the invalid archive in the cache is not used again
    assert audio() == CLIPS


def test_a_clip_that_one_mirror_has_wrong_is_taken_from_the_next(caplog, on_kaggle, on_huggingface):
    on_kaggle(kaggle_zip({**CLIPS, "rock.00001": b"x"}))
    on_huggingface()
    run()
    assert audio() == CLIPS
    assert "rock.00001 from kaggle was not used" in caplog.text


def test_a_clip_that_no_mirror_has_is_named(on_huggingface):
    on_huggingface(huggingface_tar({clip_id: content for clip_id, content in CLIPS.items() if clip_id != "jazz.00000"}))
    with pytest.raises(DataError, match=r"jazz\.00000\n.*\n.*huggingface lacks 1 clips"):
        run()


def test_with_a_part_of_gtzan_there_an_offline_run_stops_and_keeps_it():
    by_hand("data/raw")
    Path("data/raw/jazz/jazz.00000.wav").unlink()
    with pytest.raises(DataError, match="1 of GTZAN's 6 clips"):
        run()
    assert len(audio()) == 5


@pytest.mark.parametrize("wrong", ["a flipped byte", "an end too early", "no archive"])
def test_a_corrupt_archive_from_kaggle_is_refused_and_downloaded_afresh_by_the_next_run(on_kaggle, wrong):
    archive = kaggle_zip(CLIPS)
    middle = len(archive) // 2
    corrupt = {
        "a flipped byte": archive[:middle] + bytes([archive[middle] ^ 255]) + archive[middle + 1 :],
        "an end too early": archive[:middle],
        "no archive": b"<html>",
    }[wrong]
    server = on_kaggle(corrupt)
    with pytest.raises(DataError, match=r"kaggle: the archive cannot be unpacked"):
        run()
    assert audio() == {}
    server.archive = archive
    run()
    assert audio() == CLIPS


@pytest.mark.parametrize("filled", [True, False])
def test_a_corrupt_archive_from_huggingface_gives_its_right_clips_and_is_downloaded_afresh(on_huggingface, filled):
    whole = huggingface_tar(CLIPS)
    half = whole[: len(whole) // 2]
    server = on_huggingface(half + bytes(len(whole) - len(half)) if filled else half)
    with pytest.raises(DataError, match="from huggingface was not used" if filled else "the archive is damaged"):
        run()
    assert 0 < len(audio()) < 6 and audio().items() <= CLIPS.items()
    server.archive = whole
    run()
    assert audio() == CLIPS


def test_whatever_members_an_archive_has_nothing_lands_elsewhere(on_huggingface, tmp_path):
    outside, link = tarfile.TarInfo("../../../evil/blues/blues.00000.wav"), tarfile.TarInfo("g/blues/blues.00000.wav")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    on_huggingface(tar([(outside, b"x"), (link, b"")]))
    with pytest.raises(DataError, match=r"blues\.00000 from huggingface was not used"):
        run()
    assert not list(tmp_path.rglob("evil")) and audio() == {}


# --- no mirror --------------------------------------------------------------------------------------------------


def test_offline_the_sample_takes_gtzans_place_loudly_and_the_same_each_time(caplog):
    facts = run()
    assert (facts["name"], facts["source"]) == ("built-in sample", "synthesised")
    assert facts["fallback"] == "GTZAN could not be downloaded: no mirror could be used (kaggle, huggingface)"
    assert "GTZAN IS NOT USED" in caplog.text and "kaggle: no connection" in caplog.text
    first = tree()
    run()
    assert tree() == first and set(audio()) == {"pop.00000", "rock.00000"}


def test_clips_that_a_users_folder_shares_with_gtzan_count():
    by_hand("mine")
    assert run("mine")["name"] == "mine"
    assert run(tracks=TRACKS.drop("rock.00001"))["name"] == "GTZAN"
    assert run("mine")["name"] == "mine"
    Path("data/raw/rock/rock.00001.wav").unlink()
    with pytest.raises(DataError, match="1 of GTZAN's 6 clips"):
        run()


def test_offline_no_sample_replaces_clips_of_gtzan_that_were_put_there_by_hand():
    run()  # the sample
    place = Path("data/raw/blues/blues.00000.wav")
    place.parent.mkdir()
    place.write_bytes(CLIPS["blues.00000"])
    with pytest.raises(DataError, match="5 of GTZAN's 6 clips"):
        run()
    assert place.read_bytes() == CLIPS["blues.00000"]


def test_offline_without_a_fallback_the_error_says_what_to_do():
    with pytest.raises(DataError) as error:
        run(fallback=None)
    for expected in ("kaggle: no connection", "huggingface: no connection", "by hand", "sample", "folder of your own"):
        assert expected in str(error.value)
    assert not Path("data/raw/dataset.json").exists()


def test_the_sample_gives_way_to_gtzan_once_a_mirror_answers(on_kaggle):
    run()
    on_kaggle(kaggle_zip(CLIPS))
    assert run()["fallback"] is None
    assert audio() == CLIPS


SECRETS = {
    "KAGGLE_USERNAME": "user-s3cret",
    "KAGGLE_KEY": "key-s3cret",
    "KAGGLE_API_TOKEN": "token-s3cret",
    "HF_TOKEN": "hf-s3cret",
}


@pytest.mark.parametrize("fault", [Fault(401), Fault(200), Fault(cut_after=50)], ids=["refused", "page", "cut"])
@pytest.mark.parametrize("mirror", ["kaggle", "huggingface"])
def test_credentials_are_nowhere_in_logs_errors_or_facts(monkeypatch, caplog, capfd, mirror, fault):
    caplog.set_level(logging.DEBUG)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    echo = " ".join(SECRETS.values()).encode()  # a server may echo what it was sent
    server = StandIn(b"no archive " + echo, faults=[Fault(fault.status, echo, fault.cut_after)], for_ever=True)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with serving(server, KAGGLE_PORT if mirror == "kaggle" else 0):
        huggingface_at(monkeypatch, f"http://hf-user:pass-s3cret@127.0.0.1:{server.port}")
        with pytest.raises(DataError) as error:
            run(mirrors=[mirror], fallback=None)
    assert "Authorization" in str(server.headers)  # they were in use
    said = capfd.readouterr()
    assert "s3cret" not in str(error.value) + caplog.text + said.out + said.err
    assert all(b"s3cret" not in content for content in tree("data").values())


# --- the sample and users' folders ------------------------------------------------------------------------------


def test_the_sample_is_listed_with_its_artists():
    facts = run("sample")
    assert facts["fallback"] is None and facts["source"] == "synthesised" and facts["clips"] == 2
    assert list(pd.read_csv("data/raw/clips.csv").artist) == ["pop artist", "rock artist"]
    assert not Path("data/.fetch").exists()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "my music"
    for name, content in {"Cumbia, 1/a.opus": b"aa", "Fado/x/b.MP3": b"bbb", "Fado/c.aiff": b"c"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o640)
    (folder / "artists.csv").write_text("clip_id,artist\nb,Amália\n", encoding="utf-8")
    return folder


def test_a_users_folder_is_listed_by_class(own):
    facts = run(str(own))
    assert facts["name"] == "my music" and facts["source"] == "folder" and facts["genres"] == ["Cumbia, 1", "Fado"]
    table = pd.read_csv("data/raw/clips.csv", keep_default_na=False)
    assert list(table.clip_id) == ["a", "b", "c"] and list(table.artist) == ["", "Amália", ""]
    assert list(table.path) == ["Cumbia, 1/a.opus", "Fado/x/b.MP3", "Fado/c.aiff"]
    assert list(table.sha256) == [hashlib.sha256(content).hexdigest() for content in (b"aa", b"bbb", b"c")]


def test_what_is_passed_over_in_a_folder_is_counted_by_class_in_the_log_and_in_the_facts(own, caplog):
    (own / "Notes").mkdir()
    for name in ("Notes/x.txt", "Fado/cover.jpg", "Fado/x/cover.JPG", "loose.wav"):
        (own / name).write_bytes(b"")
    os.mkfifo(own / "Fado/pipe.wav")
    facts = run(str(own))
    counted = {"Fado": {".jpg": 2, "a pipe, socket or device": 1}, "Notes": {".txt": 1}}
    assert facts["passed_over"] == counted | {"": {"audio outside the class folders": 1}}
    assert f"passed over in {own}/Fado: 2 .jpg, 1 a pipe, socket or device" in caplog.text
    assert f"{own}/Notes holds no audio: it is not a class" in caplog.text


@pytest.mark.parametrize("pair", [("Rock", "rock"), ("M\u00fasica", "Mu\u0301sica"), ("rock", "rock\r")])
def test_classes_that_look_alike_are_named(own, caplog, pair):
    for name in pair:
        (own / name).mkdir()
        (own / name / f"{len(name)}{name[0]}.wav").write_bytes(name.encode())
    assert set(pair) < set(run(str(own))["genres"])
    first, second = sorted(pair)
    assert f"the classes {first!a} and {second!a} look alike" in caplog.text


@pytest.mark.parametrize("name", ["GTZAN", "built-in sample", "Built-in sample of mine"])
def test_a_users_folder_is_never_reported_as_gtzan_or_the_sample(own, name):
    facts = run(str(own.rename(own.with_name(name))))
    assert facts["source"] == "folder" and facts["name"] not in ("GTZAN", "built-in sample")


def test_a_users_folder_is_never_changed_whatever_happens_to_the_copies(own):
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


def test_a_changed_file_of_a_users_folder_is_copied_again_and_the_others_are_kept(own):
    run(str(own))
    kept = Path("data/raw/Fado/c.aiff").stat().st_ino
    (own / "Cumbia, 1/a.opus").write_bytes(b"AA")
    run(str(own))
    assert Path("data/raw/Cumbia, 1/a.opus").read_bytes() == b"AA"
    assert Path("data/raw/Fado/c.aiff").stat().st_ino == kept


def test_nothing_of_the_previous_dataset_remains(own):
    run("sample")
    run(str(own))
    assert set(tree()) == {"Cumbia, 1/a.opus", "Fado/x/b.MP3", "Fado/c.aiff", "clips.csv", "dataset.json"}
    assert {path.name for path in Path("data/raw").iterdir() if path.is_dir()} == {"Cumbia, 1", "Fado"}


def test_the_home_folder_may_be_written_as_a_tilde(own, monkeypatch):
    monkeypatch.setenv("HOME", str(own.parent))
    assert run(f"~/{own.name}")["name"] == own.name


def test_the_same_folder_in_another_place_gives_the_same_bytes(own, tmp_path):
    run(str(own))
    first = tree()
    moved = shutil.move(own, tmp_path / "elsewhere" / own.name)
    run(str(moved))
    assert tree() == first


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("gtzna", r"'gtzna' does not exist; did you mean gtzan\?"),
        ("nowhere/at/all", "'nowhere/at/all' does not exist\n"),
        ("a-file", "'a-file' is a file"),
        ("~nobody-of-that-name/x", "names a home that does not exist"),
        ("x" * 5000, "cannot be read"),
        ("data/raw", "overlap"),
        ("data", "overlap"),
    ],
)
def test_an_invalid_dataset_is_named_with_what_is_allowed(dataset, said):
    Path("a-file").write_text("x")
    with pytest.raises(DataError, match=said) as error:
        run(dataset)
    assert "fetch.dataset" in str(error.value)


@pytest.mark.parametrize("dataset", ["my music", "../{top}/my music"])
def test_a_relative_folder_in_a_copy_of_the_project_made_by_dvc_gets_the_absolute_one_suggested(
    own, monkeypatch, tmp_path, dataset
):
    copy = tmp_path / ".dvc/tmp/exps/tmpabc"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with pytest.raises(DataError, match=f"does not exist in this copy of the project; give {own}\n"):
        run(dataset.format(top=tmp_path.name))


def test_an_invalid_dataset_leaves_the_previous_one_as_it_is(own):
    run("sample")
    before = tree()
    with pytest.raises(DataError):
        run("gtzna")
    (own / "artists.csv").write_text("wrong")
    with pytest.raises(DataError):
        run(str(own))
    assert tree() == before


# --- killed -----------------------------------------------------------------------------------------------------


def in_a_child(prepare: Callable[[], object], dataset: str, options: dict) -> int:
    """Run `prepare` and then fetch in a child process; returns the exit code, 7 if the disk was full."""

    def main() -> None:
        prepare()
        try:
            run(dataset, **options)
        except OSError as error:
            os._exit(7 if error.errno in (errno.ENOSPC, errno.EFBIG) else 1)
        os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=main)
    child.start()
    child.join(30)
    return child.exitcode


def exit_at(moment: int) -> None:
    """Make this process exit, without clean-up, at its `moment`-th change to a file from now on."""
    changes = 0

    def count(event: str, arguments: tuple) -> None:
        nonlocal changes
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir"):
            changes += 1
            if changes == moment:
                os._exit(9)

    sys.addaudithook(count)


SOURCES = ["kaggle", "huggingface", "own", "sample"]


def chosen(source: str, own: Path) -> tuple[str, dict]:
    """fetch.dataset, and further options of `run`, with which `source` is used."""
    if source in ("own", "sample"):
        return (str(own) if source == "own" else "sample"), {}
    return "gtzan", {"mirrors": [source]}


@pytest.mark.parametrize("source", SOURCES)
def test_on_a_full_disk_nothing_is_lost_and_the_next_run_completes_it(on_kaggle, on_huggingface, own, source):
    on_kaggle(BIG_ZIP)
    on_huggingface()
    for folder in ("Fado", "Cumbia, 1"):
        (own / folder / "large.wav").write_bytes(bytes(200_000))
    dataset, options = chosen(source, own)
    assert in_a_child(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)), dataset, options) == 7
    assert not Path("data/raw/dataset.json").exists()
    run(dataset, **options)
    assert not list(Path("data").rglob(".*.tmp"))
    for clip in pd.read_csv("data/raw/clips.csv").itertuples():
        assert fetch.raw.sha256(Path("data/raw", clip.path)) == clip.sha256


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_killed_at_any_moment_the_next_run_ends_as_an_undisturbed_one(on_kaggle, on_huggingface, own, source):
    clips = {"blues.00000": CLIPS["blues.00000"]}
    on_kaggle(kaggle_zip(clips))
    on_huggingface(huggingface_tar(clips))
    dataset, options = chosen(source, own)
    options["tracks"] = catalogue(clips)
    before = str(own) if source == "sample" else "sample"
    run(dataset, **options)
    undisturbed = tree("data")
    for moment in range(1, 200, 3):
        shutil.rmtree("kagglehub", ignore_errors=True)
        run(before)
        code = in_a_child(lambda moment=moment: exit_at(moment), dataset, options)
        if Path("data/raw/dataset.json").exists():  # then everything it describes exists
            for clip in pd.read_csv("data/raw/clips.csv").itertuples():
                assert fetch.raw.sha256(Path("data/raw", clip.path)) == clip.sha256
        run(dataset, **options)
        assert tree("data") == undisturbed
        if code == 0:
            break
        assert code == 9
    assert 15 < moment < 199

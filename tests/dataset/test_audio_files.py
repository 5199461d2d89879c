import os
from pathlib import Path

import pytest

from genre.dataset import audio_files


def make(top: Path, *paths: str) -> Path:
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(b"")
    return top


def audio(top: Path) -> list[str]:
    return [path.relative_to(top).as_posix() for path in audio_files.find(top).audio]


def test_audio_is_found_at_any_depth_by_suffix_in_any_case_and_listed_by_path(tmp_path):
    make(tmp_path, "b.WAV", "a/x/2.Opus", "a/1.mkv", "c.m4r", "d.tta", "notes.txt", "mp3", ".hidden.wav", ".h/3.wav")
    assert audio(tmp_path) == ["a/1.mkv", "a/x/2.Opus", "b.WAV", "c.m4r", "d.tta"]


def test_a_name_that_begins_with_an_ellipsis_is_not_hidden(tmp_path):
    make(tmp_path, "...Baby One More Time.mp3", "...And Justice for All/1.wav", "._a.mp3")
    assert audio(tmp_path) == ["...And Justice for All/1.wav", "...Baby One More Time.mp3"]


def test_what_is_passed_over_is_listed_with_its_suffix_or_what_it_is(tmp_path):
    make(tmp_path, "a/cover.JPG", "a/README", "b/1.wav")
    os.mkfifo(tmp_path / "b/pipe.wav")
    (tmp_path / "b/endless.wav").symlink_to("/dev/zero")
    passed = {
        path.relative_to(tmp_path).as_posix(): why for path, why in audio_files.find(tmp_path).passed_over.items()
    }
    device = "a pipe, socket or device"
    assert passed == {"a/cover.JPG": ".jpg", "a/README": "no suffix", "b/pipe.wav": device, "b/endless.wav": device}


def test_linked_folders_are_followed_and_each_folder_is_read_once_by_its_own_name(tmp_path):
    top = make(tmp_path / "top", "a/1.wav", "b/2.wav")
    make(tmp_path / "elsewhere", "deep/3.wav")
    for link, target in {"a/to_b": "../b", "b/to_a": "../a", "a/up": "..", "b/root": "/", "c": "../elsewhere"}.items():
        (top / link).symlink_to(target)
    (tmp_path / "elsewhere/deep/round").symlink_to("..")
    (top / "d").symlink_to(tmp_path / "elsewhere/deep")
    assert audio(top) == ["a/1.wav", "b/2.wav", "c/deep/3.wav"]


def test_links_that_lead_nowhere_are_not_lost(tmp_path):
    make(tmp_path, "1.wav")
    for name in ("gone.wav", "album", "cover.jpg"):
        (tmp_path / name).symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    found = audio_files.find(tmp_path)
    assert audio(tmp_path) == ["1.wav", "gone.wav"]
    assert {path.name: why for path, why in found.unreadable.items()} == {
        "album": "No such file or directory",
        "itself": "Too many levels of symbolic links",
    }
    assert [path.name for path in found.passed_over] == ["cover.jpg"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_listed_with_the_systems_reason(tmp_path):
    make(tmp_path, "1.wav", "locked/2.wav")
    (tmp_path / "locked").chmod(0)
    found = audio_files.find(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert audio(tmp_path) == ["1.wav"] and found.unreadable == {tmp_path / "locked": "Permission denied"}

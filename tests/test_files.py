import csv
import json
import os

import pandas as pd
import pytest

from genre import files, paths
from genre.errors import DataError


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    path = tmp_path / "sub" / "a.txt"
    with files.replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"


def test_what_was_written_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append((os.fstat(file).st_size, (tmp_path / "a").exists())))
    with files.replacing(tmp_path / "a") as temporary:
        (temporary / "below").mkdir(parents=True)
        for name, content in {"one": "1", "below/two": "22"}.items():
            (temporary / name).write_text(content)
    assert sorted(synced) == [(1, False), (2, False)]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_a_folder(tmp_path):
    for content in ("one", "two"):
        with files.replacing(tmp_path / "folder") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["two"]


def test_a_file_never_replaces_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/kept").write_text("kept")
    with pytest.raises(DataError, match="is a folder"):
        files.write_text(tmp_path / "folder", "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "kept"]


def test_what_a_killed_run_left_behind_is_overwritten(tmp_path):
    with pytest.raises(SystemExit), files.replacing(tmp_path / "folder") as temporary:
        temporary.mkdir()
        (temporary / "half").write_text("half")
        temporary.rename(tmp_path / "left")
        raise SystemExit
    (tmp_path / "left").rename(temporary)  # as a killed run leaves it
    with files.replacing(tmp_path / "folder") as temporary:
        temporary.mkdir()
    assert list((tmp_path / "folder").iterdir()) == []


def test_json_is_written_without_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"genre": "Ζεϊμπέκικο", "n": 1})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"genre": "Ζεϊμπέκικο", "n": 1}
    with pytest.raises(ValueError):
        files.write_json(tmp_path / "b.json", {"loss": float("nan")})
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize(
    "error", [OSError(28, "full"), OSError(28, "full", "a", None, "TEMPORARY/b"), OSError(30, "x")]
)
def test_a_disk_error_names_the_file_that_was_being_written(tmp_path, error):
    with pytest.raises(OSError) as raised, files.replacing(tmp_path / "a.txt") as temporary:
        if error.filename2:
            error.filename2 = str(temporary / "b")
        raise error
    assert (raised.value.filename, raised.value.filename2) == (str(tmp_path / "a.txt"), None)


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, files.replacing(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()
    assert raised.value.filename == str(tmp_path / "other")


def test_names_with_line_breaks_do_not_break_a_table(tmp_path):
    names = ["rock\r", "a\rb", "c\nd", "e\r\nf", 'g"h,i', " 007", "NA", "\u2028", ""]
    table = pd.DataFrame({"clip_id": names, "p\r": range(len(names))})
    files.write_table(tmp_path / "a.csv", table)
    assert files.read_table(tmp_path / "a.csv").equals(table)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["clip_id", *names]


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n{}\n=======\n"])
def test_a_file_that_is_empty_or_has_the_marks_of_a_merge_conflict_is_damaged(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    for read, path in ((files.read_json, paths.METRICS / "train.json"), (files.read_table, paths.PREDICTIONS)):
        path.parent.mkdir()
        path.write_text(content)
        with pytest.raises(DataError, match=rf"{path} is damaged \(.*\); `dvc repro` makes it again"):
            read(path)


def test_a_table_without_such_names_is_written_without_quotes(tmp_path):
    files.write_table(tmp_path / "a.csv", pd.DataFrame({"genre": ["rock"], "p": [0.5]}))
    assert (tmp_path / "a.csv").read_bytes() == b"genre,p\nrock,0.5\n"

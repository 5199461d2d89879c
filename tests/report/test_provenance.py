import os
import subprocess
from pathlib import Path

import pytest

from genre.errors import DataError
from genre.report import provenance

LOCK = """
schema: '2.0'
stages:
  train:
    cmd: python -m stages.train
    params:
      params.yaml:
        train:
          epochs: 3
          augment:
            gain: 0.5
  extract:
    cmd: python -m stages.extract
    params:
      params.yaml:
        extract.n_mels: 128
  plot:
    cmd: python -m stages.plot
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder."""
    (tmp_path / "dvc.lock").write_text(LOCK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder, *words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=folder, check=True)


def test_parameters_are_those_of_each_stage_s_last_run(folder):
    assert provenance.recorded_parameters() == {
        "extract": {"extract.n_mels": 128},
        "train": {"train": {"epochs": 3, "augment": {"gain": 0.5}}},
    }


def test_a_project_that_never_ran_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"dvc\.lock is missing; `dvc repro`"):
        provenance.recorded_parameters()


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\nstages:\n=======\n"])
def test_a_damaged_lock_file_is_refused_with_what_to_do(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text(content)
    with pytest.raises(DataError, match=r"dvc\.lock is damaged; `git checkout HEAD dvc\.lock`"):
        provenance.recorded_parameters()


def test_outside_git_neither_commit_nor_changes_are_known(folder):
    assert provenance.commit() is None and provenance.stale_stages() is None


def test_the_commit_is_known_with_every_file_that_differs_from_it(folder):
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "First words\n\nmore words")
    clean = provenance.commit()
    assert len(clean.hash) == 40 and clean.subject == "First words" and clean.changed == []
    (folder / "dvc.lock").write_text(LOCK + "\n")
    for name in (b"new.txt", "é ä.txt".encode(), b"\xff.txt"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).touch()
    assert provenance.commit().changed == ["dvc.lock", "new.txt", "é ä.txt", r"\xff.txt"]


def test_a_commit_may_have_no_message(folder):
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty-message", "-m", "")
    commit = provenance.commit()
    assert (commit.subject, commit.changed) == ("", []) and len(commit.hash) == 40

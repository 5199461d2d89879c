"""Fixtures and helpers for many tests: audio and features of known content, and small projects."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from filelock import FileLock

from genre import files, params
from genre.features.settings import FeatureSettings
from genre.features.store import Features
from tests.arrays import from_arrays

TOP = Path(__file__).resolve().parent.parent
RATE = 22050


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A project with a tiny sample after one undisturbed `dvc repro`; copy it, do not change it."""
    from tests.projects import make_clone

    own = tmp_path_factory.getbasetemp()
    folder = own if worker_id == "master" else own.parent  # pytest-xdist's workers share it
    with FileLock(folder / "finished.lock"):
        if not (folder / "finished").exists():
            make_clone(folder / "project")
            (folder / "finished").touch()
    return folder / "project"


@pytest.fixture(scope="session")
def settings() -> FeatureSettings:
    """The default extraction settings."""
    return FeatureSettings.of(params.load(TOP / "params.yaml").extract)


@pytest.fixture
def write_audio(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes samples to a file under tmp_path and returns its path."""

    def write(name: str, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, rate, **options)
        return path

    return write


def sine(frequency: float, *, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    """A sine at half of full scale [shape=(n,), float32]; frequency in Hz."""
    time = np.arange(int(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def noise(*, seconds: float = 2.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """White noise [shape=(n,), float32], peak below 1."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * rate)).astype(np.float32)


def contents(folder: Path) -> dict[str, bytes]:
    """The contents of the files in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def raw(write_audio, tmp_path) -> Path:
    """A folder as written by fetch, with forty clips and one that cannot be decoded."""
    rows = []
    for number in range(40):
        path = write_audio(f"raw/pop/{number}.wav", noise(seconds=2, seed=number))
        rows.append((str(number), "pop", f"pop/{path.name}", "", ""))
    (tmp_path / "raw/pop/broken.wav").write_bytes(b"RIFF")
    rows.insert(20, ("broken", "pop", "pop/broken.wav", "", ""))
    columns = ["clip_id", "genre", "path", "sha256", "artist"]
    files.write_table(tmp_path / "raw/clips.csv", pd.DataFrame(rows, columns=columns))
    files.write_json(tmp_path / "raw/dataset.json", {"name": "noise"})
    return tmp_path / "raw"


@pytest.fixture
def striped(settings: FeatureSettings) -> Features:
    """Forty noisy clips of two genres, told apart by which half of the mel bands is loud."""
    rng = np.random.default_rng(0)
    spectrograms, rows = [], []
    for number in range(40):
        genre = ("high", "low")[number % 2]
        levels = rng.integers(0, 120, (60 + number % 7, settings.n_mels))
        half = slice(64, None) if genre == "high" else slice(None, 64)
        levels[:, half] += 100
        spectrograms.append(levels.astype(np.uint8))
        rows.append({"clip_id": f"{genre}.{number:05d}", "genre": genre, "artist": "", "sha256": str(number)})
    return from_arrays(spectrograms, pd.DataFrame(rows), settings=settings, dataset={"name": "stripes"})

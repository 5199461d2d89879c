import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import TOP


@pytest.fixture
def archive(tmp_path):
    """Spectrograms of 60 clips of two of GTZAN's genres, told apart by which half of the bands is loud."""
    rng = np.random.default_rng(0)
    catalogue = pd.read_csv(TOP / "genre/gtzan.csv")
    ids = pd.concat([catalogue[catalogue.genre == genre].clip_id[:30] for genre in ("blues", "metal")]).to_numpy(str)
    levels = rng.integers(0, 120, (60, 128, 40)).astype(np.uint8)
    levels[30:, 64:] += 100
    levels[:30, :64] += 100
    np.savez(tmp_path / "logmel.npz", logmel=levels, clip_id=ids)
    return tmp_path / "logmel.npz"


def test_the_last_line_holds_the_figures_of_every_seed(archive, tmp_path):
    command = [sys.executable, "-m", "benchmarks.accuracy", "--logmel", archive, "--tracks", "genre/gtzan.csv"]
    options = ["--seeds", "0", "1", "--epochs", "12", "--set", "train.segment_seconds=3"]
    options += ["--predictions", tmp_path / "p.csv", "--confusion", tmp_path / "c.png"]
    done = subprocess.run([*command, *options], cwd=TOP, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["protocol"] == "random" and report["architecture"] == "committee"
    assert report["seeds"] == [0, 1] and len(report["accuracy"]) == len(report["val_accuracy"]) == 2
    assert report["accuracy_mean"] == pytest.approx(np.mean(report["accuracy"]), abs=1e-4)
    assert report["accuracy_sd"] == pytest.approx(np.std(report["accuracy"], ddof=1), abs=1e-4)
    assert report["n_test"] == 9 and report["parameters"] > 0 and report["train_seconds_mean"] > 0
    assert report["accuracy_mean"] > 0.8
    table = pd.read_csv(tmp_path / "p.csv")
    assert [(table[table.seed == s].genre == table[table.seed == s].predicted).mean() for s in (0, 1)] == pytest.approx(
        report["accuracy"], abs=1e-4
    )
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"

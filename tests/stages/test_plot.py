import os
import subprocess
import sys
import zipfile
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from dvclive import Live

from genre import files, paths
from genre.errors import DataError
from genre.model.layer_summary import LayerSummary
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions
from genre.model.scores import summary
from stages import plot
from tests.conftest import TOP

PICTURES = ["confusion", "curves", "f1", "mistakes", "network", "spectrograms"]

TRAINING, EVALUATION = paths.METRICS / "train.json", paths.METRICS / "evaluate.json"


def log_curves(folder, epochs):
    with Live(str(folder), dvcyaml=None, save_dvc_exp=False) as live:
        for epoch in range(epochs):
            for part in ("train", "validation"):
                live.log_metric(f"{part}/accuracy", 0.5 + 0.1 * epoch)
                live.log_metric(f"{part}/loss", 2.0 - 0.1 * epoch)
            live.log_metric("learning_rate", 1e-5 / 3)
            live.next_step()


@pytest.fixture
def workspace(tmp_path, monkeypatch, striped):
    """The current folder, with everything that the stages before plot write."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / paths.FEATURES
    folder.mkdir(parents=True)
    np.save(folder / "frames.npy", striped.frames)
    files.write_table(folder / "clips.csv", striped.clips.reset_index())
    info = {"dataset": {"name": "built-in sample"}, "settings": asdict(striped.settings)}
    files.write_json(folder / "features.json", info)
    names = striped.clips.index[:8].to_numpy(str)
    probabilities = np.tile([[0.7, 0.3], [0.4, 0.6]], (4, 1))
    probabilities[5] = 0.9, 0.1
    predictions = Predictions(names, np.arange(8) % 2, probabilities, ["high", "low"])
    files.write_table(paths.PREDICTIONS, predictions.table())
    files.write_json(
        EVALUATION,
        {"dataset": "built-in sample", "source": "synthesised", "protocol": "random", **summary(predictions)},
    )
    files.write_json(TRAINING, {"best_epoch": 2, "refit": True})
    log_curves(tmp_path / "plots/training", 3)
    layers = [
        LayerSummary("segment", "InputLayer", [40, 128], 0, []),
        LayerSummary("genres", "Dense", [2], 12, ["segment"]),
    ]
    model = ModelInfo(["high", "low"], striped.settings, 40, 3, 1.0, "tiny", "built-in sample", "random", layers)
    paths.MODEL.parent.mkdir()
    with zipfile.ZipFile(paths.MODEL, "w") as archive:
        archive.writestr("genre.json", model.to_json())
    return tmp_path


def test_what_dvclive_wrote_is_read_with_epochs_from_one(tmp_path):
    log_curves(tmp_path / "training", 3)
    history = plot.read_curves(tmp_path / "training/plots/metrics")
    assert list(history.index) == [1, 2, 3]
    assert set(history.columns) == {
        "train/accuracy", "train/loss", "validation/accuracy", "validation/loss", "learning_rate",
    }  # fmt: skip
    assert history["validation/accuracy"].tolist() == [0.5, 0.6, 0.7]
    assert history["learning_rate"].tolist() == [1e-5 / 3] * 3


def test_curves_that_are_missing_or_have_an_epoch_twice_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no curves; `dvc repro train`"):
        plot.read_curves(tmp_path)
    pd.DataFrame({"step": [0, 0], "loss": [1, 2]}).to_csv(tmp_path / "loss.tsv", sep="\t", index=False)
    with pytest.raises(DataError, match=r"loss\.tsv has an epoch twice"):
        plot.read_curves(tmp_path)


def test_the_stage_draws_the_six_pictures_without_a_network_library_and_with_the_same_bytes_for_everyone(workspace):
    plot.main()
    here = {name: (paths.PLOTS / f"{name}.png").read_bytes() for name in PICTURES}
    for name in PICTURES:
        (paths.PLOTS / f"{name}.png").unlink()
    code = (
        "import sys\nfrom stages import plot\nplot.main()\n"
        "found = {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "assert not found, found"
    )
    (workspace / "matplotlibrc").write_text("font.size: 20\nsavefig.dpi: 30\naxes.facecolor: red\n")
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONHASHSEED": "7"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert {name: (paths.PLOTS / f"{name}.png").read_bytes() for name in PICTURES} == here
    assert sorted(path.stem for path in paths.PLOTS.glob("*.png")) == PICTURES
    assert all(data.startswith(b"\x89PNG") for data in here.values())


@pytest.mark.parametrize("path", [TRAINING, EVALUATION, paths.PREDICTIONS, paths.MODEL])
def test_a_missing_input_is_named_with_the_way_to_get_it(workspace, path):
    path.unlink()
    with pytest.raises(DataError, match=f"{path} is missing; `dvc repro"):
        plot.main()

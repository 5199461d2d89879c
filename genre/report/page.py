"""The report on a run as one HTML page, with its pictures in it."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import jinja2
import matplotlib.image
import numpy as np

from genre import files, paths
from genre.errors import DataError
from genre.features import store
from genre.features.spectrogram import TOP_DB
from genre.features.store import Features
from genre.model import model_file
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions
from genre.report import provenance
from genre.report.charts import style
from genre.report.charts.spectrograms import confident_mistakes, decibels
from genre.report.charts.style import Data
from genre.report.provenance import Commit

MOST_MISTAKES = 100  # shown, each with a spectrogram of about 10 kB


@dataclass(frozen=True)
class Run:
    """All that the pipeline left behind."""

    features: Features
    model: ModelInfo
    predictions: Predictions
    scores: dict[str, Any]  # metrics/evaluate.json
    training: dict[str, Any]  # metrics/train.json
    audit: dict[str, Any]  # metrics/split.json
    extraction: dict[str, Any]  # metrics/extract.json
    pictures: dict[str, bytes]  # PNG files by name
    commit: Commit | None  # None outside git
    stale: list[str] | None  # stages that have changed since they ran; None where DVC cannot say
    parameters: dict[str, dict[str, Any]]  # of each stage, nested


def page(run: Run) -> str:
    """The report as HTML that fetches nothing."""
    loader = jinja2.PackageLoader("genre.report", "")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["percent"] = lambda fraction, digits=1: f"{100 * fraction:.{digits}f} %"
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.filters["webp"] = spectrogram
    return environment.get_template("page.html.jinja").render(
        run=run,
        data=Data(run.scores["dataset"], run.scores["source"], run.scores["protocol"]),
        mistakes=confident_mistakes(run.predictions),
        most_mistakes=MOST_MISTAKES,
        colours=style.genre_colours(run.predictions.genres),
    )


def spectrogram(clip: np.ndarray) -> bytes:
    """A clip's frames [shape=(frames, n_mels)] as a WebP picture, one pixel a frame and band, low bands below."""
    packed = BytesIO()
    matplotlib.image.imsave(
        packed, decibels(clip).T, vmin=-TOP_DB, vmax=0, cmap="magma", origin="lower", format="webp",
        pil_kwargs={"quality": 70},
    )  # fmt: skip
    return packed.getvalue()


def read_run() -> Run:
    """The last run of the pipeline in the current folder; DataError where a file is missing, or of another run."""
    features = store.read(paths.FEATURES)
    predictions = Predictions.from_table(files.read_table(paths.PREDICTIONS))
    if not np.isin(predictions.clip_ids, features.clips.index).all():
        raise DataError(
            f"{paths.PREDICTIONS} names clips that {paths.FEATURES} lacks; `dvc repro` brings both up to date"
        )
    return Run(
        parameters=provenance.recorded_parameters(),
        features=features,
        model=model_file.read_info(paths.MODEL),
        predictions=predictions,
        scores=files.read_json(paths.METRICS / "evaluate.json"),
        training=files.read_json(paths.METRICS / "train.json"),
        audit=files.read_json(paths.METRICS / "split.json"),
        extraction=files.read_json(paths.METRICS / "extract.json"),
        pictures={path.stem: path.read_bytes() for path in sorted(paths.PLOTS.glob("*.png"))},
        commit=provenance.commit(),
        stale=provenance.stale_stages(),
    )

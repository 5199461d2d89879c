"""The report on a run: one HTML page with its pictures embedded."""

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

MAX_MISTAKES = 100  # shown on the page; a spectrogram takes about 10 kB


@dataclass(frozen=True)
class Run:
    """The outputs and provenance of a pipeline run."""

    features: Features
    model: ModelInfo
    predictions: Predictions
    scores: dict[str, Any]  # metrics/evaluate.json
    training: dict[str, Any]  # metrics/train.json
    audit: dict[str, Any]  # metrics/split.json
    extraction: dict[str, Any]  # metrics/extract.json
    pictures: dict[str, bytes]  # PNG files by name
    commit: Commit | None  # None outside git
    stale: list[str] | None  # out-of-date stages; None if `dvc status` fails
    parameters: dict[str, dict[str, Any]]  # nested, by stage


def page(run: Run) -> str:
    """Render the report as self-contained HTML."""
    loader = jinja2.PackageLoader("genre.report", "")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["percent"] = lambda fraction, digits=1: f"{100 * fraction:.{digits}f} %"
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.filters["webp"] = spectrogram
    return environment.get_template("page.html.jinja").render(
        run=run,
        data=Data(run.scores["dataset"], run.scores["source"], run.scores["protocol"]),
        mistakes=confident_mistakes(run.predictions),
        max_mistakes=MAX_MISTAKES,
        colours=style.genre_colours(run.predictions.genres),
    )


def spectrogram(clip: np.ndarray) -> bytes:
    """A clip [shape=(frames, n_mels)] as a WebP image, one pixel per frame and band, low bands at the bottom."""
    buffer = BytesIO()
    matplotlib.image.imsave(
        buffer, decibels(clip).T, vmin=-TOP_DB, vmax=0, cmap="magma", origin="lower", format="webp",
        pil_kwargs={"quality": 70},
    )  # fmt: skip
    return buffer.getvalue()


def read_run() -> Run:
    """Read the last run of the pipeline in the current folder; DataError if files are missing or from another run."""
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

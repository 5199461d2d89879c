"""The report on a run as one HTML page, with its pictures in it."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import matplotlib.image
import numpy as np

from genre import files, paths
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
from genre.report.provenance import Provenance

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
    provenance: Provenance


@dataclass(frozen=True)
class Score:
    """A fraction 0..1 with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True)
class Mistake:
    """A misclassified test clip, with the probabilities 0..1 of its true and its predicted genre."""

    clip_id: str
    artist: str  # empty where unknown
    true: str
    predicted: str
    p_true: float
    p_predicted: float
    picture: str  # of its spectrogram, as a data URI


def page(run: Run) -> str:
    """The report as HTML that fetches nothing."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("genre.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda fraction, digits=1: f"{100 * fraction:.{digits}f} %"
    wrong = confident_mistakes(run.predictions)
    return environment.get_template("page.html.jinja").render(
        run=run,
        data=Data(run.scores["dataset"], run.scores["source"], run.scores["protocol"]),
        headline=headline(run.scores),
        mistakes=[mistake(run, row) for row in wrong[:MOST_MISTAKES]],
        n_mistakes=len(wrong),
        colours=style.genre_colours(run.predictions.genres),
        pictures={name: data_uri("image/png", png) for name, png in run.pictures.items()},
        sections=by_section(run.provenance.parameters),
    )


def headline(scores: dict[str, Any]) -> list[Score]:
    """Accuracy, macro F1 and top-3 accuracy on the test part."""
    majority = f"{100 * scores['majority_accuracy']:.1f} %"
    return [
        Score(title, scores[name], scores[f"{name}_low"], scores[f"{name}_high"], meaning)
        for title, name, meaning in (
            (
                "Accuracy",
                "accuracy",
                f"of the clips are classified correctly; majority-class baseline: {majority}",
            ),
            ("Macro F1", "macro_f1", "mean over genres of precision and recall combined; every genre counts the same"),
            ("Top-3 accuracy", "top3_accuracy", "of the clips have their genre among the three most probable"),
        )
    ]


def mistake(run: Run, row: int) -> Mistake:
    """The misclassified clip in a row of the predictions."""
    predictions = run.predictions
    clip_id, true, predicted = predictions.clip_ids[row], predictions.labels[row], predictions.predicted[row]
    return Mistake(
        clip_id=clip_id,
        artist=run.features.clips.artist[clip_id],
        true=predictions.genres[true],
        predicted=predictions.genres[predicted],
        p_true=predictions.probabilities[row, true],
        p_predicted=predictions.probabilities[row, predicted],
        picture=data_uri("image/webp", spectrogram(run.features.of(clip_id))),
    )


def spectrogram(clip: np.ndarray) -> bytes:
    """A clip's frames [shape=(frames, n_mels)] as a WebP picture, one pixel a frame and band, low bands below."""
    packed = BytesIO()
    matplotlib.image.imsave(
        packed, decibels(clip).T, vmin=-TOP_DB, vmax=0, cmap="magma", origin="lower", format="webp",
        pil_kwargs={"quality": 70},
    )  # fmt: skip
    return packed.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """`content` as an address that a page can hold; `kind` is its MIME type."""
    return f"data:{kind};base64,{b64encode(content).decode()}"


def by_section(parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Parameters under the name of their section, such as `train` for train.augment.gain."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in parameters.items():
        section, key = name.split(".", 1)
        sections.setdefault(section, {})[key] = value
    return sections


def read_run(folder: Path) -> Run:
    """The last run of the pipeline in the project `folder`; DataError where a file of it is missing."""
    metrics = folder / paths.METRICS
    return Run(
        features=store.read(folder / paths.FEATURES),
        model=model_file.read_info(folder / paths.MODEL),
        predictions=Predictions.from_table(files.read_table(folder / paths.PREDICTIONS)),
        scores=files.read_json(metrics / "evaluate.json"),
        training=files.read_json(metrics / "train.json"),
        audit=files.read_json(metrics / "split.json"),
        extraction=files.read_json(metrics / "extract.json"),
        pictures={path.stem: path.read_bytes() for path in sorted((folder / paths.PLOTS).glob("*.png"))},
        provenance=provenance.read(folder),
    )

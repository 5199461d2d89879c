"""Helpers for tests of plots: made-up predictions, and a check of the texts in a figure."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from genre.features.settings import FeatureSettings
from genre.features.store import Features
from genre.model.predictions import Predictions
from genre.report.charts.style import Data
from tests.arrays import from_arrays

GTZAN = Data("GTZAN", "kaggle", "artist")
OWN = Data("a folder of one's own with a name that goes on and on and on and on and on", "folder", "fault_filtered")


def made_up(genres: list[str], *, per_genre: int = 6, right: float = 0.8, seed: int = 0) -> Predictions:
    """Predictions of about the given accuracy."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(genres)), per_genre)
    logits = rng.normal(0, 1, (len(labels), len(genres)))
    predicted = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, len(genres), len(labels)))
    logits[np.arange(len(labels)), predicted] += 4
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ids = np.array([f"{genres[label]}.{number:05d}" for number, label in enumerate(labels)])
    return Predictions(ids, labels, probabilities, list(genres))


def noise_for(predictions: Predictions, settings: FeatureSettings) -> Features:
    """Noise for every clip, one in four of them shorter."""
    rng = np.random.default_rng(0)
    clips = [
        rng.integers(0, 255, (40 - 10 * (n % 4 == 0), settings.n_mels), np.uint8)
        for n in range(len(predictions.labels))
    ]
    genres = np.array(predictions.genres)[predictions.labels]
    table = pd.DataFrame({"clip_id": predictions.clip_ids, "genre": genres})
    return from_arrays(clips, table, settings=settings, dataset={"name": "noise"})


def text_faults(figure: Figure) -> list[str]:
    """Texts that overlap another or leave the canvas."""
    texts = [(text.get_text(), _outline(text)) for text in _drawn_texts(figure)]
    assert len(texts) > 3
    width, height = figure.canvas.get_width_height()
    found = []
    for words, shape in texts:
        low, high = shape.vertices.min(axis=0), shape.vertices.max(axis=0)
        if low.min() < 0 or high[0] > width or high[1] > height:
            found.append(f"{words!r} leaves the canvas")
    for (words, shape), (others, other) in combinations(texts, 2):
        if shape.get_extents().overlaps(other.get_extents()) and shape.intersects_path(other, filled=True):
            found.append(f"{words!r} overlaps {others!r}")
    return found


def words_of(figure: Figure) -> str:
    """Every text of a figure on a line of its own."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def _drawn_texts(figure: Figure) -> list[Text]:
    """The texts that are actually drawn, which excludes ticks outside the axes."""
    FigureCanvasAgg(figure)
    drawn = []
    original = Text.draw

    def spy(self: Text, *args: object, **kwargs: object) -> None:
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        figure.draw_without_rendering()
    return list(dict.fromkeys(drawn))


def _outline(text: Text) -> Outline:
    """The rectangle that a text covers, in pixels, less half a pixel all around."""
    angle = text.get_rotation()
    text.set_rotation(0 if angle % 90 else angle)
    box = text.get_window_extent().padded(-0.5)
    text.set_rotation(angle)
    corners = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
    if angle % 90:
        assert text.get_rotation_mode() == "anchor"
        corners = (
            Affine2D().rotate_deg_around(*text.get_transform().transform(text.get_position()), angle).transform(corners)
        )
    return Outline(corners)

import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

from genre.model import scores
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions
from genre.report import page
from genre.report.page import Run
from genre.report.provenance import Commit
from tests.browser import visit

DATASET = {
    "name": "stripes",
    "source": "folder",
    "left_out": [{"clip_id": "low.00099", "reason": "broken"}],
    "fallback": "no mirror answered",
}
PICTURES = ("confusion", "curves", "f1", "mistakes", "network", "something_new", "spectrograms")


@pytest.fixture
def finished(striped) -> Run:
    """A run on forty clips, in which one `low` was predicted as `high` with 90 %, and another with 60 %."""
    names = striped.clips.index[:8].to_numpy(str)
    probabilities = np.tile([[0.7, 0.3], [0.2, 0.8]], (4, 1))
    probabilities[3], probabilities[5] = (0.6, 0.4), (0.9, 0.1)
    predictions = Predictions(names, np.arange(8) % 2, probabilities, ["high", "low"])
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    parts = ("train-validation", "train-test", "validation-test")
    return Run(
        features=dataclasses.replace(striped, dataset=DATASET),
        model=ModelInfo(["high", "low"], striped.settings, 40, 3, 1.0, "tiny", "stripes", "random", []),
        predictions=predictions,
        scores={"dataset": "stripes", "source": "folder", "protocol": "random", **scores.summary(predictions)},
        training={"best_epoch": 2, "validation_accuracy": 0.875, "parameters": 12, "refit": True, "clips": 32},
        audit={
            "protocol": "random",
            "sizes": {"train": 24, "validation": 8, "test": 8},
            "left_out": 0,
            "same_bytes_pairs": dict.fromkeys(parts, 3),
            "artists": dict.fromkeys(parts, 7),
            "test_clips_with_artist_in_train": 0.25,
            "test_clips_with_artist_in_train_or_validation": 0.5,
        },
        extraction={"clips": 40, "skipped": 0, "frames": 2500, "seconds": 200.0},
        pictures=dict.fromkeys(PICTURES, drawn.getvalue()),
        commit=Commit("0123456789abcdef", "2026-01-02T03:04:05+00:00", "Try <b>bold</b> stripes", []),
        stale=[],
        parameters={
            "fetch": {"fetch": {"dataset": "stripes"}},
            "train": {"split.protocol": "random", "train": {"epochs": 3, "augment": {"gain": 0.5}}},
        },
    )


def test_in_a_browser_the_report_needs_nothing_but_itself_and_every_image_has_a_text_of_its_own(finished, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page.page(finished), encoding="utf-8")
    found = visit(path)
    assert found.console == found.requests == []
    for tag in ("img", "script", "link", "iframe", "object", "source", "a"):
        for attributes in found.elements(tag):
            for key in ("src", "href", "srcset", "data"):
                assert attributes.get(key, "#").startswith(("data:", "#")), attributes
    assert "url(" not in found.html and "@import" not in found.html
    images = found.elements("img")
    assert len(images) == len(PICTURES) - 1 + 2  # each mistake is there, instead of their picture
    assert len({image["alt"] for image in images}) == len(images) and all(len(image["alt"]) > 10 for image in images)


def test_the_most_confident_mistakes_come_first_with_their_spectrograms(finished):
    html = page.page(finished)
    assert "2 of 8 test clips were misclassified" in html
    shown = html.split('<ul class="mistakes">')[1].split("</ul>")[0]
    words = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", shown))
    assert words == " low.00005 predicted high 90 % true low 10 % low.00003 predicted high 60 % true low 40 % "


def test_a_spectrogram_has_a_pixel_for_each_frame_and_band_with_low_bands_below(striped):
    clip = striped.of("low.00001")  # loud in the lower half of the bands
    picture = Image.open(io.BytesIO(page.spectrogram(clip))).convert("L")
    assert picture.size == clip.shape
    upper, lower = np.array_split(np.asarray(picture, dtype=float), 2)
    assert lower.mean() > upper.mean() + 50


def test_the_scores_are_shown_with_their_intervals(finished):
    html = page.page(finished)
    values = re.findall(r'<p class="value">(.*?)</p>', html)
    assert [values[0], values[2]] == ["75.0 %", "100.0 %"]  # accuracy and top-3 accuracy
    between = re.findall(r'<p class="between">(.*?) to (.*?)</p>', html)
    assert between[0] == ("40.9 %", "92.9 %") and between[2][1] == "100.0 %"
    assert 0 < float(between[1][0]) < float(values[1]) < float(between[1][1]) <= 1  # macro F1, as F1 in the table below
    assert "majority-class baseline: 50.0 %" in html


def test_the_report_says_what_was_run_and_what_leaks(finished):
    html = page.page(finished)
    for words in (
        "low.00099 (broken)",
        "0123456789",
        "the working folder was clean",
        "50 % of the test clips",
        "git checkout 0123456789",
        "12\nparameters, trained on 32 clips and tested on 8.",
        "trained again, on the training and validation sets",
    ):
        assert words in html, words
    assert (
        "<code>train.epochs</code></th><td>3</td>" in html
        and "<code>train.augment.gain</code></th><td>0.5</td>" in html
    )
    assert html.count('<td class="number">7</td>') == html.count('<td class="number">3</td>') == 3


def test_names_from_outside_are_text(finished):
    assert "Try &lt;b&gt;bold&lt;/b&gt; stripes" in page.page(finished)


def test_what_changed_since_the_run_is_said(finished):
    commit = dataclasses.replace(finished.commit, changed=["params.yaml", "notes.txt"])
    html = page.page(dataclasses.replace(finished, commit=commit, stale=["train"]))
    assert "2 files" in html and "<code>notes.txt</code>" in html and "git checkout" not in html
    assert "have changed since they ran: <code>train</code>" in html


def test_the_artists_that_count_are_those_that_the_saved_network_was_trained_on(finished):
    assert "50 % of the test clips" in page.page(finished)
    without = dataclasses.replace(finished, training=finished.training | {"refit": False})
    assert "25 % of the test clips" in page.page(without)


def test_a_run_outside_git_and_dvc_is_reported_all_the_same(finished):
    html = page.page(dataclasses.replace(finished, commit=None, stale=None))
    assert "not in a git repository" in html and "<code>dvc status</code> failed" in html


def test_a_run_without_mistakes_or_known_artists_is_reported_too(finished):
    right = dataclasses.replace(finished.predictions, probabilities=np.eye(2)[finished.predictions.labels])
    audit = finished.audit | {
        "artists": dict.fromkeys(finished.audit["artists"]),
        "test_clips_with_artist_in_train": None,
        "test_clips_with_artist_in_train_or_validation": None,
    }
    html = page.page(dataclasses.replace(finished, predictions=right, audit=audit))
    assert "all 8 test clips are classified correctly" in html and "No clip's artist is known" in html


@pytest.mark.parametrize(("source", "warned"), [("synthesised", True), ("folder", False)])
def test_synthetic_data_is_warned_of_by_its_source_whatever_its_name(finished, source, warned):
    scores = finished.scores | {"dataset": "built-in sample", "source": source}
    html = page.page(dataclasses.replace(finished, scores=scores))
    assert ("Built-in sample (synthetic), random split." in html) == warned
    assert ("say nothing about GTZAN" in html) == warned
    assert ("no mirror answered." in html) == warned

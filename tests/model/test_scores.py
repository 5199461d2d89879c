import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, top_k_accuracy_score

from genre.model import scores
from genre.model.predictions import Predictions


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 150)
    logits = rng.normal(size=(150, 10)) + 2 * np.eye(10)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array([f"clip.{number}" for number in range(150)])
    return Predictions(names, labels, probabilities, [f"g{number}" for number in range(10)])


def test_the_scores_agree_with_scikit_learn(predictions):
    summary = scores.summary(predictions)
    labels, predicted = predictions.labels, predictions.probabilities.argmax(axis=1)
    assert summary["accuracy"] == pytest.approx(accuracy_score(labels, predicted), abs=1e-4)
    assert summary["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"), abs=1e-4)
    top3 = top_k_accuracy_score(labels, predictions.probabilities, k=3)
    assert summary["top3_accuracy"] == pytest.approx(top3, abs=1e-4)
    interval = summary["top3_accuracy_low"], summary["top3_accuracy_high"]
    assert interval == pytest.approx(scores.wilson_interval(round(150 * top3), 150), abs=1e-4)
    expected = precision_recall_fscore_support(labels, predicted)
    for place, genre in enumerate(predictions.genres):
        found = summary["per_genre"][genre]
        assert [found["precision"], found["recall"], found["f1"]] == pytest.approx(
            [part[place] for part in expected[:3]], abs=1e-4
        )
        assert found["n_clips"] == expected[3][place]


def test_the_wilson_interval_agrees_with_its_formula():
    k, n, z = 81, 150, 1.959963984540054
    centre = (k / n + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(k / n * (1 - k / n) / n + z**2 / (4 * n**2))
    assert scores.wilson_interval(k, n) == pytest.approx((centre - half, centre + half), abs=1e-9)


def test_the_wilson_interval_stays_inside_0_and_1():
    assert scores.wilson_interval(0, 10)[0] == pytest.approx(0, abs=1e-12)
    assert scores.wilson_interval(10, 10)[1] == pytest.approx(1, abs=1e-12)


def test_the_calibration_error_agrees_with_its_definition(predictions):
    confidence = predictions.probabilities.max(axis=1)
    correct = predictions.probabilities.argmax(axis=1) == predictions.labels
    error = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert scores.expected_calibration_error(predictions) == pytest.approx(error, abs=1e-9)


def test_sure_and_right_is_perfectly_calibrated():
    sure = Predictions(np.array(["a", "b"]), np.array([0, 1]), np.eye(2), ["x", "y"])
    assert scores.expected_calibration_error(sure) == 0
    wrong = Predictions(np.array(["a", "b"]), np.array([1, 0]), np.eye(2), ["x", "y"])
    assert scores.expected_calibration_error(wrong) == 1


def test_the_f1_interval_contains_the_f1_and_narrows_with_more_clips(predictions):
    summary = scores.summary(predictions)["per_genre"]
    assert all(item["f1_low"] < item["f1"] < item["f1_high"] for item in summary.values())
    few, many = (np.subtract(*scores.f1_interval(scale * 40, scale * 70)) for scale in (1, 100))
    np.testing.assert_allclose(few / many, 10, rtol=0.05)  # the width is proportional to 1 / sqrt(n)


def test_a_perfect_f1_of_few_clips_is_not_certain():
    low, high = scores.f1_interval(3, 3)
    assert low == pytest.approx(2 * 0.4385 / 1.4385, abs=1e-4)  # Wilson's interval for 3 of 3 begins at 0.4385
    assert high == 1
    assert scores.f1_interval(0, 0) == (0, 1)  # a genre that has no test clip and is never predicted


def test_the_f1_interval_covers_the_true_f1_as_often_as_it_says():
    rng = np.random.default_rng(0)
    recall, wrongly, n = 0.7, 0.05, (30, 270)  # recall, false positive rate, clips of the genre and of others
    truth = 2 * recall * n[0] / (recall * n[0] + wrongly * n[1] + n[0])
    right, mistaken = rng.binomial(n[0], recall, 1000), rng.binomial(n[1], wrongly, 1000)
    intervals = [scores.f1_interval(hits, n[0] + others) for hits, others in zip(right, mistaken, strict=True)]
    assert np.mean([low <= truth <= high for low, high in intervals]) == pytest.approx(0.96, abs=0.02)


def test_every_bootstrap_sample_has_as_many_clips_of_each_genre():
    low, high = scores.macro_f1_interval(np.array([[3, 0, 0], [2, 38, 0], [0, 0, 0]]), seed=0)
    assert low > 0.45 and high < 0.67  # a sample without the first genre would have less; the third has no clip


def test_a_genre_that_is_never_predicted_scores_zero_without_a_warning(recwarn):
    never = Predictions(np.array(["a", "b"]), np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]), ["x", "y"])
    assert scores.summary(never)["per_genre"]["y"]["f1"] == 0
    assert not recwarn.list


def test_top_3_of_three_genres_is_certain():
    three = Predictions(np.array(["a"]), np.array([2]), np.array([[0.5, 0.3, 0.2]]), ["x", "y", "z"])
    assert scores.top_k_hits(three, k=3) == 1


def test_the_majority_accuracy_is_what_always_predicting_the_most_frequent_genre_scores():
    labels = np.array([0] * 9 + [1])
    always = Predictions(labels.astype(str), labels, np.tile([0.8, 0.2], (10, 1)), ["x", "y"])
    summary = scores.summary(always)
    assert summary["majority_accuracy"] == summary["accuracy"] == 0.9
    assert summary["macro_f1"] < 0.5


def test_predictions_survive_their_table(predictions):
    again = Predictions.from_table(predictions.table())
    np.testing.assert_array_equal(again.labels, predictions.labels)
    np.testing.assert_allclose(again.probabilities, predictions.probabilities, atol=1e-6)
    assert again.genres == predictions.genres and list(again.clip_ids) == list(predictions.clip_ids)
    table = predictions.table()
    assert (table.predicted == [f"g{i}" for i in predictions.predicted]).all()


def test_the_interval_of_macro_f1_agrees_with_a_bootstrap_of_the_clips_themselves(predictions):
    rng = np.random.default_rng(1)
    labels, predicted = predictions.labels, predictions.predicted
    by_genre = [np.flatnonzero(labels == genre) for genre in range(10)]
    draws = [np.concatenate([rng.choice(rows, len(rows)) for rows in by_genre]) for _ in range(300)]
    macro = [
        f1_score(labels[rows], predicted[rows], average="macro", labels=range(10), zero_division=0) for rows in draws
    ]
    summary = scores.summary(predictions)
    low, high = summary["macro_f1_low"], summary["macro_f1_high"]
    assert low < summary["macro_f1"] < high
    assert (low, high) == pytest.approx(np.percentile(macro, [2.5, 97.5]), abs=0.02)

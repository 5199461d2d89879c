"""How good the predictions are: point figures with their intervals, per clip."""

from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support, top_k_accuracy_score

from genre.model.predictions import Predictions

CONFIDENCE = 0.95  # of all intervals
CALIBRATION_BINS = 15
BOOTSTRAP_SAMPLES = 2000


def summary(predictions: Predictions, *, seed: int = 0) -> dict[str, Any]:
    """All figures of the evaluation.

    Parameters
    ----------
    predictions : Predictions
    seed : int
        Of the bootstrap behind the F1 intervals.

    Returns
    -------
    dict
        `accuracy` with its Wilson interval (`accuracy_low`, `accuracy_high`), `macro_f1`, `top3_accuracy`,
        `expected_calibration_error`, `n_clips`, and `per_genre` with precision, recall, F1, the F1's bootstrap
        interval and the number of clips. All are fractions 0..1 apart from the counts.
    """
    labels, predicted, n = predictions.labels, predictions.predicted, len(predictions.labels)
    correct = int((labels == predicted).sum())
    low, high = wilson_interval(correct, n)
    places = np.arange(len(predictions.genres))
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=places, zero_division=0)
    f1_low, f1_high = f1_intervals(predictions.confusion, seed=seed)
    per_genre = {
        genre: {
            "precision": _rounded(precision[i]),
            "recall": _rounded(recall[i]),
            "f1": _rounded(f1[i]),
            "f1_low": _rounded(f1_low[i]),
            "f1_high": _rounded(f1_high[i]),
            "n_clips": int(support[i]),
        }
        for i, genre in enumerate(predictions.genres)
    }
    return {
        "accuracy": _rounded(correct / n),
        "accuracy_low": _rounded(low),
        "accuracy_high": _rounded(high),
        "macro_f1": _rounded(f1.mean()),
        "top3_accuracy": _rounded(top_k_accuracy(predictions, k=3)),
        "expected_calibration_error": _rounded(expected_calibration_error(predictions)),
        "n_clips": n,
        "per_genre": per_genre,
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Wilson's score interval for a fraction, 95 % (E. B. Wilson, JASA 1927)."""
    interval = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def top_k_accuracy(predictions: Predictions, *, k: int) -> float:
    """Fraction of clips whose genre is among the `k` most probable; 1 where there are no more than `k` genres."""
    if len(predictions.genres) <= k:
        return 1.0
    places = np.arange(len(predictions.genres))
    return float(top_k_accuracy_score(predictions.labels, predictions.probabilities, k=k, labels=places))


def expected_calibration_error(predictions: Predictions) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins of confidence (Guo et al., ICML 2017)."""
    confidence = predictions.probabilities.max(axis=1)
    correct = predictions.labels == predictions.predicted
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weights=correct - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def f1_intervals(confusion: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap interval, 95 %, of each genre's F1: clips are drawn again, with replacement.

    Parameters
    ----------
    confusion : np.ndarray [shape=(n_genres, n_genres), dtype=int]
        Rows are the true genres.
    seed : int

    Returns
    -------
    tuple of np.ndarray [shape=(n_genres,)]
        Lower and upper ends, 0..1.
    """
    return _interval(_bootstrapped_f1(confusion, seed=seed))


def macro_f1_interval(predictions: Predictions, *, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval, 95 %, of macro F1."""
    low, high = _interval(_bootstrapped_f1(predictions.confusion, seed=seed).mean(axis=1))
    return float(low), float(high)


def _bootstrapped_f1(confusion: np.ndarray, *, seed: int) -> np.ndarray:
    """F1 of each genre in each bootstrap sample [shape=(BOOTSTRAP_SAMPLES, n_genres)]."""
    n = int(confusion.sum())
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, confusion.ravel() / n, size=BOOTSTRAP_SAMPLES).reshape(-1, *confusion.shape)
    hits = np.einsum("bii->bi", drawn)
    total = drawn.sum(axis=1) + drawn.sum(axis=2)  # predicted + true
    return np.divide(2 * hits, total, out=np.zeros(total.shape), where=total > 0)


def _interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(samples, [tail, 100 - tail], axis=0)
    return low, high

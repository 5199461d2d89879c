"""Calibration: make probabilities match the observed accuracy, with one temperature fitted on validation clips.

Temperature scaling (Guo et al., ICML 2017), on a clip's probabilities instead of logits: each is raised to 1/T and
the row is normalised to sum to 1. The ranking of the genres, and with it the accuracy, does not change.
"""

import numpy as np

# On a small validation set where every prediction is correct (or none is), the optimum would be 0 (or infinity).
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.2, 5.0
_FLOOR = 1e-12  # lower bound of a probability before its logarithm


def calibrate(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """p**(1/T), normalised to sum to 1 over the last axis: sharper for a temperature T < 1, flatter for T > 1."""
    logits = np.log(np.maximum(probabilities, _FLOOR)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, 0.2..5, that minimises the mean cross-entropy of validation clips, to four digits.

    `probabilities` are (n, n_genres); `labels` are (n,), the index of each clip's genre.
    """
    from scipy.optimize import minimize_scalar  # slow to import, and not needed for prediction

    def cross_entropy(log_temperature: float) -> float:
        p_true = calibrate(probabilities, float(np.exp(log_temperature)))[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(p_true, _FLOOR)).mean())

    best = minimize_scalar(cross_entropy, bounds=(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)), method="bounded")
    return float(f"{np.exp(best.x):.4g}")

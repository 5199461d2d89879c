import numpy as np
import pytest

from genre.model.calibration import MAX_TEMPERATURE, MIN_TEMPERATURE, calibrate, fit_temperature
from genre.model.predictions import Predictions
from genre.model.scores import expected_calibration_error


def clips(temperature: float, *, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a network that needs this temperature, and labels drawn from the calibrated ones."""
    rng = np.random.default_rng(0)
    calibrated = rng.dirichlet(np.full(5, 0.4), n)
    labels = np.array([rng.choice(5, p=row) for row in calibrated])
    return calibrate(calibrated, 1 / temperature), labels


def test_a_temperature_of_one_changes_nothing_and_zeros_are_no_trouble():
    probabilities = np.array([[0.7, 0.3, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(calibrate(probabilities, 1.0), probabilities, atol=1e-11)


def test_calibrated_probabilities_are_powers_scaled_to_one_in_the_same_order():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    powers = probabilities**2
    np.testing.assert_allclose(calibrate(probabilities, 0.5), powers / powers.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(calibrate(probabilities, 4.0).argsort(axis=1), probabilities.argsort(axis=1))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_distorted_the_probabilities_is_found_and_corrects_them(temperature):
    distorted, labels = clips(temperature)
    found = fit_temperature(distorted, labels)
    assert found == pytest.approx(temperature, rel=0.1)
    ids, names = np.arange(len(labels)).astype(str), list("abcde")
    corrected = Predictions(ids, labels, calibrate(distorted, found), names)
    assert expected_calibration_error(corrected) < 0.03
    if temperature != 1:
        assert expected_calibration_error(Predictions(ids, labels, distorted, names)) > 0.05


def test_a_validation_set_without_a_mistake_or_without_a_hit_stops_at_the_bounds():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(probabilities, np.array([0, 1])) == pytest.approx(MIN_TEMPERATURE, rel=0.01)
    assert fit_temperature(probabilities, np.array([1, 0])) == pytest.approx(MAX_TEMPERATURE, rel=0.01)

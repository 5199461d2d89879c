import keras
import numpy as np
import pytest

from genre import params
from genre.params import TrainParams
from genre.training import optimizer
from tests.conftest import TOP

DEFAULTS = params.load(TOP / "params.yaml").train


def chosen(**changes) -> keras.optimizers.Optimizer:
    return optimizer.make(TrainParams.model_validate(DEFAULTS.model_dump() | changes), steps=100)


def step(made: keras.optimizers.Optimizer, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A weight of zeros after one step with a random gradient, and that gradient."""
    gradient = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    weight = keras.Variable(np.zeros(shape, np.float32))
    made.build([weight])
    made.apply([keras.ops.convert_to_tensor(gradient)])
    return np.asarray(weight), gradient


def rates_over(made: keras.optimizers.Optimizer, *, steps: int) -> list[float]:
    """The learning rate before each step."""
    found = []
    made.build([keras.Variable(np.zeros(1, np.float32))])
    for _ in range(steps):
        found.append(float(made.learning_rate))
        made.apply([keras.ops.zeros(1)])
    return found


def test_the_cosine_schedule_rises_and_then_falls_to_nothing():
    rate = rates_over(chosen(warmup=0.1), steps=101)
    assert rate[0] == 0 and max(rate) == pytest.approx(DEFAULTS.learning_rate) and rate[100] == pytest.approx(0)
    assert np.argmax(rate) == 10 and (np.diff(rate[10:]) <= 0).all()


@pytest.mark.parametrize("shape", [(3, 3, 8, 16), (3, 5, 1, 24)])
def test_muon_moves_a_kernel_by_the_nearest_orthogonal_matrix(shape):
    moved, gradient = step(chosen(schedule="constant", learning_rate=0.01, muon=2.0), shape)
    left, _, right = np.linalg.svd(gradient.reshape(-1, shape[-1]), full_matrices=False)
    nearest, matrix = left @ right, -moved.reshape(-1, shape[-1])
    assert (matrix * nearest).sum() / np.linalg.norm(matrix) / np.linalg.norm(nearest) > 0.98
    # As long a step as AdamW's, whose root mean square is about 0.2 of the rate (Liu et al., 2025), times 2.
    assert np.sqrt((matrix**2).mean()) == pytest.approx(0.01 * 2.0 * 0.2, rel=0.15)


@pytest.mark.parametrize(("shape", "muon"), [((8, 16), 3.0), ((16,), 3.0), ((3, 3, 8, 16), 0.0)])
def test_adamw_moves_all_other_weights_and_kernels_where_muon_is_off(shape, muon):
    moved, gradient = step(chosen(schedule="constant", learning_rate=0.01, muon=muon), shape)
    np.testing.assert_allclose(moved, -0.01 * np.sign(gradient), rtol=0.01)  # as Adam's first step is


def test_kernels_decay_as_fast_as_they_learn_and_biases_not_at_all():
    made = chosen(schedule="constant", learning_rate=0.01, muon=2.0, weight_decay=0.5)
    weights = {name: keras.Variable(np.ones(shape, np.float32), name=name) for name, shape in
               {"kernel": (3, 3, 2, 4), "dense": (2, 4), "bias": (4,)}.items()}  # fmt: skip
    made.build(list(weights.values()))
    made.apply([keras.ops.zeros_like(weight) for weight in weights.values()])
    after = {name: float(np.asarray(weight).mean()) for name, weight in weights.items()}
    assert after == pytest.approx({"kernel": 1 - 0.01 * 0.5 * 2, "dense": 1 - 0.01 * 0.5, "bias": 1.0})


def test_kernels_that_are_moved_together_move_as_each_would_alone():
    rng = np.random.default_rng(0)
    shapes = [(3, 5, 1, 24), (3, 3, 24, 48), (3, 3, 48, 48), (3, 3, 48, 96), (1, 1, 200, 96)]
    gradients = [rng.normal(size=shape).astype(np.float32) for shape in shapes]

    def moved(places: list[int]) -> list[np.ndarray]:
        weights = [keras.Variable(np.ones(shapes[place], np.float32), name="kernel") for place in places]
        made = chosen(schedule="constant")
        made.build(weights)
        for _ in range(2):
            made.apply([keras.ops.convert_to_tensor(gradients[place]) for place in places])
        return [np.asarray(weight) for weight in weights]

    for together, (alone,) in zip(moved([0, 1, 2, 3, 4]), map(moved, ([0], [1], [2], [3], [4])), strict=True):
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_its_adamw_is_that_of_keras():
    rng = np.random.default_rng(0)
    made = chosen(schedule="constant", weight_decay=0.1)
    theirs = keras.optimizers.AdamW(DEFAULTS.learning_rate, weight_decay=0.1)
    theirs.exclude_from_weight_decay(var_names=["bias"])
    ours, reference = (
        [keras.Variable(np.ones(shape, np.float32), name=name) for name, shape in (("kernel", (8, 4)), ("bias", (4,)))]
        for _ in range(2)
    )
    made.build(ours)
    for _ in range(3):
        gradients = [keras.ops.convert_to_tensor(rng.normal(size=weight.shape).astype(np.float32)) for weight in ours]
        made.apply(gradients)
        theirs.apply(gradients, reference)
    for one, other in zip(ours, reference, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-5)

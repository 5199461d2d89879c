"""The optimizer and its schedule: AdamW, and Muon for the kernels of convolutions, in few large operations."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from genre.model.backend import keras
from genre.params import TrainParams

ops = keras.ops

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, as Keras has them
NOT_DECAYED = ("bias", "gamma", "beta")  # names of variables
MOMENTUM = 0.95  # Nesterov's, of Muon
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # coefficients of the iteration (Jordan, 2024)
ITERATIONS = 5
LARGE = 64  # kernels are computed in two stacks, those whose shorter side is above this for themselves


@dataclass(frozen=True)
class Layout:
    """Which variables are updated how; in a class of its own, as Keras takes those in lists for the optimizer's."""

    variables: list[keras.Variable]
    adam: list[int]  # indices in `variables`
    stacks: list[list[int]]


class MuonAdamW(keras.optimizers.Optimizer):
    """Muon for the kernels of convolutions, AdamW for every other weight; offsets and scales do not decay.

    Muon (Jordan, 2024; scaled as Liu et al., "Muon is Scalable for LLM Training", 2025) moves a matrix by the
    orthogonal matrix that is nearest to its averaged gradient, so that rare directions are learned as fast as common
    ones. A kernel (height, width, inputs, filters) is a matrix of (height * width * inputs, filters).

    `weight_decay` is times the learning rate; kernels are trained at `muon` times the rate, or by AdamW where it is 0.
    """

    def __init__(self, learning_rate: Any, *, weight_decay: float, muon: float) -> None:
        super().__init__(learning_rate, name="muon_adamw")
        self.decay = weight_decay
        self.muon = muon

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        indices = range(len(variables))
        kernels = [index for index in indices if self.muon and len(variables[index].shape) == 4]
        small = [index for index in kernels if min(_sides(variables[index])) <= LARGE]
        large = [index for index in kernels if index not in small]
        adam = [index for index in indices if index not in kernels]
        self.layout = Layout(list(variables), adam, [stack for stack in (small, large) if stack])
        size = sum(math.prod(variables[index].shape) for index in adam)
        self.mean = self.add_variable((size,), name="mean")
        self.square = self.add_variable((size,), name="square")
        self.momenta = []
        for stack in self.layout.stacks:
            shorter, longer = zip(*(sorted(_sides(variables[index])) for index in stack), strict=True)
            self.momenta.append(self.add_variable((len(stack), max(shorter), max(longer)), name="momentum"))

    def apply(self, grads: list[Any], trainable_variables: list[keras.Variable] | None = None) -> None:
        """Move the variables that the optimizer was built for by their gradients."""
        variables, rate = self.layout.variables, self.learning_rate
        if adam := self.layout.adam:
            self._apply_adam([grads[index] for index in adam], [variables[index] for index in adam], rate)
        for momentum, stack in zip(self.momenta, self.layout.stacks, strict=True):
            self._apply_muon([grads[index] for index in stack], [variables[index] for index in stack], momentum, rate)
        self.iterations.assign_add(1)

    def _apply_adam(self, gradients: list[Any], variables: list[keras.Variable], rate: Any) -> None:
        gradient = ops.concatenate([ops.reshape(gradient, (-1,)) for gradient in gradients])
        self.mean.assign_add((gradient - self.mean) * (1 - BETA1))
        self.square.assign_add((ops.square(gradient) - self.square) * (1 - BETA2))
        step = ops.cast(self.iterations + 1, "float32")
        corrected = rate * ops.sqrt(1 - ops.power(BETA2, step)) / (1 - ops.power(BETA1, step))
        change = corrected * self.mean / (ops.sqrt(self.square) + EPSILON)
        ends = np.cumsum([math.prod(variable.shape) for variable in variables])
        kept = 1 - rate * self.decay
        parts = ops.split(change, ends[:-1]) if len(variables) > 1 else [change]
        for variable, part in zip(variables, parts, strict=True):
            value = kept * variable if self.decay and variable.name not in NOT_DECAYED else variable
            variable.assign(value - ops.reshape(part, variable.shape))

    def _apply_muon(self, gradients: list[Any], kernels: list[keras.Variable], momentum: Any, rate: Any) -> None:
        gradient = _stacked(gradients, momentum.shape)
        momentum.assign(MOMENTUM * momentum + gradient)
        direction = nearest_orthogonal(gradient + MOMENTUM * momentum)
        kept = 1 - rate * self.decay * self.muon
        for kernel, matrix in zip(kernels, ops.unstack(direction), strict=True):
            rows, columns = _sides(kernel)
            part = matrix[: min(rows, columns), : max(rows, columns)]
            part = ops.reshape(ops.transpose(part) if rows > columns else part, kernel.shape)
            # At 0.2 a step is as long as one of AdamW (Liu et al.).
            length = rate * (0.2 * self.muon * max(rows, columns) ** 0.5)
            kernel.assign(kept * kernel - length * part)


def _sides(kernel: Any) -> tuple[int, int]:
    return math.prod(kernel.shape[:-1]), kernel.shape[-1]


def _stacked(gradients: list[Any], shape: tuple[int, int, int]) -> Any:
    """Kernels as matrices, the shorter side first, padded with zeros to one size, which change nothing, and stacked."""
    matrices = []
    for gradient in gradients:
        matrix = ops.reshape(gradient, _sides(gradient))
        matrix = ops.transpose(matrix) if matrix.shape[0] > matrix.shape[1] else matrix
        matrices.append(ops.pad(matrix, ((0, shape[1] - matrix.shape[0]), (0, shape[2] - matrix.shape[1]))))
    return ops.stack(matrices)


def nearest_orthogonal(matrices: Any) -> Any:
    """The nearest orthogonal matrix to each of `matrices`, by Newton-Schulz iterations; (n, rows, columns) as they are.

    They have no more rows than columns.

    An iteration takes x to (a + b g + c g g) x, with g = x x', a polynomial of g. All of these polynomials commute, so
    that the iterations need g alone, which is smaller than x.
    """
    a, b, c = NEWTON_SCHULZ
    identity = np.eye(matrices.shape[1], dtype=np.float32)
    x = matrices / (ops.sqrt(ops.sum(ops.square(matrices), axis=(1, 2), keepdims=True)) + EPSILON)
    g, product = ops.einsum("nij,nkj->nik", x, x), identity
    for _ in range(ITERATIONS):
        polynomial = a * identity + ops.matmul(g, b * identity + c * g)
        product = ops.matmul(polynomial, product)
        g = ops.matmul(ops.matmul(polynomial, g), polynomial)
    return ops.matmul(product, x)


def make(params: TrainParams, *, steps: int) -> MuonAdamW:
    """The optimizer of a training, with its learning rate over `steps` batches."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.schedule == "cosine":
        warmup = int(params.warmup * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else params.learning_rate,
            decay_steps=max(steps - warmup, 1),
            warmup_target=params.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    return MuonAdamW(rate, weight_decay=params.weight_decay, muon=params.muon)

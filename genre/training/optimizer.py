"""The optimizer and its schedule: AdamW, with Muon for convolution kernels, in few large operations."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from genre.model.backend import keras
from genre.params import TrainParams

ops = keras.ops

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7  # Keras's defaults for Adam
NOT_DECAYED = ("bias", "gamma", "beta")  # variable names
MOMENTUM = 0.95  # Nesterov momentum of Muon
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # coefficients of the iteration (Jordan, 2024)
ITERATIONS = 5
LARGE = 64  # kernels with a shorter side above this form a separate stack


@dataclass(frozen=True)
class Layout:
    """How each variable is updated; a class, as Keras would track variables in a list as the optimizer's own."""

    variables: list[keras.Variable]
    adam: list[int]  # indices into `variables`
    stacks: list[list[int]]


class MuonAdamW(keras.optimizers.Optimizer):
    """Muon for convolution kernels, AdamW for all other weights; no weight decay for offsets and scales.

    Muon (Jordan, 2024; scaled as Liu et al., "Muon is Scalable for LLM Training", 2025) updates a matrix by the
    orthogonal matrix nearest to its averaged gradient, so that rare directions are learned as fast as common ones. A
    kernel (height, width, inputs, filters) is treated as a matrix (height * width * inputs, filters).

    `weight_decay` is multiplied by the learning rate. Kernels train at `muon` times that rate, or by AdamW if it is 0.
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
        """Update the variables that the optimizer was built for, given their gradients."""
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
        shrink = 1 - rate * self.decay
        parts = ops.split(change, ends[:-1]) if len(variables) > 1 else [change]
        for variable, part in zip(variables, parts, strict=True):
            value = shrink * variable if self.decay and variable.name not in NOT_DECAYED else variable
            variable.assign(value - ops.reshape(part, variable.shape))

    def _apply_muon(self, gradients: list[Any], kernels: list[keras.Variable], momentum: Any, rate: Any) -> None:
        gradient = _stacked(gradients, momentum.shape)
        momentum.assign(MOMENTUM * momentum + gradient)
        direction = nearest_orthogonal(gradient + MOMENTUM * momentum)
        shrink = 1 - rate * self.decay * self.muon
        for kernel, matrix in zip(kernels, ops.unstack(direction), strict=True):
            rows, columns = _sides(kernel)
            part = matrix[: min(rows, columns), : max(rows, columns)]
            part = ops.reshape(ops.transpose(part) if rows > columns else part, kernel.shape)
            # With 0.2, a step is as long as AdamW's (Liu et al.).
            length = rate * (0.2 * self.muon * max(rows, columns) ** 0.5)
            kernel.assign(shrink * kernel - length * part)


def _sides(kernel: Any) -> tuple[int, int]:
    return math.prod(kernel.shape[:-1]), kernel.shape[-1]


def _stacked(gradients: list[Any], shape: tuple[int, int, int]) -> Any:
    """Gradients as a stack of matrices, the shorter side first; zero-padding to a common size changes no result."""
    matrices = []
    for gradient in gradients:
        matrix = ops.reshape(gradient, _sides(gradient))
        matrix = ops.transpose(matrix) if matrix.shape[0] > matrix.shape[1] else matrix
        matrices.append(ops.pad(matrix, ((0, shape[1] - matrix.shape[0]), (0, shape[2] - matrix.shape[1]))))
    return ops.stack(matrices)


def nearest_orthogonal(matrices: Any) -> Any:
    """The orthogonal matrix nearest to each of `matrices` (n, rows, columns), rows <= columns: Newton-Schulz iteration.

    A step multiplies x by the polynomial a + b g + c g g in g = x x'. All such polynomials commute, so that the
    iteration needs only g, which is smaller than x.
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
    """The optimizer for a training of `steps` batches, with its learning-rate schedule."""
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

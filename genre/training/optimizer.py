"""The optimizer and its schedule: AdamW, and Muon for the kernels of convolutions, in few large operations."""

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
STACK_SIZES = (64, 128, 256, 512, 1 << 30)  # kernels whose shorter sides are up to the same size are computed as one


@dataclass(frozen=True)
class Stack:
    """Kernels as matrices, the shorter side first, padded with zeros to one size and stacked.

    The padding changes nothing that Muon makes of a matrix, and stays zero.
    """

    kernels: list[keras.Variable]  # each (height, width, inputs, filters), a matrix of (all the rest, filters)

    @property
    def shape(self) -> tuple[int, int, int]:
        sides = [sorted(_sides(kernel)) for kernel in self.kernels]
        return len(sides), max(short for short, _ in sides), max(long for _, long in sides)

    def join(self, gradients: list[Any]) -> Any:
        """One array of `shape`."""
        _, short, long = self.shape
        matrices = []
        for gradient in gradients:
            matrix = ops.reshape(gradient, _sides(gradient))
            matrix = ops.transpose(matrix) if matrix.shape[0] > matrix.shape[1] else matrix
            matrices.append(ops.pad(matrix, ((0, short - matrix.shape[0]), (0, long - matrix.shape[1]))))
        return ops.stack(matrices)

    def split(self, stacked: Any) -> list[Any]:
        """The inverse of `join`."""
        found = []
        for kernel, matrix in zip(self.kernels, ops.unstack(stacked), strict=True):
            rows, columns = _sides(kernel)
            matrix = matrix[: min(rows, columns), : max(rows, columns)]
            matrix = ops.transpose(matrix) if rows > columns else matrix
            found.append(ops.reshape(matrix, kernel.shape))
        return found


def _sides(kernel: Any) -> tuple[int, int]:
    return int(np.prod(kernel.shape[:-1])), kernel.shape[-1]


@dataclass(frozen=True)
class Layout:
    """Which variables are updated how; in a class of its own, as Keras takes those in lists for the optimizer's."""

    variables: list[keras.Variable]
    adam: list[int]  # places in `variables`
    stacks: list[list[int]]


class MuonAdamW(keras.optimizers.Optimizer):
    """Muon for the kernels of convolutions, AdamW for every other weight; offsets and scales do not decay.

    Muon (Jordan, 2024; scaled as Liu et al., "Muon is Scalable for LLM Training", 2025) moves a matrix by the
    orthogonal matrix that is nearest to its averaged gradient, so that rare directions are learned as fast as common
    ones. A kernel (height, width, inputs, filters) is a matrix of (height * width * inputs, filters).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float
        Times the learning rate.
    muon : float
        Kernels of convolutions are trained at so many times the rate; 0 for AdamW like the rest.
    """

    def __init__(self, learning_rate: Any, *, weight_decay: float, muon: float) -> None:
        super().__init__(learning_rate, name="muon_adamw")
        self.decay = weight_decay
        self.muon = muon

    def build(self, variables: list[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        of_size: dict[int, list[int]] = {}
        adam = []
        for place, variable in enumerate(variables):
            if self.muon and len(variable.shape) == 4:
                size = next(size for size in STACK_SIZES if min(_sides(variable)) <= size)
                of_size.setdefault(size, []).append(place)
            else:
                adam.append(place)
        self.layout = Layout(list(variables), adam, list(of_size.values()))
        size = sum(int(np.prod(variables[place].shape)) for place in adam)
        self.mean = self.add_variable((size,), name="mean")
        self.square = self.add_variable((size,), name="square")
        self.momenta = [
            self.add_variable(Stack([variables[place] for place in places]).shape, name="momentum")
            for places in self.layout.stacks
        ]

    def apply(self, grads: list[Any], trainable_variables: list[keras.Variable] | None = None) -> None:
        """Move the variables that the optimizer was built for by their gradients."""
        if not self.built:
            assert trainable_variables is not None, "an optimizer needs the variables before its first step"
            self.build(trainable_variables)
        rate, layout = self.learning_rate, self.layout
        if adam := layout.adam:
            self._apply_adam([grads[place] for place in adam], [layout.variables[place] for place in adam], rate)
        for momentum, places in zip(self.momenta, layout.stacks, strict=True):
            stack = Stack([layout.variables[place] for place in places])
            self._apply_muon(stack.join([grads[place] for place in places]), stack, momentum, rate)
        self.iterations.assign_add(1)

    def _apply_adam(self, gradients: list[Any], variables: list[keras.Variable], rate: Any) -> None:
        gradient = ops.concatenate([ops.reshape(gradient, (-1,)) for gradient in gradients])
        self.mean.assign_add((gradient - self.mean) * (1 - BETA1))
        self.square.assign_add((ops.square(gradient) - self.square) * (1 - BETA2))
        step = ops.cast(self.iterations + 1, "float32")
        corrected = rate * ops.sqrt(1 - ops.power(BETA2, step)) / (1 - ops.power(BETA1, step))
        change = corrected * self.mean / (ops.sqrt(self.square) + EPSILON)
        ends = np.cumsum([int(np.prod(variable.shape)) for variable in variables])
        kept = 1 - rate * self.decay
        parts = ops.split(change, ends[:-1]) if len(variables) > 1 else [change]
        for variable, part in zip(variables, parts, strict=True):
            value = kept * variable if self.decay and variable.name not in NOT_DECAYED else variable
            variable.assign(value - ops.reshape(part, variable.shape))

    def _apply_muon(self, gradient: Any, stack: Stack, momentum: keras.Variable, rate: Any) -> None:
        momentum.assign(MOMENTUM * momentum + gradient)
        direction = nearest_orthogonal(gradient + MOMENTUM * momentum)
        kept = 1 - rate * self.decay * self.muon
        for kernel, part in zip(stack.kernels, stack.split(direction), strict=True):
            # At 0.2 a step is as long as one of AdamW (Liu et al.).
            length = rate * (0.2 * self.muon * max(_sides(kernel)) ** 0.5)
            kernel.assign(kept * kernel - length * part)


def nearest_orthogonal(matrices: Any) -> Any:
    """By Newton-Schulz iterations; (n, rows, columns) with no more rows than columns, and so is what is returned.

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

"""The optimizer and its schedule: AdamW, and Muon for the kernels of convolutions."""

from typing import Any

import keras
from keras import ops

from genre.params import TrainParams


class ConvolutionMuon(keras.optimizers.Muon):
    """Muon for the kernels of convolutions, AdamW for every other weight.

    Muon (Jordan, 2024; scaled as Liu et al., "Muon is Scalable for LLM Training", 2025) moves a matrix by the
    orthogonal matrix that is nearest to its averaged gradient, so that rare directions are learned as fast as common
    ones. Keras takes it for matrices alone; a kernel (height, width, inputs, filters) is one of
    (height * width * inputs, filters).
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        return ops.reshape(super().zeropower_via_newtonschulz5(_as_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        return ops.reshape(super().lr_adjust(_as_matrix(x)), x.shape)


def _as_matrix(kernel: Any) -> Any:
    return ops.reshape(kernel, (-1, kernel.shape[-1]))


def make(params: TrainParams, *, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a training, with its learning rate over `steps` batches, averaging weights if asked to."""
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.schedule == "cosine":
        warmup = int(params.warmup * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else params.learning_rate,
            decay_steps=max(steps - warmup, 1),
            warmup_target=params.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    averaging = {"use_ema": params.weight_averaging > 0, "ema_momentum": params.weight_averaging or 0.99}
    if params.muon:
        chosen = ConvolutionMuon(
            rate,
            rms_rate=0.2 * params.muon,  # at 0.2 a step is as long as one of AdamW (Liu et al.)
            weight_decay=params.weight_decay * params.muon,
            adam_weight_decay=params.weight_decay,
            **averaging,
        )
    else:
        chosen = keras.optimizers.AdamW(rate, weight_decay=params.weight_decay, **averaging)
    chosen.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return chosen

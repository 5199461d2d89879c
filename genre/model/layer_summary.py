"""Summaries of a network's layers for its diagram; stored in the model file, and read without Keras."""

from dataclasses import dataclass, field
from typing import Any

# The entries of a layer's config that the diagram shows.
_SHOWN = ("filters", "kernel_size", "strides", "pool_size", "units", "output_shape", "activation", "rate", "n")


@dataclass(frozen=True)
class LayerSummary:
    """One layer of the network, for its diagram."""

    name: str
    kind: str  # the Keras class
    shape: list[int | None]  # of its output, without the batch axis
    parameters: int
    inputs: list[str]  # names of the layers that feed it
    settings: dict[str, Any] = field(default_factory=dict)  # such as kernel_size and strides
    layers: list["LayerSummary"] = field(default_factory=list)  # of the network that it wraps, if any

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LayerSummary":
        """The inverse of `dataclasses.asdict`."""
        return cls(**values | {"layers": [cls.from_dict(layer) for layer in values.get("layers", [])]})


def summarise_layers(model: Any) -> list[LayerSummary]:
    """The layers of a functional Keras model in order, with the inner layers of those that wrap a network."""
    producers = {id(layer.output): layer.name for layer in model.layers}
    summaries = []
    for layer in model.layers:
        config = layer.get_config()
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        inner = getattr(layer, "layer", layer)  # the network in a wrapper
        summaries.append(
            LayerSummary(
                name=layer.name,
                kind=type(layer).__name__,
                shape=list(layer.output.shape[1:]),
                parameters=layer.count_params(),
                inputs=list(dict.fromkeys(producers[id(source)] for source in sources)),
                settings={key: _plain(config[key]) for key in _SHOWN if config.get(key) is not None},
                layers=summarise_layers(inner) if hasattr(inner, "layers") else [],
            )
        )
    return summaries


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value  # as it comes back from JSON

"""The training recipe of a benchmark: from params.yaml or the baseline, with changes from the command line."""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from genre.errors import ParamsError
from genre.params import TrainParams

BASELINE = Path(__file__).resolve().parents[1] / "starting_point.txt"

Change = tuple[str, Any, str]  # key under `train`, value, where it was set


def recipe(
    defaults: TrainParams, *, architecture: str | None = None, epochs: int | None = None, overrides: list[str]
) -> TrainParams:
    """The recipe in `defaults`, or that of the baseline if `architecture` is its network, with changes.

    `overrides`, such as `train.augment.gain=0.1`, are applied last. Raises ParamsError if a change names no
    parameter of `train` or its value is invalid.
    """
    changes = _baseline() if architecture == "small_alexnet" else []
    options = {"architecture": architecture, "epochs": epochs}
    changes += [(key, value, f"--{key}") for key, value in options.items() if value is not None]
    changes += [_override(text) for text in overrides]
    values = defaults.model_dump()
    origins: dict[tuple[str | int, ...], str] = {}
    for key, value, origin in changes:
        *sections, last = key.removeprefix("train.").split(".")
        section: Any = values
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        if not isinstance(section, dict) or last not in section:
            raise ParamsError(f"{origin}: {key} is not a parameter of the section `train` of params.yaml")
        section[last] = value
        origins[(*sections, last)] = origin
    try:
        return TrainParams.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ParamsError(f"{origins.get(first['loc'], first['loc'])}: {first['msg']}") from None


def _override(text: str) -> Change:
    key, _, value = text.partition("=")
    try:
        return key, json.loads(value), f"--set {text}"
    except ValueError:
        return key, value, f"--set {text}"


def _baseline() -> list[Change]:
    """The changes that make the baseline's recipe, trained on whole clips."""
    lines = BASELINE.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=") for line in lines if line.startswith("train.")]
    changes = [(key, yaml.safe_load(value), BASELINE.name) for key, value in pairs]
    return [*changes, ("train.segment_seconds", 30.0, "benchmarks.recipe")]

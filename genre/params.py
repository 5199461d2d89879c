"""The parameters of `params.yaml`, validated when read.

Each section is a frozen pydantic model: a misspelt key, a wrong type or a value out of range stops a stage at once with
the key, the value and what is allowed. `params.yaml` explains each key, this module defines its valid values.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from genre.errors import ParamsError

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FetchParams(Section):
    dataset: Annotated[str, Field(min_length=1)]  # "gtzan", "sample", or a folder
    mirrors: Annotated[list[Literal["kaggle", "huggingface"]], Field(min_length=1)]
    fallback: Literal["sample"] | None


class SampleParams(Section):
    clips_per_genre: Annotated[int, Field(ge=6, le=10_000)]
    seconds: Annotated[float, Field(ge=2, le=600)]
    seed: Seed


class ExtractParams(Section):
    sample_rate: Annotated[int, Field(ge=4_000, le=192_000)]  # in Hz
    n_fft: Annotated[int, Field(ge=64, le=65_536)]  # in samples
    hop_length: Annotated[int, Field(ge=16, le=65_536)]  # in samples
    n_mels: Annotated[int, Field(ge=8, le=512)]
    seconds: Seconds
    min_seconds: Seconds
    scale: Literal["db", "power"]
    max_skipped: Fraction
    n_jobs: Annotated[int, Field(ge=-1)]
    backend: Literal["loky", "dask"]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.n_jobs == 0:
            raise ValueError("n_jobs must be -1 (all cores) or at least 1")
        if self.min_seconds > self.seconds:
            raise ValueError(f"min_seconds ({self.min_seconds}) must not exceed seconds ({self.seconds})")
        return self


class SplitParams(Section):
    protocol: Literal["random", "artist", "fault_filtered"]
    train: Fraction
    validation: Fraction
    test: Fraction
    seed: Seed

    @model_validator(mode="after")
    def _fractions(self) -> Self:
        fractions = (self.train, self.validation, self.test)
        if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
            raise ValueError(
                f"train ({self.train}), validation ({self.validation}) and test ({self.test}) "
                f"must each be above 0 and add up to 1; they add up to {sum(fractions):g}"
            )
        return self


class DegradeParams(Section):
    share: Fraction
    noise: Fraction
    cut_high: Fraction
    cut_low: Fraction
    room: Fraction
    tilt: Fraction


class AugmentParams(Section):
    degrade: DegradeParams
    equalise: Fraction  # in levels 0..1
    contrast: Fraction
    gain: Fraction  # in levels 0..1

    @property
    def on_levels(self) -> list[str]:
        """The keys of the enabled augmentations that need levels in dB."""
        values = {"degrade.share": self.degrade.share, **self.model_dump(include={"equalise", "contrast", "gain"})}
        return [key for key, value in values.items() if value]


class TrainParams(Section):
    architecture: Literal["two_branch", "small_alexnet"]
    segment_seconds: Seconds
    test_segments: Annotated[int, Field(ge=1, le=100)]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    refit: bool
    select: Literal["loss", "accuracy"]
    batch_size: Annotated[int, Field(ge=2, le=65_536)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    muon: Annotated[float, Field(ge=0, le=100)]
    schedule: Literal["cosine", "constant"]
    warmup: Fraction
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    seed: Seed
    augment: AugmentParams


class Params(Section):
    fetch: FetchParams
    sample: SampleParams
    extract: ExtractParams
    split: SplitParams
    train: TrainParams


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and validate every section of `path`.

    Raises ParamsError if the file is missing or not valid YAML, or a key is missing, misspelt, of the wrong type or out
    of range.
    """
    try:
        values = yaml.safe_load(path.read_bytes())
    except FileNotFoundError:
        raise ParamsError(
            f"{path} is missing; run from the project's top folder, or bring it back with `git checkout {path}`"
        ) from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ParamsError(f"{path} must hold the sections {', '.join(Params.model_fields)}; it holds {values!r}")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors()]
        raise ParamsError(f"{path}: " + f"\n{path}: ".join(lines)) from None


def _explain(item: Any) -> str:
    """One pydantic error as `section.key = value: what is allowed`."""
    key = ".".join(str(part) for part in item["loc"])
    match item["type"]:
        case "missing":
            return f"{key} is missing; `git show HEAD:params.yaml` has its default"
        case "extra_forbidden":
            *sections, misspelt = item["loc"]
            model: Any = Params
            for section in sections:
                model = model.model_fields[section].annotation
            known = list(model.model_fields)
            near = difflib.get_close_matches(str(misspelt), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            return f"{key} is not a parameter; {hint}"
        case "value_error":
            return f"{key}: {item['ctx']['error']}"
        case "model_type":
            return f"{key} = {item['input']!r}: it must hold parameters of its own, as in `git show HEAD:params.yaml`"
        case "literal_error" if key == "fetch.fallback":
            return f"{key} = {item['input']!r}: it must be sample or null"
    hint = ""
    if isinstance(item["input"], str) and item["type"] in ("float_type", "int_type"):
        hint = " (YAML reads 1e-3 as text: write 0.001)" if "e" in item["input"].lower() else ""
    return f"{key} = {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}{hint}"

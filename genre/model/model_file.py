"""The model file: a Keras archive that also says what is needed to predict, with the same bytes for the same model.

Keras writes dates, memory addresses and zip times into a `.keras` file, so that no two are equal. Here it is
written again canonically. The extra member `genre.json` holds the class names and the extraction settings;
Keras ignores it, and it is read without importing Keras.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genre import files
from genre.errors import DataError
from genre.features.settings import FeatureSettings

_MEMBER = "genre.json"
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5", _MEMBER}
# What Keras can write into a model's config that is, or loads, code.
_CODE = {"Lambda", "__lambda__", "function", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"}
_LARGEST = {"model.weights.h5": 1 << 30}  # that a member may unpack to, in bytes
_LARGEST_OTHER = 1 << 24
# What zipfile and json raise over bytes that are not what they should be; RuntimeError: an encrypted member.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(AttributeError, KeyError, TypeError, ValueError),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


@dataclass(frozen=True)
class LayerSummary:
    """One layer of the network, for its picture."""

    name: str
    kind: str  # the Keras class
    shape: list[int | None]  # of its output, without the batch axis
    parameters: int
    inputs: list[str]  # names of the layers that feed it


@dataclass(frozen=True)
class ModelInfo:
    """All that prediction needs beside the weights."""

    genres: list[str]  # in the order of the model's outputs
    settings: FeatureSettings
    segment_frames: int  # length of the model's input
    test_segments: int  # segments of a clip whose probabilities are averaged
    temperature: float  # by which a clip's probabilities are calibrated
    architecture: str
    dataset: str  # what it was trained on, by name
    protocol: str
    layers: list[LayerSummary]

    def to_json(self) -> str:
        """As the member `genre.json` holds it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def of_json(cls, text: str) -> "ModelInfo":
        """The inverse of `to_json`; KeyError, TypeError or ValueError where `text` is something else."""
        values = json.loads(text)
        values["settings"] = FeatureSettings(**values["settings"])
        values["layers"] = [LayerSummary(**layer) for layer in values["layers"]]
        return cls(**values)


def summarise_layers(model: Any) -> list[LayerSummary]:
    """The layers of a functional Keras model in their order, with their shapes and sizes."""
    names = {layer.name for layer in model.layers}
    return [
        LayerSummary(
            name=layer.name,
            kind=type(layer).__name__,
            shape=list(layer.output.shape[1:]),
            parameters=layer.count_params(),
            inputs=[
                tensor._keras_history.operation.name
                for node in layer._inbound_nodes
                for tensor in node.input_tensors
                if tensor._keras_history.operation.name in names
            ],
        )
        for layer in model.layers
    ]


def save(model: Any, info: ModelInfo, path: Path) -> None:
    """Write a Keras model and its `info` to `path`; equal weights, config and info give equal bytes."""
    with files.replacing(path) as temporary:
        # Keras insists on the suffix; the second pass writes the final archive.
        draft = temporary.with_suffix(".keras")
        try:
            model.save(draft)
            _write_canonically(draft, temporary, info)
        finally:
            draft.unlink(missing_ok=True)


def _write_canonically(draft: Path, path: Path, info: ModelInfo) -> None:
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        members = {name: source.read(name) for name in source.namelist()}
        members["metadata.json"] = _without_date(members["metadata.json"])
        members["config.json"] = _renumbered(members["config.json"])
        for name in sorted(members):
            target.writestr(zipfile.ZipInfo(name, _EPOCH), members[name], zipfile.ZIP_DEFLATED)
        write_info(target, info)


def write_info(archive: zipfile.ZipFile, info: ModelInfo) -> None:
    """Add `info` to an open archive, where `read_info` finds it."""
    archive.writestr(zipfile.ZipInfo(_MEMBER, _EPOCH), info.to_json(), zipfile.ZIP_DEFLATED)


def _without_date(metadata: bytes) -> bytes:
    values = json.loads(metadata)
    values.pop("date_saved", None)
    return json.dumps(values, sort_keys=True).encode()


def _renumbered(config: bytes) -> bytes:
    """Replace the memory addresses that Keras uses as ids of shared objects by 1, 2, ... in order of appearance."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'("shared_object_id": )(\d+)',
        lambda match: f"{match[1]}{numbers.setdefault(match[2], len(numbers) + 1)}",
        config.decode(),
    ).encode()


def read_info(path: Path) -> ModelInfo:
    """What is stored beside the model in a `.keras` or an exported file, read without importing Keras.

    Raises
    ------
    DataError
        Where the file is missing, or no model file of this project.
    """
    try:
        with files.present(path), zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive)
            return ModelInfo.of_json(archive.read(_MEMBER).decode())
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, and no model file") from None
    except _DAMAGE as error:
        raise DataError(f"{path} is no model file of this project ({error}); `dvc repro` makes one") from None


def check_harmless(path: Path) -> None:
    """Refuse a model file, before Keras reads it, that carries more than layers and weights.

    Keras's own `safe_mode` refuses lambdas; this also refuses a config that names any function, or a class outside
    Keras and this project, any further member of the archive, such as a pickle, and members that unpack without end.

    Raises
    ------
    DataError
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive)
            foreign = sorted(set(archive.namelist()) - _MEMBERS)
            named = list(_named_in(json.loads(archive.read("config.json"))))
    except _DAMAGE as error:
        raise DataError(f"{path} is no model file of this project ({error}); `dvc repro train` makes one") from None
    foreign += [
        f"{module}.{name}" for module, name in named if name in _CODE or module.split(".")[0] not in ("keras", "genre")
    ]
    if foreign:
        raise DataError(
            f"{path} is not to be trusted and was not loaded: a model of this project is layers and weights alone, "
            f"and it carries {foreign[0]}, which can be code; `dvc repro train` makes a model"
        )


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    for member in archive.infolist():  # zipfile never unpacks more than it says here
        limit = _LARGEST.get(member.filename, _LARGEST_OTHER)
        if member.file_size > limit:
            raise DataError(
                f"{path} is not to be trusted and was not loaded: its member {member.filename} unpacks to "
                f"{member.file_size} bytes, and no model of this project has more than {limit} there"
            )


def _named_in(config: Any) -> Iterator[tuple[str, str]]:
    """Module and name of every class or function that a Keras config names, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield str(config.get("module") or "keras"), str(config["class_name"])
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _named_in(part)

"""The model file: a Keras archive with all that prediction needs; the same model gives the same bytes.

Keras writes dates, memory addresses and zip timestamps into a `.keras` file, so that no two are equal. Here the file
is rewritten in a canonical form. The extra member `genre.json` holds the class names and the extraction settings;
Keras ignores it, and it is read without importing Keras.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from genre import files, paths
from genre.errors import DataError
from genre.features.settings import FeatureSettings
from genre.model.layer_summary import LayerSummary

_MEMBER = "genre.json"
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5", _MEMBER}
# Classes in a Keras config that are code, or load it.
_CODE = {"Lambda", "__lambda__", "function", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"}
_MAX_BYTES = {"model.weights.h5": 1 << 30}  # unpacked size of a member
_MAX_BYTES_OTHER = 1 << 24
MARGIN = 1.1  # a song that is hardly longer than a clip is a single window
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold


@dataclass(frozen=True)
class ModelInfo:
    """All that prediction needs besides the weights."""

    genres: list[str]  # in the order of the model's outputs
    settings: FeatureSettings
    segment_frames: int  # length of the model's input
    test_segments: int  # segments of a clip whose probabilities are averaged
    temperature: float  # calibrates a clip's probabilities
    architecture: str
    dataset: str  # the training data's name
    protocol: str
    layers: list[LayerSummary]
    clip_seconds: float | None = None  # median length of the dataset's clips
    source: str = ""  # of the training data: kaggle, huggingface, synthesised or folder; empty where unknown

    @property
    def window_settings(self) -> FeatureSettings:
        """The settings that cut a song into windows as long as a clip; levels are scaled within each window."""
        longest = MARGIN * (self.clip_seconds or self.settings.seconds)
        return replace(self.settings, seconds=min(self.settings.seconds, longest))

    def to_json(self) -> str:
        """The content of the member `genre.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ModelInfo":
        """The inverse of `to_json`; raises KeyError, TypeError or ValueError if `text` is anything else."""
        values = json.loads(text)
        values["settings"] = FeatureSettings(**values["settings"])
        values["layers"] = [LayerSummary.from_dict(layer) for layer in values["layers"]]
        return cls(**values)


def save(model: Any, info: ModelInfo, path: Path) -> None:
    """Write a Keras model and its `info` to `path`; equal weights, config and info give equal bytes."""
    with files.replacing(path) as temporary:
        draft = temporary.with_suffix(".keras")  # Keras requires this suffix
        try:
            model.save(draft)
            with zipfile.ZipFile(draft) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
        finally:
            draft.unlink(missing_ok=True)
        metadata = json.loads(members["metadata.json"])
        del metadata["date_saved"]
        members["metadata.json"] = json.dumps(metadata, sort_keys=True).encode()
        members["config.json"] = _renumbered(members["config.json"].decode()).encode()
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in sorted(members):
                archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), members[name], zipfile.ZIP_DEFLATED)
            write_info(archive, info)


def write_info(archive: zipfile.ZipFile, info: ModelInfo) -> None:
    """Add `info` to an open archive, where `read_info` finds it."""
    archive.writestr(zipfile.ZipInfo(_MEMBER, _ZIP_DATE), info.to_json(), zipfile.ZIP_DEFLATED)


def _renumbered(config: str) -> str:
    """Replace the memory addresses that Keras uses as ids of shared objects with 1, 2, ... in order of appearance."""
    pattern = r'(?<="shared_object_id": )\d+'
    numbers = {address: str(number) for number, address in enumerate(dict.fromkeys(re.findall(pattern, config)), 1)}
    return re.sub(pattern, lambda match: numbers[match[0]], config)


def read_info(path: Path) -> ModelInfo:
    """The info stored in a `.keras` or an exported file, read without importing Keras.

    Raises DataError if the file is missing, or is not a model file of this project.
    """
    with _opened(path) as archive:
        return ModelInfo.from_json(archive.read(_MEMBER).decode())


def check_harmless(path: Path) -> None:
    """Raise DataError if a model file carries more than layers and weights; call it before Keras reads the file.

    Keras's own `safe_mode` rejects lambdas; this also rejects a config that names any function, or a class outside
    Keras and this project, and any other member of the archive, such as a pickle.
    """
    with _opened(path) as archive:
        foreign = sorted(set(archive.namelist()) - _MEMBERS)
        for module, name in _references(json.loads(archive.read("config.json"))):
            if name in _CODE or module.split(".")[0] not in ("keras", "genre"):
                foreign.append(f"{module}.{name}")
    if foreign:
        raise DataError(f"{path} was not loaded: it carries {foreign[0]}, which may be code{_remedy(path)}")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A model file as an open archive; invalid content, found here or within the block, raises DataError."""
    try:
        with files.present(path), zipfile.ZipFile(path) as archive:
            for member in archive.infolist():  # zipfile never unpacks more than this size
                limit = _MAX_BYTES.get(member.filename, _MAX_BYTES_OTHER)
                if member.file_size > limit:
                    raise DataError(
                        f"{path} was not loaded: its member {member.filename} unpacks to {member.file_size} bytes, and "
                        f"the maximum is {limit}{_remedy(path)}"
                    )
            yield archive
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a model file") from None
    except (OSError, DataError):
        raise
    except Exception as error:  # damaged bytes make zipfile and json raise exceptions of any kind
        raise DataError(f"{path} is not a model file of this project ({error}){_remedy(path)}") from None


def _remedy(path: Path) -> str:
    return "; `dvc repro` makes it again" if paths.is_made_by_pipeline(path) else ""


def _references(config: Any) -> Iterator[tuple[str, str]]:
    """Module and name of every class or function that a Keras config refers to, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield str(config.get("module") or "keras"), str(config["class_name"])
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _references(part)

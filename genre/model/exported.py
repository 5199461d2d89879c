"""The exported model: a LiteRT file that predicts without TensorFlow and carries all that prediction needs.

It is a `.tflite` file with a zip archive appended, as in TensorFlow Lite's metadata format, so that
`genre.model.model_file.read_info` reads it like a `.keras` file. Exporting imports TensorFlow; loading does not.
"""

import hashlib
import logging
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from genre import files
from genre.errors import DataError
from genre.features.segments import Network
from genre.model import model_file
from genre.model.model_file import ModelInfo

RELEASED = Path(__file__).parents[1] / "released/genre.tflite"  # the model shipped with the package


def save(model: Any, info: ModelInfo, path: Path) -> None:
    """Write a Keras model as a LiteRT file with float32 weights; the same model gives the same bytes.

    All layers need explicit names, as the names that Keras generates depend on what the process has built before.
    Raises DataError if `path` is a folder, or Keras does not run on TensorFlow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise DataError(
            f"{path} cannot be written with Keras on {keras.backend.backend()}: the conversion needs TensorFlow; "
            "run again with KERAS_BACKEND=tensorflow"
        )
    logging.getLogger("tensorflow").setLevel(logging.WARNING)  # its INFO lines name a temporary folder
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "model.tflite")  # Keras requires this suffix
        model.export(draft, format="litert", verbose=False)
        content = draft.read_bytes()
    with files.replacing(path) as temporary:
        temporary.write_bytes(content)
        with zipfile.ZipFile(temporary, "a") as archive:
            model_file.write_info(archive, info)
            archive.comment = hashlib.sha256(content).hexdigest().encode()


def load(path: Path) -> tuple[Network, ModelInfo]:
    """The network in an exported file, and its info; the network is thread-safe and takes batches of any size.

    Raises DataError if the file is missing, damaged or not an exported model of this project.
    """
    from ai_edge_litert.interpreter import Interpreter

    info = model_file.read_info(path)
    content = _verified_content(path)
    local = threading.local()  # an interpreter per thread, as each holds the state of one call

    def prepare() -> None:
        local.run = Interpreter(model_content=content, num_threads=1).get_signature_runner()

    def network(segments: np.ndarray) -> np.ndarray:
        if not hasattr(local, "run"):
            prepare()
        [probabilities] = local.run(segment=segments).values()
        return probabilities

    try:
        prepare()
    except ValueError as error:
        raise DataError(
            f"{path} cannot be run by LiteRT ({error}); export it again, or install a newer LiteRT"
        ) from None
    return network, info


def _verified_content(path: Path) -> bytes:
    """The LiteRT part of an exported file, if its SHA-256 matches: LiteRT runs damaged files, one in 8 GB of memory."""
    with zipfile.ZipFile(path) as archive:
        start, checksum = min(member.header_offset for member in archive.infolist()), archive.comment.decode("latin-1")
    content = Path(path).read_bytes()[:start]
    if not content:
        raise DataError(f"{path} is not an exported model: it has no LiteRT part")
    if hashlib.sha256(content).hexdigest() != checksum:
        raise DataError(f"{path} is damaged: its SHA-256 differs from the one stored in it; copy or export it again")
    return content

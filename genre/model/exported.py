"""The exported model: a LiteRT file that predicts without TensorFlow, and carries what prediction needs to know.

It is a `.tflite` file with a zip archive at its end, as TensorFlow Lite's metadata have it, so that
`genre.model.model_file.read_info` reads it like a `.keras` file. Converting imports TensorFlow; loading does not.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre import files
from genre.errors import DataError
from genre.model import model_file
from genre.model.model_file import ModelInfo

if TYPE_CHECKING:
    import keras
    from ai_edge_litert.interpreter import Interpreter

RELEASED = Path(__file__).parents[1] / "released/genre.tflite"  # the model that comes with the package


def save(model: "keras.Model", info: ModelInfo, path: Path) -> None:
    """Write a Keras model as a LiteRT file with float32 weights; the same model gives the same bytes.

    Parameters
    ----------
    model : keras.Model
        Segments to probabilities; the batch may have any size. Its layers have names of their own: Keras numbers
        those that have none by what the process has built before.
    info : ModelInfo
    path : Path

    Raises
    ------
    DataError
        Where `path` is a folder, or Keras does not run on TensorFlow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise DataError(
            f"{path} cannot be written with Keras on {keras.backend.backend()}: the conversion needs TensorFlow; "
            "run again with KERAS_BACKEND=tensorflow"
        )
    logging.getLogger("tensorflow").setLevel(logging.WARNING)  # it names a temporary folder
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "model.tflite")  # Keras insists on the suffix
        model.export(draft, format="litert", verbose=False)
        content = draft.read_bytes()
    with files.replacing(path) as temporary:
        temporary.write_bytes(content)
        with zipfile.ZipFile(temporary, "a") as archive:
            model_file.write_info(archive, info)
            archive.comment = hashlib.sha256(content).hexdigest().encode()


def load(path: Path) -> tuple["LiteNetwork", ModelInfo]:
    """The network in an exported file, ready to predict, and its info.

    Raises DataError where the file is missing, damaged or not an exported model of this project.
    """
    info = model_file.read_info(path)
    return LiteNetwork(path, _checked(path)), info


def _checked(path: Path) -> bytes:
    """The LiteRT part of an exported file, if its SHA-256 is right; LiteRT itself runs a damaged one, one with 8 GB."""
    with zipfile.ZipFile(path) as archive:
        start, checksum = min(member.header_offset for member in archive.infolist()), archive.comment.decode("latin-1")
    content = Path(path).read_bytes()[:start]
    if not content:
        raise DataError(f"{path} is not an exported model: it has no LiteRT part")
    if hashlib.sha256(content).hexdigest() != checksum:
        raise DataError(f"{path} is damaged: its SHA-256 differs from the one stored in it; copy or export it again")
    return content


class LiteNetwork:
    """Segments (batch, segment_frames, n_mels) to probabilities (batch, n_genres), both float32.

    Several threads may call it.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._content = content
        self._of_thread = threading.local()  # an interpreter holds the state of one call
        self._interpreter()

    def __call__(self, segments: np.ndarray) -> np.ndarray:
        interpreter = self._interpreter()
        place = interpreter.get_input_details()[0]
        if self._of_thread.shape != segments.shape:
            interpreter.resize_tensor_input(place["index"], segments.shape)
            with _quietly():
                interpreter.allocate_tensors()
            self._of_thread.shape = segments.shape
        interpreter.set_tensor(place["index"], np.ascontiguousarray(segments, dtype=np.float32))
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    def _interpreter(self) -> "Interpreter":
        from ai_edge_litert.interpreter import Interpreter

        if not hasattr(self._of_thread, "interpreter"):
            try:
                with _quietly():
                    self._of_thread.interpreter = Interpreter(model_content=self._content, num_threads=1)
                self._of_thread.shape = None  # that room was made for
            except ValueError as error:
                raise DataError(f"{self._path} is not an exported model ({error})") from None
        return self._of_thread.interpreter


_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep LiteRT from announcing its delegate on stderr: it has no setting for that. Errors are exceptions."""
    with _ONE_AT_A_TIME, Path(os.devnull).open("w") as nothing:
        stderr = os.dup(2)
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)

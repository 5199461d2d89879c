"""The exported model: a LiteRT file that predicts without TensorFlow, and carries what prediction needs to know.

It is a `.tflite` file with a zip archive at its end, as TensorFlow Lite's metadata have it, so that
`genre.model.model_file.read_info` reads it like a `.keras` file. Converting imports TensorFlow; loading does not.
"""

import contextlib
import copy
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genre import files
from genre.errors import DataError
from genre.model import model_file
from genre.model.model_file import ModelInfo

if TYPE_CHECKING:
    import keras

RELEASED = Path(__file__).parents[1] / "released/genre.tflite"  # the model that comes with the package

Weights = Literal["float16", "float32"]
_LARGE = 4096  # numbers in a tensor that is worth halving


def save(model: "keras.Model", info: ModelInfo, path: Path, *, weights: Weights) -> None:
    """Write a Keras model as a LiteRT file; the same model gives the same bytes.

    Parameters
    ----------
    model : keras.Model
        Segments to probabilities; the batch may have any size.
    info : ModelInfo
    path : Path
    weights : str
        How they are stored; `float16` takes about half the room. The arithmetic is float32 either way.

    Raises
    ------
    DataError
        Where `path` is a folder.
    """
    with files.replacing(path) as temporary:
        content = _convert(model, weights)
        temporary.write_bytes(content)
        with zipfile.ZipFile(temporary, "a") as archive:
            model_file.write_info(archive, info)
            archive.comment = hashlib.sha256(content).hexdigest().encode()


def _convert(model: "keras.Model", weights: Weights) -> bytes:
    import tensorflow as tf
    from ai_edge_litert.tools import flatbuffer_utils

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    with contextlib.redirect_stdout(io.StringIO()):  # Keras lists every weight
        converted = flatbuffer_utils.convert_bytearray_to_object(converter.convert())
    if weights == "float16":
        _halve(converted)
    flatbuffer_utils.strip_strings(converted)  # tensors' names depend on what else the process has built
    return bytes(flatbuffer_utils.convert_object_to_bytearray(converted))


def _halve(converted: Any) -> None:
    """Store matrices and filters as float16, each followed by an operator that makes it float32 again.

    The converter's own float16 also rounds what normalises the statistics, where small differences of large numbers
    matter: that alone moved probabilities by 0.002.
    """
    from ai_edge_litert import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 3  # the first that takes float16
    converted.operatorCodes.append(code)
    (graph,) = converted.subgraphs
    widen = []
    for index, tensor in enumerate(list(graph.tensors)):
        content = converted.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.FLOAT32 or content is None or len(content) < 4 * _LARGE:
            continue
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(bytes(content), np.float32).astype(np.float16).view(np.uint8)
        converted.buffers[tensor.buffer].data = None  # no two tensors share one
        converted.buffers.append(buffer)
        half = copy.copy(tensor)
        half.type, half.buffer = schema.TensorType.FLOAT16, len(converted.buffers) - 1
        tensor.buffer = 0
        graph.tensors.append(half)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(converted.operatorCodes) - 1
        operator.inputs, operator.outputs = [len(graph.tensors) - 1], [index]
        widen.append(operator)
    graph.operators = widen + graph.operators


def load(path: Path) -> tuple["LiteNetwork", ModelInfo]:
    """The network in an exported file, ready to predict, and its info.

    Raises DataError where the file is missing, damaged or no exported model of this project.
    """
    info = model_file.read_info(path)
    return LiteNetwork(path, _checked(path)), info


def _checked(path: Path) -> bytes:
    """The model in an exported file; LiteRT itself takes a damaged one as it is, at 8 GB of memory in one case."""
    with zipfile.ZipFile(path) as archive:
        start, checksum = min(member.header_offset for member in archive.infolist()), archive.comment.decode("latin-1")
    content = Path(path).read_bytes()[:start]
    if not content:
        raise DataError(f"{path} is no exported model; `dvc repro export` makes one")
    if hashlib.sha256(content).hexdigest() != checksum:
        raise DataError(
            f"{path} is damaged: its SHA-256 is not the one written in it; bring the file back, or make it again"
        )
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

    def _interpreter(self):
        from ai_edge_litert.interpreter import Interpreter

        if not hasattr(self._of_thread, "interpreter"):
            try:
                with _quietly():
                    self._of_thread.interpreter = Interpreter(model_content=self._content, num_threads=1)
                self._of_thread.shape = None  # that room was made for
            except ValueError as error:
                raise DataError(f"{self._path} is no exported model ({error}); `dvc repro export` makes one") from None
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

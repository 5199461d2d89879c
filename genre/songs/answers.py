"""The results for audio files, computed in parallel: for each a prediction, or why the file cannot be used."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from genre.errors import AudioError
from genre.features.segments import Network
from genre.model import exported
from genre.model.model_file import ModelInfo
from genre.songs.prediction import Song, predict_song
from genre.songs.text import sureness


@dataclass(frozen=True)
class Answer:
    """The result for one file: a song, or an error message."""

    path: Path
    song: Song | None
    error: str = ""

    def to_dict(self, genres: list[str]) -> dict[str, Any]:
        """The output of `--json`; times are in seconds, probabilities are calibrated, 0..1."""
        if self.song is None:
            return {"path": str(self.path), "error": self.error}
        probabilities = dict(zip(genres, self.song.probabilities.round(6).tolist(), strict=True))
        genre = max(probabilities, key=probabilities.__getitem__)
        return {
            "path": str(self.path),
            "genre": genre,
            "probabilities": probabilities,
            "seconds": round(self.song.seconds, 3),
            "sureness": sureness(probabilities[genre]),
            "notes": self.song.notes,
            "moments": [
                {
                    "start": round(segment.start, 2),
                    "end": round(segment.end, 2),
                    "genre": genres[int(segment.probabilities.argmax())],
                    "probabilities": dict(zip(genres, segment.probabilities.round(4).tolist(), strict=True)),
                }
                for segment in self.song.moments
            ],
        }


def load_network(path: Path) -> tuple[Network, ModelInfo, int]:
    """Load an exported or a Keras model: the network, its info, and how many threads may call it at once."""
    if path.suffix != ".keras":
        network, info = exported.load(path)
        return network, info, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    from genre.model import networks

    model, info = networks.load(path)
    return model.predict_on_batch, info, 1


def answer_file(
    path: Path,
    network: Network,
    info: ModelInfo,
    *,
    keep_windows: bool = False,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Answer:
    """Predict one file; if it cannot be used, the answer holds the error. Options are those of `predict_song`."""
    try:
        return Answer(path, predict_song(path, network, info, keep_windows=keep_windows, progress=progress))
    except AudioError as error:
        return Answer(path, None, str(error))


def answer_files(paths: list[Path], answer: Callable[[Path], Answer], *, threads: int) -> Iterator[Answer]:
    """Yield the answers for `paths` in order, computed in a thread pool."""
    # Single-threaded BLAS: faster when files run in parallel, and results do not depend on how many do.
    with threadpool_limits(1, user_api="blas"):
        if 1 in (threads, len(paths)):  # without a thread pool, Ctrl-C stops at once
            yield from map(answer, paths)
        else:
            with ThreadPoolExecutor(threads) as pool:
                yield from pool.map(answer, paths)

"""Tell the genre of audio files: files and folders -> the terminal, JSON lines, a CSV or a picture.

    python -m stages.predict song.mp3 folder/

Not a stage of dvc.yaml: it uses the released model or, with --model, one that the pipeline made. Neither TensorFlow nor
Keras is imported unless --model names a .keras file. Exit code 0 when every file could be used, 1 when one could not or
none was found, 2 for a wrong command.
"""

import argparse
import csv
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from genre import console, files, runtime, songs
from genre.errors import AudioError, DataError
from genre.model_file import ModelInfo
from genre.segments import Network
from genre.song_text import describe, readable, sureness
from genre.songs import Song

RELEASED = Path(__file__).resolve().parent.parent / "models/released/genre.tflite"
# What is looked for in folders; a file that is named itself may have any name.
SUFFIXES = (
    ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2",
    ".mp3", ".mp4", ".mpc", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav", ".webm", ".wma", ".wv",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came of one file: a song, or the reason why there is none."""

    path: Path
    song: Song | None
    error: str = ""

    def to_dict(self, genres: list[str]) -> dict[str, Any]:
        """The answer as `--json` prints it; times are in seconds, probabilities calibrated, 0..1."""
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
            "moments": [
                {
                    "start": round(moment.start, 2),
                    "end": round(moment.end, 2),
                    "genre": genres[int(moment.probabilities.argmax())],
                    "probabilities": dict(zip(genres, moment.probabilities.round(4).tolist(), strict=True)),
                }
                for moment in self.song.moments
            ],
        }


def find(paths: list[Path]) -> Iterator[Path]:
    """The files among `paths`, and the audio files in the folders among them, by name, hidden ones left out."""
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 - `Path` raises where a name is too long
            yield path
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                    yield Path(folder, name)


def load_network(path: Path) -> tuple[Network, ModelInfo, int]:
    """The network in an exported or a Keras file, its info, and how many threads may use it at once."""
    if path.suffix != ".keras":
        network, info = runtime.load(path)
        return network, info, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    from genre import networks

    model, info = networks.load(path)
    return model.predict_on_batch, info, 1


def predict(path: Path, network: Network, info: ModelInfo, *, keep_windows: bool = False) -> Answer:
    """The answer for one file; a file that cannot be used has its reason in it."""
    if not os.path.exists(path):  # noqa: PTH110 - as above
        return Answer(path, None, "does not exist")
    try:
        return Answer(path, songs.listen(path, network, info, keep_windows=keep_windows))
    except AudioError as error:
        return Answer(path, None, str(error))


def predict_all(paths: list[Path], predict_one: Callable[[Path], Answer], *, threads: int) -> Iterator[Answer]:
    """The answers for `paths` in their order, worked on by several threads, a few files ahead."""
    # One core for each matrix product: it is faster with several files at work, and an answer is the same with and
    # without others beside it.
    with threadpool_limits(1, user_api="blas"):
        if threads == 1 or len(paths) == 1:
            yield from map(predict_one, paths)
            return
        pool = ThreadPoolExecutor(threads)
        try:
            ahead: list[Future[Answer]] = []
            for path in paths:
                ahead.append(pool.submit(predict_one, path))
                if len(ahead) > 4 * threads:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def csv_row(answer: Answer, genres: list[str]) -> list[Any]:
    """A line of `--csv`: path, genre, probability, sureness, seconds, error, and each genre's probability."""
    if answer.song is None:
        return [readable(answer.path), "", "", "", "", answer.error, *[""] * len(genres)]
    told = answer.to_dict(genres)
    best = told["probabilities"][told["genre"]]
    head = [readable(answer.path), told["genre"], best, told["sureness"], told["seconds"], ""]
    return [*head, *told["probabilities"].values()]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked, with `files`: what is to be heard. A wrong one ends the program with code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.predict",
        description="Tell the genre of audio files.",
        epilog="Formats that libsndfile reads and, where ffmpeg is installed, most others. Exit code 0 when every file "
        "could be used, 1 when one could not or none was found, 2 for a wrong command.",
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="an audio file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each file")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a table with a line for each file")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw the song (one file only)")
    parser.add_argument(
        "--model", type=Path, default=RELEASED, metavar="FILE", help="models/model.tflite is the pipeline's last one"
    )
    chosen = parser.parse_args(argv)
    chosen.files = list(find(chosen.paths))
    if chosen.plot and len(chosen.files) != 1:
        parser.error(f"--plot draws one song, and there are {len(chosen.files)} files")
    if chosen.plot and chosen.plot.suffix.lower() != ".png":
        parser.error(f"--plot writes PNG, and {readable(chosen.plot)} does not end with .png")
    heard = {path.resolve() for path in chosen.files}
    for option, out in (("--csv", chosen.csv), ("--plot", chosen.plot)):
        if out and out.exists() and not out.is_file():  # the file is written beside it and renamed
            parser.error(f"{option} writes a file, and {readable(out)} is a folder or a device")
        if out and out.resolve() in heard:
            parser.error(f"{option} would overwrite {readable(out)}, which is to be heard")
    chosen.csv, chosen.plot = (out and out.resolve() for out in (chosen.csv, chosen.plot))  # where a link leads
    return chosen


def main() -> int:
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends this program quietly, as it does others
    sys.stdout.reconfigure(errors="backslashreplace")
    chosen = arguments()
    if not chosen.files:
        raise DataError(f"no audio file in {', '.join(map(readable, chosen.paths))}")
    network, info, threads = load_network(chosen.model)
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    failed = 0
    with ExitStack() as stack:
        table = None
        if chosen.csv:
            temporary = stack.enter_context(files.replacing(chosen.csv))
            table = csv.writer(stack.enter_context(temporary.open("w", encoding="utf-8", newline="")))
            head = ["path", "genre", "probability", "sureness", "seconds", "error"]
            table.writerow([*head, *(f"p_{genre}" for genre in info.genres)])
        answers = predict_all(
            chosen.files,
            lambda path: predict(path, network, info, keep_windows=bool(chosen.plot)),
            threads=threads,
        )
        quiet = len(chosen.files) == 1 or not sys.stderr.isatty()
        for answer in tqdm(answers, total=len(chosen.files), desc="predict", unit="file", disable=quiet):
            failed += answer.song is None
            if table:
                table.writerow(csv_row(answer, info.genres))
            if chosen.json:
                tqdm.write(json.dumps(answer.to_dict(info.genres)))
            elif answer.song is None:
                tqdm.write(f"{readable(answer.path)}: {answer.error}", file=sys.stderr)
            else:
                tqdm.write(describe(answer.path, answer.song, info.genres, unicode=unicode))
            if chosen.plot and answer.song:
                from genre.figures.song import song
                from genre.figures.style import save

                save(song(answer.path.name, answer.song, info), chosen.plot)
    if failed and len(chosen.files) > 1:
        print(f"{failed} of {len(chosen.files)} files could not be used", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    console.run(main, libraries_may_talk=False)  # libmpg123 warns of odd MP3s, without saying which

"""The command `genre`: `predict` names the genre of audio files, `report` writes a page on the pipeline's last run.

    genre predict song.mp3 folder/
    genre report

Neither TensorFlow nor Keras is imported unless `predict --model` names a .keras file. Exit code 0 when every file could
be used, 1 when one could not or none was found, 2 for a wrong command.
"""

import argparse
import csv
import json
import logging
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tqdm import tqdm

from genre import console, files, paths
from genre.dataset import audio_files
from genre.errors import DataError
from genre.model.exported import RELEASED
from genre.songs.answers import Answer, answer_file, answer_files, load_network
from genre.songs.text import describe, readable


def find(paths: list[Path]) -> tuple[list[Path], dict[Path, str]]:
    """The files among `paths` and the audio files in the folders among them; and what cannot be read, with reasons."""
    found, unreadable = [], {}
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - `Path` raises where a name is too long
            listing = audio_files.find(path)
            found += listing.audio
            unreadable |= listing.unreadable
        else:
            found.append(path)
    return found, unreadable


def csv_row(answer: Answer, genres: list[str]) -> list[Any]:
    """A line of `--csv`: path, genre, probability, sureness, seconds, error, and each genre's probability."""
    if answer.song is None:
        return [readable(answer.path), "", "", "", "", answer.error, *[""] * len(genres)]
    told = answer.to_dict(genres)
    best = told["probabilities"][told["genre"]]
    head = [readable(answer.path), told["genre"], best, told["sureness"], told["seconds"], ""]
    return [*head, *told["probabilities"].values()]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line, checked, with `run`: what to do. A wrong one ends the program with code 2."""
    parser = argparse.ArgumentParser(prog="genre", description="Music-genre classification.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_predict(commands)
    report = commands.add_parser("report", help="write report.html, one page on the pipeline's last run")
    report.set_defaults(run=write_report)
    chosen = parser.parse_args(argv)
    if chosen.run is predict:
        check_predict(chosen)
    return chosen


def add_predict(commands: Any) -> None:
    """The command line of `genre predict`."""
    parser = commands.add_parser(
        "predict",
        help="name the genre of audio files",
        description="Name the genre of audio files.",
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
    parser.set_defaults(run=predict, error=parser.error)


def check_predict(chosen: argparse.Namespace) -> None:
    """Add `files` and `unreadable`; end the program with code 2 where an option cannot be followed."""
    chosen.files, chosen.unreadable = find(chosen.paths)
    if chosen.plot and len(chosen.files) != 1:
        chosen.error(f"--plot draws one song, and there are {len(chosen.files)} files")
    if chosen.plot and chosen.plot.suffix.lower() != ".png":
        chosen.error(f"--plot writes PNG, and {readable(chosen.plot)} does not end with .png")
    heard = {path.resolve() for path in chosen.files}
    for option, out in (("--csv", chosen.csv), ("--plot", chosen.plot)):
        if out and out.exists() and not out.is_file():  # the file is written beside it and renamed
            chosen.error(f"{option} writes a file, and {readable(out)} is a folder or a device")
        if out and out.resolve() in heard:
            chosen.error(f"{option} would overwrite {readable(out)}, which is to be heard")
    chosen.csv, chosen.plot = (out and out.resolve() for out in (chosen.csv, chosen.plot))  # where a link leads


def predict(chosen: argparse.Namespace) -> int:
    """Run `genre predict`; the exit code."""
    for path, reason in chosen.unreadable.items():
        print(f"{readable(path)}: {reason}", file=sys.stderr)
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
        answers = answer_files(
            chosen.files,
            lambda path: answer_file(path, network, info, keep_windows=bool(chosen.plot)),
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
                from genre.report.charts.song import song
                from genre.report.charts.style import save

                save(song(answer.path.name, answer.song, info), chosen.plot)
    if failed and len(chosen.files) > 1:
        print(f"{failed} of {len(chosen.files)} files could not be used", file=sys.stderr)
    return 1 if failed or chosen.unreadable else 0


def write_report(chosen: argparse.Namespace) -> int:
    """Run `genre report`; the exit code."""
    from genre.report.page import page, read_run  # pandas and matplotlib are slow to import

    files.write_text(paths.REPORT, page(read_run(Path())))
    logging.getLogger(__name__).info(
        "%s: %.1f MB, all in one file", paths.REPORT.resolve().as_uri(), paths.REPORT.stat().st_size / 1e6
    )
    return 0


def run() -> int:
    """Do what the command line says; the exit code."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends this program quietly, as it does others
    sys.stdout.reconfigure(errors="backslashreplace")
    chosen = arguments()
    return chosen.run(chosen)


def main() -> None:
    """The entry point of `genre` and of `python -m genre`."""
    console.run(run, libraries_may_talk=False)  # libmpg123 warns of odd MP3s, without saying which

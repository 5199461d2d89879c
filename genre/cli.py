"""The command line: `predict` names the genre of audio files, `report` writes a page on the last pipeline run, and
`app` serves a web page to drop songs on.

    genre predict song.mp3 folder/
    genre report
    genre app

Neither TensorFlow nor Keras is imported unless `--model` names a .keras file.
"""

import argparse
import csv
import io
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from genre import console, files, paths
from genre.dataset import audio_files
from genre.errors import DataError
from genre.model.exported import RELEASED
from genre.songs.answers import Answer, answer_file, answer_files, load_network
from genre.songs.text import describe, readable

CSV_COLUMNS = ("path", "genre", "probability", "sureness", "seconds", "notes", "error")  # and one probability per genre


def run() -> int:
    """Run the command line and return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # unless replaced by another object
        sys.stdout.reconfigure(errors="backslashreplace")
    args = arguments()
    return args.run(args)


def path(text: str) -> Path:
    """Parse a path argument; an empty one, as from an unset shell variable, would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name")
    return Path(text)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse and check the command line; `run` is the function to call. A usage error exits with code 2."""
    parser = argparse.ArgumentParser(prog="genre", description="Music-genre classification.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    songs = commands.add_parser(
        "predict",
        help="name the genre of audio files",
        description="Name the genre of audio files.",
        epilog="Formats that libsndfile reads and, where ffmpeg is installed, most others. Exit code 0 when every file "
        "could be used, 1 when one could not or none was found, 2 for a usage error.",
    )
    songs.add_argument("paths", type=path, nargs="+", metavar="PATH", help="an audio file, or a folder of them")
    songs.add_argument("--json", action="store_true", help="print one JSON object for each file")
    songs.add_argument("--csv", type=path, metavar="FILE", help="also write a table with a line for each file")
    songs.add_argument("--plot", type=path, metavar="FILE.png", help="also draw the song (one file only)")
    songs.set_defaults(run=predict)
    report = commands.add_parser(
        "report",
        help="write report.html, one page on the pipeline's last run",
        description="Write report.html, one page on the last run of the pipeline in the current folder.",
    )
    report.set_defaults(run=write_report)
    app = commands.add_parser(
        "app", help="open a web page to drop songs on", description="Serve a web page that names the genre of songs."
    )
    app.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets other machines in")
    app.add_argument("--port", type=int, help="default: the first free port from 7860")
    app.add_argument("--no-browser", dest="browser", action="store_false", help="do not open a browser")
    app.set_defaults(run=serve_app)
    for command in (songs, app):
        about = "model to use (default: the released one); models/model.tflite is from your last `dvc repro`"
        command.add_argument("--model", type=path, default=RELEASED, metavar="FILE", help=about)
    args = parser.parse_args(argv)
    if args.run is predict:
        check_predict(args, songs.error)
    return args


def check_predict(args: argparse.Namespace, usage_error: Callable[[str], NoReturn]) -> None:
    """Add `files`, and `unreadable` (path to reason); call `usage_error` with a message on an invalid option."""
    args.files, args.unreadable = [], {}
    for path in args.paths:
        if os.path.isdir(path):  # noqa: PTH112 - `Path.is_dir` raises if the name is too long
            listing = audio_files.find(path)
            args.files += listing.audio
            args.unreadable |= listing.unreadable
        else:
            args.files.append(path)
    if args.plot and len(args.files) != 1:
        usage_error(f"--plot draws one song, and there are {len(args.files)} files")
    if args.plot and args.plot.suffix.lower() != ".png":
        usage_error(f"--plot writes PNG, and {readable(args.plot)} does not end with .png")
    inputs = {os.path.realpath(path) for path in args.files}  # `Path.resolve` raises on a symlink loop
    for option, out in (("--csv", args.csv), ("--plot", args.plot)):
        if out and out.exists() and not out.is_file():  # a rename would replace it
            usage_error(f"{option} writes a file, and {readable(out)} is a folder or a device")
        if out and os.path.realpath(out) in inputs:
            usage_error(f"{option} would overwrite {readable(out)}, which is an input")
        if out and any(parent.exists() and not parent.is_dir() for parent in out.parents):
            usage_error(f"{option} writes {readable(out)}, whose folder is a file")
    # Write to the target of a symlink.
    args.csv, args.plot = (out and Path(os.path.realpath(out)) for out in (args.csv, args.plot))
    if args.csv and args.csv == args.plot:
        usage_error("--csv and --plot name the same file")


def predict(args: argparse.Namespace) -> int:
    """Run `genre predict` and return the exit code."""
    if args.plot:
        from genre.report.charts import song as chart  # fail early if matplotlib, which is optional, is missing
        from genre.report.charts.style import save
    if not args.files and not args.unreadable:
        raise DataError(f"no audio file in {', '.join(map(readable, args.paths))}")
    network, info, threads = load_network(args.model)
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    failures = [Answer(path, None, reason) for path, reason in args.unreadable.items()]
    answers = answer_files(
        args.files, lambda path: answer_file(path, network, info, keep_windows=bool(args.plot)), threads=threads
    )
    total, failed = len(args.files) + len(failures), 0
    table = files.replacing(args.csv) if args.csv else nullcontext(Path(os.devnull))  # discard the table
    with table as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*CSV_COLUMNS, *(f"p_{genre}" for genre in info.genres)], extrasaction="ignore")
        writer.writeheader()
        for answer in tqdm(
            chain(failures, answers), total=total, desc="predict", unit="file",
            disable=total == 1 or not sys.stderr.isatty(),
        ):  # fmt: skip
            failed += answer.song is None
            writer.writerow(csv_row(answer, info.genres))
            if args.json:
                text = json.dumps(answer.to_dict(info.genres))
            elif answer.song:
                text = describe(answer.path, answer.song, info.genres, unicode=unicode)
            else:
                tqdm.write(f"{readable(answer.path)}: {answer.error}", file=sys.stderr)
                continue
            show(text, needed=not (args.csv or args.plot))
            if args.plot and answer.song:
                save(chart.song(readable(Path(answer.path.name)), answer.song, info), args.plot)
    if failed and total > 1:
        print(f"{failed} of {total} files could not be used", file=sys.stderr)
    return 1 if failed else 0


def show(text: str, *, needed: bool) -> None:
    """Print an answer and flush; if stdout's reader is gone, exit if the output is `needed`, else discard it."""
    try:
        tqdm.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        console.discard(sys.stdout.fileno())
        if needed:
            sys.exit(141)  # as if killed by SIGPIPE


def csv_row(answer: Answer, genres: list[str]) -> dict[str, Any]:
    """A row of `--csv`, by column; for a file that cannot be used, only its path and the error."""
    name = str(answer.path).encode("utf-8", "backslashreplace").decode()  # file names need not be UTF-8
    fields = answer.to_dict(genres) | {"path": name}
    if answer.song:
        probabilities = fields["probabilities"]
        fields |= {"probability": probabilities[fields["genre"]], "notes": "; ".join(answer.song.notes)}
        fields |= {f"p_{name}": probability for name, probability in probabilities.items()}
    return fields


def write_report(args: argparse.Namespace) -> int:
    """Run `genre report` and return the exit code."""
    from genre.report.page import page, read_run  # pandas and matplotlib are slow to import

    files.write_text(paths.REPORT, page(read_run()))
    logging.getLogger(__name__).info(
        "%s: %.1f MB, all in one file", paths.REPORT.resolve().as_uri(), paths.REPORT.stat().st_size / 1e6
    )
    return 0


def serve_app(args: argparse.Namespace) -> int:
    """Run `genre app` until interrupted and return the exit code."""
    from genre.app.server import launch  # Gradio is optional, and slow to import

    launch(model=args.model, host=args.host, port=args.port, browser=args.browser)
    return 0

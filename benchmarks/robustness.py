"""Measure how many clips keep their genre under noise, in a room, on a telephone, at a low rate, in another format.

    python -m benchmarks.robustness --audio DIR [--features DIR] [--model FILE] [--seed N]

DIR holds clips of GTZAN as <genre>/<clip_id>.wav. Each clip is degraded (AAC: by ffmpeg, if installed) and classified
by the code behind `genre predict`. With --features, the stored features are compared with the audio too. Prints a
table of numbers of clips, with --changes also each clip whose genre changes, and JSON in the last line.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.conditions import CONDITIONS, OTHER_CLIP, mixed
from genre import console
from genre.dataset import audio_files, catalogue
from genre.errors import DataError
from genre.features import store
from genre.features.segments import Network
from genre.model.exported import RELEASED
from genre.model.model_file import ModelInfo
from genre.model.predictions import predict_calibrated
from genre.songs.answers import answer_file, answer_files, load_network
from genre.songs.text import sureness

AAC = "AAC in M4A"


@dataclass(frozen=True)
class Clips:
    """The clips to degrade."""

    paths: list[Path]
    genres: np.ndarray  # (n,), str
    parts: np.ndarray  # (n,), str: set in the fault-filtered lists; empty for clips that they drop


@dataclass(frozen=True)
class Counts:
    """How answers for degraded clips compare with those for the clean ones; every value is a number of clips."""

    clips: int
    same_genre: int
    right: int
    changed_called_sure: int
    changed_called_fairly_sure: int
    test_clips: int  # in the test set of the fault-filtered lists
    same_genre_test: int
    learned_clips: int  # in their training or validation set
    noted: int  # the answer has a note, such as little above 4 kHz


def read_clips(audio: Path) -> Clips:
    """The clips of GTZAN found in a folder."""
    tracks = catalogue.load()
    paths = [path for path in audio_files.find(audio).audio if path.stem in tracks.index]
    if not paths:
        raise DataError(f"{audio} has no clip of GTZAN; it should hold files such as blues/blues.00000.wav")
    rows = tracks.loc[[path.stem for path in paths]]
    return Clips(paths, rows.genre.to_numpy(str), rows.fault_filtered_split.fillna("").to_numpy(str))


def degrade(clips: Clips, name: str, folder: Path, *, seed: int) -> list[Path]:
    """Write every clip, degraded by the condition `name`, to `folder`, as 32-bit float WAV or M4A."""
    position = {path: number for number, path in enumerate(clips.paths)}

    def one(path: Path) -> Path:
        if name == AAC:
            target = folder / f"{path.stem}.m4a"
            options = ["-ar", "44100", "-ac", "2", "-c:a", "aac", str(target)]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *options], check=True)
            return target
        target = folder / f"{path.stem}.wav"
        samples, rate = soundfile.read(path, dtype="float32")
        rng = np.random.default_rng([seed, zlib.crc32(f"{name} {path.stem}".encode())])
        if name in OTHER_CLIP:
            other = clips.paths[(position[path] + rng.integers(1, len(clips.paths))) % len(clips.paths)]
            samples = mixed(samples, soundfile.read(other, dtype="float32")[0], snr=OTHER_CLIP[name])
        else:
            samples, rate = CONDITIONS[name](samples, rate, rng)
        soundfile.write(target, samples, rate, subtype="FLOAT")
        return target

    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, clips.paths))


def predict(paths: list[Path], network: Network, info: ModelInfo, *, threads: int) -> tuple[np.ndarray, int]:
    """Calibrated probabilities of files [shape=(n, n_genres)], and the number of answers with notes."""
    rows, noted = [], 0
    for answer in answer_files(paths, partial(answer_file, network=network, info=info), threads=threads):
        if answer.song is None:
            raise DataError(f"{answer.path}: {answer.error}")
        rows.append(answer.song.probabilities)
        noted += bool(answer.song.notes)
    return np.stack(rows), noted


def predict_stored(features_folder: Path, ids: list[str], network: Network, info: ModelInfo) -> np.ndarray:
    """Calibrated probabilities of clips [shape=(n, n_genres)], computed from their stored features."""
    features = store.read(features_folder)
    missing = [clip_id for clip_id in ids if clip_id not in features.clips.index]
    if missing:
        raise DataError(f"{features_folder} lacks {len(missing)} of the clips, such as {missing[0]}")
    return predict_calibrated(network, info, features, features.clips.index.get_indexer(ids))


def compare(degraded: np.ndarray, clean: np.ndarray, clips: Clips, genres: list[str], *, noted: int = 0) -> Counts:
    """Compare the probabilities [shape=(n, n_genres)] of degraded and clean clips."""
    same = degraded.argmax(axis=1) == clean.argmax(axis=1)
    words = np.array([sureness(float(row.max())) for row in degraded])
    is_test = clips.parts == "test"
    return Counts(
        clips=len(same),
        same_genre=int(same.sum()),
        right=int((np.array(genres)[degraded.argmax(axis=1)] == clips.genres).sum()),
        changed_called_sure=int((~same & (words == "sure")).sum()),
        changed_called_fairly_sure=int((~same & (words == "fairly sure")).sum()),
        test_clips=int(is_test.sum()),
        same_genre_test=int(same[is_test].sum()),
        learned_clips=int(np.isin(clips.parts, ["train", "validation"]).sum()),
        noted=noted,
    )


def changes(degraded: np.ndarray, clean: np.ndarray, ids: list[str], genres: list[str]) -> list[str]:
    """A line for each clip whose genre changes, such as `rock.00003: rock 0.41, pop 0.40 -> pop 0.45, rock 0.38`."""

    def best(row: np.ndarray) -> str:
        return ", ".join(f"{genres[index]} {row[index]:.2f}" for index in np.argsort(-row, kind="stable")[:2])

    changed = np.flatnonzero(degraded.argmax(axis=1) != clean.argmax(axis=1))
    return [f"{ids[row]}: {best(clean[row])} -> {best(degraded[row])}" for row in changed]


def measure(
    clips: Clips,
    model: Path,
    *,
    seed: int = 0,
    features: Path | None = None,
    report: Callable[[str, Counts, list[str]], None] = lambda name, counts, lines: None,
) -> dict[str, dict[str, int]]:
    """Counts for the clean clips and each condition, as dicts; `report` is called after each, with its `changes`."""
    network, info, threads = load_network(model)
    ids = [path.stem for path in clips.paths]
    clean, clean_noted = predict(clips.paths, network, info, threads=threads)
    counts = {}

    def add(name: str, degraded: np.ndarray, noted: int = 0) -> None:
        compared = compare(degraded, clean, clips, info.genres, noted=noted)
        counts[name] = asdict(compared)
        report(name, compared, changes(degraded, clean, ids, info.genres))

    add("clean", clean, clean_noted)
    if features:
        add("stored features", predict_stored(features, ids, network, info))
    for name in (*CONDITIONS, *OTHER_CLIP, *([AAC] if shutil.which("ffmpeg") else [])):
        with tempfile.TemporaryDirectory() as folder:
            paths = degrade(clips, name, Path(folder), seed=seed)
            add(name, *predict(paths, network, info, threads=threads))
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.robustness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR", help="folder of GTZAN clips")
    parser.add_argument("--features", type=Path, metavar="DIR")
    parser.add_argument("--model", type=Path, default=RELEASED, metavar="FILE", help=".tflite or .keras")
    parser.add_argument("--seed", type=int, default=0, help="of noise, rooms and the choice of clips mixed in")
    parser.add_argument("--changes", action="store_true", help="list the clips whose genre changes")
    arguments = parser.parse_args()

    def report(name: str, counts: Counts, lines: list[str]) -> None:
        sure = f"{counts.changed_called_sure}, {counts.changed_called_fairly_sure}"
        print(f"| {name} | {counts.same_genre} | {counts.right} | {sure} | {counts.noted} |", flush=True)
        if arguments.changes:
            print(*(f"    {line}" for line in lines), sep="\n")

    clips = read_clips(arguments.audio)
    print(f"| {len(clips.paths)} clips | same genre as clean | right | of the changed: sure, fairly sure | noted |")
    print("|---|---|---|---|---|")
    counts = measure(clips, arguments.model, seed=arguments.seed, features=arguments.features, report=report)
    if AAC not in counts:
        print(f"{AAC}: not measured, ffmpeg is not installed")
    print(json.dumps({"model": arguments.model.name, "seed": arguments.seed, "conditions": counts}))


if __name__ == "__main__":
    console.run(main)

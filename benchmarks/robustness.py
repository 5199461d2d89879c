"""Does the same music keep its genre as another file? And does audio give the genre that its stored spectrogram gives?

    python -m benchmarks.robustness --audio DIR [--logmel NPZ] [--model FILE]

DIR holds clips of GTZAN as <genre>/<clip_id>.wav. ffmpeg makes the variants in a temporary folder, and the code behind
`genre predict` names the genre of them all. Held-out clips are those that the fault-filtered lists do not
train on. The last line of stdout is JSON; its counts are of clips. Each clip whose genre changes is told, with the two
most probable genres before and after: one that lies between two genres says nothing against the audio's way.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.accuracy import read_features
from genre import console
from genre.dataset import audio_files, catalogue
from genre.errors import DataError
from genre.model import exported
from genre.model.calibration import calibrate
from genre.model.exported import RELEASED
from genre.model.model_file import ModelInfo
from genre.model.predictions import predict_clips
from genre.songs.answers import answer_file, answer_files

# What ffmpeg makes of a clip: suffix and options.
VARIANTS = {
    "10 s of silence before": (".wav", ["-af", "adelay=10000:all=1"]),
    "6 dB quieter": (".wav", ["-af", "volume=-6dB"]),
    "44.1 kHz stereo": (".wav", ["-ar", "44100", "-ac", "2"]),
    "MP3, 128 kbit/s": (".mp3", ["-ar", "44100", "-ac", "2", "-b:a", "128k"]),
    "MP3, 64 kbit/s": (".mp3", ["-ar", "44100", "-ac", "2", "-b:a", "64k"]),
    "OGG Vorbis": (".ogg", ["-ar", "44100", "-ac", "2", "-c:a", "libvorbis"]),
    "AAC in M4A": (".m4a", ["-ar", "44100", "-ac", "2"]),
}


def convert(path: Path, target: Path, options: list[str]) -> None:
    """Write `path` as `target`, by ffmpeg."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(path), *options, str(target)]
    subprocess.run(command, check=True)


def probabilities(paths: list[Path], network: exported.LiteNetwork, info: ModelInfo) -> np.ndarray:
    """What prediction says of some files [shape=(n, n_genres)]."""
    rows = []
    for answer in answer_files(paths, lambda path: answer_file(path, network, info), threads=2):
        if answer.song is None:
            raise DataError(f"{answer.path}: {answer.error}")
        rows.append(answer.song.probabilities)
    return np.stack(rows)


def compare(told: np.ndarray, reference: np.ndarray, held_out: np.ndarray) -> dict[str, float | int]:
    """How many clips keep their genre, how many of the held-out ones, and how far their genre's probability moves."""
    same = told.argmax(axis=1) == reference.argmax(axis=1)
    moved = np.abs(told - reference)[np.arange(len(told)), reference.argmax(axis=1)]
    return {
        "same_genre": int(same.sum()),
        "clips": len(same),
        "same_genre_held_out": int(same[held_out].sum()),
        "clips_held_out": int(held_out.sum()),
        "median_change_of_probability": round(float(np.median(moved)), 4),
    }


def changes(told: np.ndarray, reference: np.ndarray, ids: list[str], genres: list[str]) -> list[str]:
    """A line for each clip whose genre changes, such as `rock.00003: rock 0.41, pop 0.40 -> pop 0.45, rock 0.38`."""

    def best(row: np.ndarray) -> str:
        return ", ".join(f"{genres[place]} {row[place]:.2f}" for place in np.argsort(-row, kind="stable")[:2])

    changed = np.flatnonzero(told.argmax(axis=1) != reference.argmax(axis=1))
    return [f"{ids[row]}: {best(reference[row])} -> {best(told[row])}" for row in changed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, required=True, metavar="DIR")
    parser.add_argument("--logmel", type=Path, metavar="NPZ")
    parser.add_argument("--tracks", type=Path, default=catalogue.CATALOG, metavar="CSV")
    parser.add_argument("--model", type=Path, default=RELEASED, metavar="FILE")
    arguments = parser.parse_args()

    network, info = exported.load(arguments.model)
    tracks = catalogue.load(arguments.tracks)
    paths = [path for path in audio_files.find(arguments.audio).audio if path.stem in tracks.index]
    if not paths:
        raise DataError(f"{arguments.audio} holds no clip of {arguments.tracks}")
    ids = [path.stem for path in paths]
    held_out = (tracks.fault_filtered_split.loc[ids] != "train").to_numpy()
    audio = probabilities(paths, network, info)
    told = {}
    if arguments.logmel:
        features = read_features(arguments.logmel, tracks)
        lacking = [clip_id for clip_id in ids if clip_id not in features.clips.index]
        if lacking:
            raise DataError(f"{arguments.logmel} lacks {len(lacking)} of the clips, such as {lacking[0]}")
        stored = predict_clips(
            network,
            features,
            features.clips.index.get_indexer(ids),
            segment_frames=info.segment_frames,
            test_segments=info.test_segments,
        )
        told["stored spectrogram"] = calibrate(stored, info.temperature)
    for name, (suffix, options) in VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            made = [Path(folder, path.stem + suffix) for path in paths]
            Parallel(n_jobs=-1, prefer="threads")(
                delayed(convert)(path, target, options) for path, target in zip(paths, made, strict=True)
            )
            told[name] = probabilities(made, network, info)
    report = {name: compare(variant, audio, held_out) for name, variant in told.items()}
    for name, variant in told.items():
        for line in changes(variant, audio, ids, info.genres):
            print(f"{name}: {line}")
    print(pd.DataFrame(report).T.astype(object).to_string(), flush=True)
    print(json.dumps({"model": arguments.model.name, "variants": report}))


if __name__ == "__main__":
    console.run(main)

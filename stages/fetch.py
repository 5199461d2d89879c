"""Fetch the audio: fetch.dataset -> data/raw/<genre>/<file>, data/raw/clips.csv and data/raw/dataset.json.

    python -m stages.fetch

What is in data/raw already and right is kept. A run may be killed at any moment: files are renamed into place,
and dataset.json is written last.
"""

import difflib
import logging
import shutil
import time
from pathlib import Path

import pandas as pd

from genre import console, params, paths
from genre.dataset import catalogue, folder, gtzan, raw
from genre.dataset.mirrors import Sleep
from genre.dataset.raw import Clip, Dataset
from genre.errors import DataError
from genre.params import Params, SampleParams

log = logging.getLogger(__name__)


def fetch(
    chosen: Params, target: Path = paths.RAW, *, tracks: pd.DataFrame | None = None, sleep: Sleep = time.sleep
) -> Dataset:
    """Make the folder `target` the dataset that `chosen.fetch` names.

    Parameters
    ----------
    chosen : Params
        The sections fetch and sample are used.
    target : Path
        Files of another dataset in it are removed. A download under way is in `.fetch` beside it.
    tracks : pd.DataFrame, optional
        GTZAN's catalogue; the project's own by default.
    sleep : callable
        Waits so many seconds before a download is tried again.

    Raises
    ------
    DataError
        Where the dataset is not there, not whole or not usable.
    """
    scratch = target.with_name(".fetch")
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / ".gitignore").write_text("*\n", encoding="utf-8")
    target.mkdir(exist_ok=True)
    name, mirrors = chosen.fetch.dataset, chosen.fetch.mirrors
    if name == "gtzan":
        tracks = catalogue.load() if tracks is None else tracks
        try:
            dataset = gtzan.complete(target, scratch, names=mirrors, tracks=tracks, sleep=sleep)
        except gtzan.NoMirror as problem:
            if chosen.fetch.fallback is None:
                raise
            log.warning(_loudly(str(problem)))
            reason = f"GTZAN could not be had: no mirror could be used ({', '.join(mirrors)})"
            dataset = synthesise(chosen.sample, target, scratch, fallback=reason)
    elif name == "sample":
        dataset = synthesise(chosen.sample, target, scratch)
    else:
        dataset = own_folder(name, target)
    raw.finish(target, dataset, requested=name)
    if dataset.name == "GTZAN" or not any(scratch.glob("*.part")):
        shutil.rmtree(scratch)
    return dataset


def synthesise(chosen: SampleParams, target: Path, scratch: Path, *, fallback: str | None = None) -> Dataset:
    """Make the built-in sample in `target`; `fallback` says what it stands in for."""
    from genre.dataset import sample  # scipy.signal takes longer to import than all else that fetch needs

    made = scratch / "sample"
    shutil.rmtree(made, ignore_errors=True)  # left by a run that was killed
    clips = sample.write(made, params=chosen)
    raw.begin(target, keep=[])
    for clip in clips:
        raw.move(made / clip.path, target / clip.path)
    hashes = raw.in_threads(lambda clip: raw.sha256(target / clip.path), clips, desc="check")
    listed = [
        Clip(clip.clip_id, clip.genre, clip.path, (target / clip.path).stat().st_size, digest, clip.artist)
        for clip, digest in zip(clips, hashes, strict=True)
    ]
    return Dataset("built-in sample", "synthesised", listed, fallback=fallback)


def own_folder(dataset: str, target: Path) -> Dataset:
    """Copy a dataset folder of one's own to `target`."""
    origin = find_folder(dataset)
    here, there = target.resolve(), origin.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise DataError(f"fetch.dataset = {dataset!r} and {target} lie in one another; keep your audio out of {target}")
    audio = folder.read(origin)
    raw.begin(target, keep=[file.path for file in audio])
    taken = there.name.lower() in ("gtzan", "built-in sample")  # nothing may pass for what it is not
    name = f"folder {there.name}" if taken else there.name
    return Dataset(name, "folder", folder.copy(audio, origin, target))


def find_folder(dataset: str) -> Path:
    """The folder that `dataset` means; raises DataError, with a guess at what was meant, where there is none."""
    path = Path(dataset)
    try:
        path = path.expanduser()
        if path.is_dir():
            return path
        what = "is a file" if path.exists() else "does not exist"
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
    except RuntimeError:  # ~nobody
        what = "names a home that does not exist"
    near = difflib.get_close_matches(dataset.lower(), ["gtzan", "sample"], n=1)
    raise DataError(
        f"fetch.dataset = {dataset!r} {what}" + (f"; did you mean {near[0]}?" if near else "") + "\n"
        f"It may be gtzan, sample, or a folder that holds {folder.LAYOUT};\n"
        "a relative path starts at the project's top folder, ~ at your home."
    )


def _loudly(problem: str) -> str:
    stars = "*" * 80
    return (
        f"{stars}\n{problem}\n\nGTZAN IS NOT USED. fetch.fallback = sample: the built-in sample takes its place, music "
        "that\nthe project synthesises itself. Its figures say nothing about GTZAN. When a mirror can be\nreached: "
        f"dvc repro --force fetch, then dvc repro. To stop here instead: fetch.fallback: null.\n{stars}"
    )


def main() -> None:
    dataset = fetch(params.load())
    log.info("%s (%s): %d clips, %d left out", dataset.name, dataset.source, len(dataset.clips), len(dataset.left_out))


if __name__ == "__main__":
    console.run(main)

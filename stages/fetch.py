"""Fetch the audio: fetch.dataset -> data/raw/<genre>/<file>, data/raw/clips.csv and data/raw/dataset.json.

    python -m stages.fetch

Clips that are already in data/raw with the correct bytes are kept. The stage may be killed at any moment: each file is
written under a temporary name, then renamed, and dataset.json is written last.
"""

import difflib
import logging
import os
import shutil
from pathlib import Path

from genre import console, params, paths
from genre.dataset import folder, gtzan, raw
from genre.dataset.raw import Dataset
from genre.errors import DataError
from genre.params import Params, SampleParams

log = logging.getLogger(__name__)


def fetch(chosen: Params) -> Dataset:
    """Fill data/raw with the dataset that `chosen.fetch` names; raises DataError if it is missing or unusable.

    Files of other datasets are removed. Unfinished downloads are kept in `.fetch`, next to data/raw.
    """
    target, scratch = paths.RAW, paths.RAW.with_name(".fetch")
    scratch.mkdir(parents=True, exist_ok=True)
    target.mkdir(exist_ok=True)
    name, mirrors = chosen.fetch.dataset, chosen.fetch.mirrors
    if name == "gtzan":
        try:
            dataset = gtzan.complete(target, scratch, names=mirrors)
        except gtzan.NoMirror as problem:
            if chosen.fetch.fallback is None:
                raise
            log.warning(_banner(str(problem)))
            reason = f"GTZAN could not be downloaded: no mirror could be used ({', '.join(mirrors)})"
            dataset = synthesise(chosen.sample, target, fallback=reason)
    elif name == "sample":
        dataset = synthesise(chosen.sample, target)
    else:
        dataset = copy_user_folder(name, target)
    raw.mark_complete(target, dataset)
    shutil.rmtree(scratch)
    return dataset


def synthesise(chosen: SampleParams, target: Path, *, fallback: str | None = None) -> Dataset:
    """Write the built-in sample to `target`; `fallback` is the reason if it replaces GTZAN."""
    from genre.dataset import sample  # scipy.signal takes longer to import than everything else here

    raw.mark_incomplete(target, keep=[])
    return Dataset("built-in sample", "synthesised", sample.write(target, params=chosen), fallback=fallback)


def copy_user_folder(dataset: str, target: Path) -> Dataset:
    """Copy the user's dataset folder to `target`."""
    origin = find_folder(dataset)
    here, there = target.resolve(), origin.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise DataError(f"fetch.dataset = {dataset!r} and {target} overlap; keep your audio out of {target}")
    contents = folder.read(origin)
    _warn(contents, origin)
    raw.mark_incomplete(target, keep=[file.path for file in contents.audio])
    folder.copy(contents.audio, origin, target)
    reserved = there.name.lower() in ("gtzan", "built-in sample")
    name = f"folder {there.name}" if reserved else there.name
    return Dataset(name, "folder", contents.audio, passed_over=contents.passed_over)


def _warn(contents: folder.Contents, origin: Path) -> None:
    """Warn of unused files by class, of folders without audio, and of classes with names that look alike."""
    for genre, kinds in contents.passed_over.items():
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        log.warning("passed over in %s: %s", origin / genre, counted)
    for name in contents.empty:
        log.warning("%s holds no audio: it is not a class", origin / name)
    for names in folder.similar_names(sorted({file.genre for file in contents.audio})):
        log.warning("the classes %s look alike; if they are one, merge their folders", " and ".join(map(ascii, names)))


def find_folder(dataset: str) -> Path:
    """The folder that `dataset` names; if there is none, raises DataError with a guess at what was meant."""
    path = Path(dataset)
    try:
        path = path.expanduser()
        if path.is_dir():
            return path
        what = "is a file" if path.exists() else "does not exist"
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
    except RuntimeError:  # such as ~nobody
        what = "names a home that does not exist"
    near = difflib.get_close_matches(dataset.lower(), ["gtzan", "sample"], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    in_project = Path(os.environ.get("DVC_ROOT", "")) / path  # if DVC runs this stage in a copy of the project
    if what == "does not exist" and in_project.is_dir():
        hint = f" in this copy of the project; give {in_project.resolve()}"
    raise DataError(
        f"fetch.dataset = {dataset!r} {what}{hint}\n"
        f"It may be gtzan, sample, or a folder that holds {folder.LAYOUT};\n"
        "a relative path starts at the project's top folder, and ~ (in params.yaml only) at your home."
    )


def _banner(problem: str) -> str:
    stars = "*" * 80
    return (
        f"{stars}\n{problem}\n\nGTZAN IS NOT USED. The built-in sample, music that the project synthesises, takes its "
        "place\n(fetch.fallback = sample). Its scores say nothing about GTZAN. When a mirror can be reached:\n"
        f"dvc repro --force fetch, then dvc repro. To stop here instead: fetch.fallback: null.\n{stars}"
    )


def main() -> None:
    dataset = fetch(params.load())
    passed_over = sum(sum(kinds.values()) for kinds in dataset.passed_over.values())
    others = [(len(dataset.left_out), "left out"), (passed_over, "passed over")]
    more = "".join(f", {count} {what}" for count, what in others if count)
    log.info("%s (%s): %d clips%s", dataset.name, dataset.source, len(dataset.clips), more)


if __name__ == "__main__":
    console.run(main, about=__doc__)

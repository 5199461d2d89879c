"""Extract the mel spectrogram of every clip: data/raw/ -> data/features/ and metrics/extract.json.

    python -m stages.extract

Clips are processed in parallel and written in the order of data/raw/clips.csv, so the result does not depend on the
number of processes or where they run. A file that cannot be used is skipped, and listed with the reason in skipped.csv.
"""

import logging
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from genre import console, files, params, paths
from genre.errors import DataError
from genre.features import spectrogram, store, workers
from genre.features.settings import FeatureSettings

log = logging.getLogger(__name__)


def extract(
    raw: Path, out: Path, settings: FeatureSettings, *, n_jobs: int, max_skipped: float, backend: str = "loky"
) -> dict[str, float]:
    """Write the feature folder `out` (see `genre.features.store`) for the clips that `raw`/clips.csv lists.

    Returns the number of clips, skipped files and frames, and the duration of the audio used, in seconds. For `backend`
    and `n_jobs` see `genre.features.workers`. Raises DataError if all files, or more than the fraction
    `max_skipped` (0..1) of them, are skipped, and ClusterError if the cluster cannot be reached or aborts the work.
    """
    listed = files.read_table(raw / "clips.csv")
    rows, skipped, n_longer, n_frames = [], [], 0, 0
    with files.replacing(out) as temporary:
        temporary.mkdir()
        top = raw.resolve()  # workers may run in another folder
        work = partial(spectrogram.read_clip, settings=settings)
        results = workers.map_in_order(work, [top / path for path in listed.path], backend=backend, n_jobs=n_jobs)
        with closing(results), (temporary / "frames.npy").open("wb") as file:
            store.write_header(file, 0, settings)
            progress = tqdm(results, total=len(listed), desc="extract", unit="clip", mininterval=1)
            for clip, result in zip(listed.itertuples(), progress, strict=True):
                if isinstance(result, str):
                    log.warning("skipped %s: %s", raw / clip.path, result)
                    skipped.append({"path": clip.path, "reason": result})
                    continue
                if result.undecoded:
                    log.warning("%s: %s", raw / clip.path, result.undecoded)
                n_longer += not result.is_whole
                seconds = (len(result.frames) - 1) / settings.frames_per_second  # rounded down to a hop
                extent = (n_frames, len(result.frames), round(seconds, 3))
                rows.append((clip.clip_id, clip.genre, clip.artist, clip.sha256, *extent))
                file.write(result.frames.data)
                n_frames += len(result.frames)
            store.write_header(file, n_frames, settings)
        if not rows or len(skipped) > max_skipped * len(listed):
            raise DataError(_too_many(skipped, len(listed), max_skipped))
        if n_longer:
            log.info(
                "%d of %d clips are longer than extract.seconds = %g: only that much of each is used, starting at its "
                "first sound", n_longer, len(listed), settings.seconds,
            )  # fmt: skip
        if any("not installed" in item["reason"] for item in skipped):
            log.warning("after installing ffmpeg, run `dvc repro --force --single-item extract`, then `dvc repro`")
        clips = pd.DataFrame(rows, columns=store.CLIP_COLUMNS)
        files.write_table(temporary / "clips.csv", clips)
        files.write_table(temporary / "skipped.csv", pd.DataFrame(skipped, columns=["path", "reason"]))
        dataset = files.read_json(raw / "dataset.json")
        files.write_json(temporary / "features.json", {"dataset": dataset, "settings": asdict(settings)})
    return {
        "clips": len(rows),
        "skipped": len(skipped),
        "frames": int(clips.n_frames.sum()),
        "seconds": round(float(clips.seconds.sum()), 3),
    }


def _too_many(skipped: list[dict[str, str]], total: int, max_skipped: float) -> str:
    shown = "\n".join(f"  {item['path']}: {item['reason']}" for item in skipped[:10])
    more = f"\n  ... and {len(skipped) - 10} more" if len(skipped) > 10 else ""
    if len(skipped) == total:
        return f"none of the {total} clips can be used; fix these files:\n{shown}{more}"
    return (
        f"{len(skipped)} of {total} clips cannot be used, more than extract.max_skipped = {max_skipped:g} allows; "
        f"fix or remove these files, or raise the parameter:\n{shown}{more}"
    )


def main() -> None:
    chosen = params.load().extract
    summary = extract(
        paths.RAW, paths.FEATURES, FeatureSettings.of(chosen),
        n_jobs=chosen.n_jobs, max_skipped=chosen.max_skipped, backend=chosen.backend,
    )  # fmt: skip
    files.write_json(paths.METRICS / "extract.json", summary)
    log.info(
        "%d clips, %d skipped, %.1f minutes of audio", summary["clips"], summary["skipped"], summary["seconds"] / 60
    )


if __name__ == "__main__":
    console.run(main, about=__doc__)

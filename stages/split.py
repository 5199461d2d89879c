"""Split the clips into three sets and audit leakage: data/features/clips.csv -> data/splits.csv, metrics/split.json.

python -m stages.split
"""

import logging

from genre import console, files, params, paths
from genre.dataset import splits

log = logging.getLogger(__name__)


def main() -> None:
    chosen = params.load().split
    clips = files.read_table(paths.FEATURES / "clips.csv").set_index("clip_id")
    table = splits.split(clips, chosen)
    report = {"protocol": chosen.protocol, **splits.audit(clips, table)}
    files.write_table(paths.SPLITS, table.reset_index())
    files.write_json(paths.METRICS / "split.json", report)
    sizes = ", ".join(f"{part} {size}" for part, size in report["sizes"].items())
    shared = [f"{parts} {count}" for parts, count in report["artists"].items() if count is not None]
    artists = f"artists in both sets: {', '.join(shared)}" if shared else "artists unknown"
    log.info("%s split, clips: %s; %s", chosen.protocol, sizes, artists)


if __name__ == "__main__":
    console.run(main, about=__doc__)

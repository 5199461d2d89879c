"""Split the clips into train, validation and test: data/features/clips.csv -> data/splits.csv, metrics/split.json.

python -m stages.split
"""

import logging
from pathlib import Path

from genre import catalog, console, files, params, splits, tables

CLIPS = Path("data/features/clips.csv")
OUT = Path("data/splits.csv")
METRICS = Path("metrics/split.json")

log = logging.getLogger(__name__)


def main() -> None:
    chosen = params.load().split
    clips = tables.read(CLIPS).set_index("clip_id")
    table = splits.split(clips, chosen, fault_filtered=catalog.published_split(clips, catalog.load()))
    report = {"protocol": chosen.protocol, **splits.audit(clips, table)}
    tables.write(OUT, table.reset_index())
    files.write_json(METRICS, report)
    log.info("%s split: %s; artists on both sides: %s", chosen.protocol, report["sizes"], report["artists"])


if __name__ == "__main__":
    console.run(main)

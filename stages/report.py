"""Report on the last run as one web page that needs nothing else: metrics/, plots/, data/, models/ -> report.html.

    python -m stages.report

No stage of dvc.yaml: it also says at which commit the run was made and what differs from it, which no stage can know.
"""

import logging
from pathlib import Path

from genre import console, files, model_file, provenance, store, tables
from genre.pages.report import Run, page
from genre.prediction import Predictions

FEATURES = Path("data/features")
MODEL = Path("models/model.keras")
PREDICTIONS = Path("plots/predictions.csv")
METRICS = Path("metrics")
PICTURES = Path("plots")
OUT = Path("report.html")

log = logging.getLogger(__name__)


def main() -> None:
    run = Run(
        features=store.read(FEATURES),
        model=model_file.read_info(MODEL),
        predictions=Predictions.of_table(tables.read(PREDICTIONS)),
        scores=files.read_json(METRICS / "evaluate.json"),
        training=files.read_json(METRICS / "train.json"),
        audit=files.read_json(METRICS / "split.json"),
        extraction=files.read_json(METRICS / "extract.json"),
        pictures={path.stem: path.read_bytes() for path in sorted(PICTURES.glob("*.png"))},
        provenance=provenance.read(Path()),
    )
    files.write_text(OUT, page(run))
    log.info("%s: %.1f MB, all in one file", OUT.resolve().as_uri(), OUT.stat().st_size / 1e6)


if __name__ == "__main__":
    console.run(main)

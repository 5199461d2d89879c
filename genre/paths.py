"""The paths of the pipeline's outputs, relative to the project folder; the same as in `dvc.yaml`."""

from pathlib import Path

RAW = Path("data/raw")
FEATURES = Path("data/features")
SPLITS = Path("data/splits.csv")
MODEL = Path("models/model.keras")
EXPORTED_MODEL = Path("models/model.tflite")
CHECKPOINT = Path("models/.checkpoint.npz")
METRICS = Path("metrics")  # one JSON file for each stage that measures something
PLOTS = Path("plots")
CURVES = PLOTS / "training"  # written by dvclive
PREDICTIONS = PLOTS / "predictions.csv"
PER_GENRE = PLOTS / "per_genre.csv"
PLOTS_PAGE = PLOTS / "page.html"  # the page that `dvc plots` fills
REPORT = Path("report.html")
LOCK = Path("dvc.lock")


def is_made_by_pipeline(path: Path) -> bool:
    """Whether `dvc repro`, run in the current folder, makes the file at `path`."""
    outputs = (RAW, FEATURES, SPLITS, MODEL, EXPORTED_MODEL, METRICS, PLOTS, LOCK)
    return any(path.absolute().is_relative_to(output.absolute()) for output in outputs)

"""Where the pipeline keeps what it makes, relative to the project's folder; `dvc.yaml` names the same places."""

from pathlib import Path

RAW = Path("data/raw")
FEATURES = Path("data/features")
SPLITS = Path("data/splits.csv")
MODEL = Path("models/model.keras")
EXPORTED_MODEL = Path("models/model.tflite")
CHECKPOINT = Path("models/.checkpoint.npz")
METRICS = Path("metrics")  # one JSON file for each stage that measures something
PLOTS = Path("plots")
CURVES = PLOTS / "training"  # as dvclive writes them
PREDICTIONS = PLOTS / "predictions.csv"
PER_GENRE = PLOTS / "per_genre.csv"
PLOTS_PAGE = PLOTS / "page.html"  # the page that `dvc plots` fills
REPORT = Path("report.html")
LOCK = Path("dvc.lock")


def is_made_by_pipeline(path: Path) -> bool:
    """Whether `dvc repro`, run in the current folder, makes the file at `path`."""
    made = (RAW, FEATURES, SPLITS, MODEL, EXPORTED_MODEL, METRICS, PLOTS, LOCK)
    return any(path.absolute().is_relative_to(place.absolute()) for place in made)

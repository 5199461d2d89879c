"""The page of `dvc plots` in a real browser with the network off: charts drawn, nothing fetched, no errors."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from genre import paths
from genre.report.plots_page import plots_page
from tests.browser import Visit, visit
from tests.conftest import TOP
from tests.projects import run

CHARTS = [
    "Accuracy per epoch", "Loss per epoch", "Confusion of genres on the test set",
    "F1 per genre on the test set, with 95 % intervals", "Learning rate per epoch",
]  # fmt: skip
CURVES = ("train/accuracy", "train/loss", "validation/accuracy", "validation/loss", "learning_rate")


def write_run(folder: Path, *, epochs: int, source: str) -> None:
    """The files that `dvc plots` draws, as written by train and evaluate."""
    for name in CURVES:
        path = folder / f"plots/training/plots/metrics/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = [0.5 + 0.4 * epoch / epochs for epoch in range(epochs)]
        pd.DataFrame({"step": range(epochs), path.stem: values}).to_csv(path, sep="\t", index=False)
    genres = ["blues", "rock", "two words, and a comma"]
    wrong = pd.DataFrame({"clip_id": range(9), "genre": genres * 3, "predicted": genres * 2 + genres[:1] * 3})
    wrong.to_csv(folder / "plots/predictions.csv", index=False)
    scores = {"precision": 1.0, "recall": 0.8, "f1": 0.9, "f1_low": 0.7, "f1_high": 1.0, "n_clips": 3}
    data = {"dataset": f"clips from {source}", "source": source, "protocol": "fault_filtered"}
    table = pd.DataFrame({"genre": genres, **scores, **data})
    table.to_csv(folder / "plots/per_genre.csv", index=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A repository with the plots of two runs, committed one after the other."""
    folder = tmp_path_factory.mktemp("plots")
    shutil.copytree(TOP / ".dvc/plots", folder / ".dvc/plots")
    shutil.copy(TOP / ".dvc/config", folder / ".dvc/config")
    definitions = (TOP / "dvc.yaml").read_text(encoding="utf-8")
    (folder / "dvc.yaml").write_text(definitions[definitions.index("\nplots:\n") :], encoding="utf-8")
    (folder / ".gitignore").write_text("/plots/page.html\n/dvc_plots\n/.dvc/tmp\n", encoding="utf-8")
    run(folder, "git", "init", "-q")
    for epochs, source in ((4, "kaggle"), (6, "synthesised")):
        write_run(folder, epochs=epochs, source=source)
        run(folder, "git", "add", "-A")
        run(folder, "git", "commit", "-qm", f"{epochs} epochs")
        run(folder, "git", "tag", f"run-{epochs}")
    (folder / paths.PLOTS_PAGE).write_text(plots_page(), encoding="utf-8")
    return folder


def marks(html: str) -> dict[str, int]:
    """The number of lines, bars and cells in each chart, by title."""
    counts = {}
    for card in html.split("<h2>")[1:]:
        title, chart = card.split("</h2>", 1)
        counts[title] = len(re.findall(r'aria-roledescription="(?:line mark|bar|rect mark)"', chart))
    return counts


def sides(html: str, mark: str) -> list[float]:
    """The height of each mark of a kind, in pixels."""
    return [float(high) for high in re.findall(rf'aria-roledescription="{mark}" d="M[^vh]*h[-\d.]+v([\d.]+)', html)]


def test_requests_and_errors_of_a_page_are_noticed(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>here</p><script src='https://cdn.jsdelivr.net/npm/vega@5'></script><script>nonsense()</script>")
    seen = visit(page)
    assert seen.text("p") == ["here"]
    assert seen.requests == ["cdn.jsdelivr.net:443"]
    assert len(seen.console) == 1 and "nonsense is not defined" in seen.console[0]


@pytest.fixture(scope="module")
def shown(project) -> Visit:
    run(project, "dvc", "plots", "show")
    return visit(project / "dvc_plots/index.html")


def test_dvc_plots_show_draws_every_chart_once_without_a_network(shown):
    assert shown.console == shown.requests == []
    assert shown.text("h2") == CHARTS
    assert list(marks(shown.html).values()) == [2, 2, 9, 3, 1]
    assert len([svg for svg in shown.elements("svg") if "marks" in svg.get("class", "")]) == len(CHARTS)


def test_a_matrix_of_few_genres_has_large_cells_and_the_bars_beside_it_are_as_far_apart(shown):
    assert sides(shown.html, "rect mark") == [44] * 9
    assert sides(shown.html, "bar") == pytest.approx([34] * 3, abs=2)  # and a gap of about 10


def test_a_matrix_of_many_genres_shrinks_to_its_card_as_long_as_its_counts_can_be_read(project, tmp_path):
    genres = 30
    # No clip is predicted as the last genre, which has a column all the same.
    rows = [{"rev": "workspace", "genre": f"g{n}", "predicted": f"g{n % (genres - 1)}"} for n in range(genres)]
    spec = (TOP / ".dvc/plots/confusion_of_genres.json").read_text(encoding="utf-8")
    for name, value in (("X", "predicted"), ("Y", "genre"), ("X_LABEL", "predicted"), ("Y_LABEL", "true")):
        spec = spec.replace(f"<DVC_METRIC_{name}>", value)
    chart = spec.replace('"<DVC_METRIC_DATA>"', json.dumps(rows))
    page = (project / paths.PLOTS_PAGE).read_text(encoding="utf-8")
    page = page.replace("{plot_divs}", f'<div id="m"></div><script>vegaEmbed("#m", {chart})</script>')
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    seen = visit(tmp_path / "page.html", "--window-size=600,800")
    assert seen.console == [] and sides(seen.html, "rect mark") == [24] * genres**2


def test_the_page_of_dvc_plots_says_what_was_run_and_warns_of_the_built_in_sample(shown):
    assert shown.text("title") == ["workspace: clips from synthesised (synthetic), fault-filtered split"]
    assert [item["class"] for item in shown.elements("li") if "style" in item] == ["synthetic"]


@pytest.mark.slow
def test_dvc_plots_diff_overlays_two_runs(project):
    run(project, "dvc", "plots", "diff", "run-4", "run-6")
    seen = visit(project / "dvc_plots/index.html", "--window-size=390,800", "--blink-settings=preferredColorScheme=0")
    assert seen.console == seen.requests == []
    assert sorted(marks(seen.html).values()) == [2, 4, 4, 6, 18]
    assert seen.text("b") == ["run-4", "run-6"]
    assert seen.text("title") == [
        "run-4 (clips from kaggle, fault-filtered split) and "
        "run-6 (clips from synthesised (synthetic), fault-filtered split)"
    ]

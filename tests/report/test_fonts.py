import logging

import pytest
from matplotlib.figure import Figure

from genre.report.charts import style


@style.styled
def draw(*names: str) -> Figure:
    figure = Figure()
    for name in names:
        figure.text(0, 0, name)
    return figure


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        ("\u23d0", []),  # of matplotlib's own fonts, only STIX has it
        ("\U00013000", ["x.png: some names have letters that no font here has"]),  # an Egyptian hieroglyph
    ],
)
def test_letters_missing_from_the_usual_font_come_from_another_or_are_reported_once(
    letter, said, caplog, recwarn, tmp_path
):
    figure = draw(f"a {letter}", letter)
    with caplog.at_level(logging.WARNING):
        style.save(figure, tmp_path / "x.png")
    assert [record.message.removeprefix(f"{tmp_path}/").split(";")[0] for record in caplog.records] == said
    assert not recwarn.list

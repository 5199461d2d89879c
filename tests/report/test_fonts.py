import logging
from pathlib import Path

import matplotlib
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from genre.report.charts import fonts, style

IN_STIX = "\u23d0"  # a letter that of matplotlib's own fonts only STIX has
NOWHERE = "\U00013000"  # an Egyptian hieroglyph


@pytest.fixture(autouse=True)
def own_fonts_alone(monkeypatch):
    """Only the fonts that come with matplotlib are installed."""
    own = [entry for entry in font_manager.fontManager.ttflist if matplotlib.get_data_path() in entry.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


@style.styled
def draw(name: str) -> Figure:
    figure = Figure()
    figure.text(0, 0, name)
    return figure


def family(figure: Figure) -> list[str]:
    return figure.findobj(Text)[0].get_fontfamily()


def test_letters_that_the_usual_font_lacks_come_from_one_that_has_them():
    assert family(draw("jazz")) == ["DejaVu Sans"]
    assert family(draw(f"jazz {IN_STIX}")) == ["DejaVu Sans", "STIXGeneral"]


def test_letters_that_no_font_has_are_said_once(caplog, recwarn, tmp_path):
    fonts._warn.cache_clear()
    with caplog.at_level(logging.WARNING):
        for number, name in enumerate((f"a{NOWHERE}", f"b{NOWHERE}{IN_STIX}")):
            style.save(draw(name), Path(tmp_path, f"{number}.png"))
    assert [record.message[:44] for record in caplog.records] == ["some names have letters that no installed fo"]
    assert not recwarn.list

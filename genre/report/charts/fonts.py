"""Fonts for names with letters that DejaVu Sans, matplotlib's own font, lacks: Chinese, Japanese, Thai and so on."""

import functools
import logging

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry
from matplotlib.text import Text

MAIN = "DejaVu Sans"  # comes with matplotlib: the same on every machine

log = logging.getLogger(__name__)


def families(figure: Figure) -> list[str]:
    """The font families that a figure's texts need: DejaVu Sans, and installed ones for what it lacks.

    Letters that no installed font has are drawn as boxes, and a warning is logged once.
    """
    letters = {letter for text in figure.findobj(Text) for letter in text.get_text() if letter.isprintable()}
    lacking = frozenset(map(ord, letters)) - _letters(font_manager.findfont(MAIN))
    return [MAIN, *(_covering(lacking) if lacking else ())]


@functools.cache
def _covering(lacking: frozenset[int]) -> list[str]:
    """As few installed families as hold those of the letters that any of them holds."""
    logging.getLogger(font_manager.__name__).setLevel(logging.ERROR)  # few of them have a bold face
    chosen = []
    candidates = _installed()
    while lacking:
        best = max(candidates, key=lambda entry: (len(lacking & _letters(entry.fname)), *_plainness(entry)))
        if not lacking & _letters(best.fname):
            _warn()
            break
        chosen.append(best.name)
        lacking -= _letters(best.fname)
    return chosen


def _installed() -> list[FontEntry]:
    """Matplotlib's list of fonts, with those that were installed since it was made."""
    manager = font_manager.fontManager
    for path in sorted({*font_manager.findSystemFonts()} - {entry.fname for entry in manager.ttflist}):
        try:
            manager.addfont(path)
        except (RuntimeError, NotImplementedError, OSError):  # not scalable, such as emoji in colour, or damaged
            continue
    return [entry for entry in manager.ttflist if not entry.name.startswith((".", "Last Resort"))]


def _plainness(entry: FontEntry) -> tuple[bool, ...]:
    return (entry.weight in (400, "normal"), entry.style == "normal", entry.index == 0, "Sans" in entry.name)


@functools.cache
def _letters(path: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(path).get_charmap())


@functools.cache
def _warn() -> None:
    log.warning("some names have letters that no installed font has; install one, such as Noto Sans CJK, to see them")

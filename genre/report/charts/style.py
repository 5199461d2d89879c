"""Shared by all charts: style, one colour per genre, a header naming the data, and byte-reproducible PNG files."""

import logging
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib import font_manager
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from genre.console import printable
from genre.files import replacing

log = logging.getLogger(__name__)

DPI = 150
INK = "#1f2430"
MUTED = "#667085"
GRID = "#e4e7ec"
WARNING = "#b42318"  # header colour for synthetic data
CHARACTERS = {"bold": 105, "normal": 130}  # per inch at a font size of one point; wide ones count twice
CHIP = "\u25a0"  # a square in the genre's colour, as coloured text is hard to read

# Fallbacks for glyphs that matplotlib's default font lacks: fonts of Linux, macOS and Windows, and one for symbols.
_FONTS = (
    "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Noto Sans Thai", "Noto Sans Devanagari", "Arial Unicode MS",
    "Microsoft YaHei", "Malgun Gothic", "Leelawadee UI", "Nirmala UI", "STIXGeneral",
)  # fmt: skip
_MISSING_GLYPH = (  # replaces matplotlib's warning per glyph; matplotlib caches the list of installed fonts
    "some names have letters that no font here has; to see them, install one such as Noto Sans CJK, and empty "
    f"{matplotlib.get_cachedir()}"
)
logging.getLogger(font_manager.__name__).setLevel(logging.ERROR)  # no warnings about fallbacks without a bold face
_STYLE = {
    "font.family": ["DejaVu Sans", *(name for name in _FONTS if name in font_manager.get_font_names())],
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is not math
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
}

PALETTE = matplotlib.color_sequences["petroff10"]  # distinguishable by colour-blind readers: arXiv:2107.02270


@dataclass(frozen=True)
class Data:
    """The dataset behind a chart; `str` gives its line in the header."""

    name: str
    source: str  # as in dataset.json
    protocol: str  # split protocol

    @property
    def synthetic(self) -> bool:
        return self.source == "synthesised"

    def __str__(self) -> str:
        name = shorten(self.name, 48)
        if self.synthetic:
            name = f"{name[:1].upper()}{name[1:]} (synthetic)"
        return f"{name}, {self.protocol.replace('_', '-')} split"


# Decorator for drawing functions: makes their output independent of the user's matplotlib settings.
styled = matplotlib.style.context(["default", _STYLE])


def new_figure(
    width: float, height: float, title: str, data: Data, *, about: str = "", detail: str = "", dpi: int = DPI
) -> Figure:
    """An empty figure below a header: title, then `about` and data (in red if synthetic), then `detail`.

    `width` and `height` are in inches, excluding the header; long header lines are wrapped.
    """
    texts: tuple[tuple[str, float, dict[str, Any]], ...] = (
        (title, 12.5, {"weight": "bold"}),
        (f"{about}{data}", 9.5, {"weight": "bold", "color": WARNING if data.synthetic else INK}),
        (detail, 8.5, {"color": MUTED}),
    )
    lines, top = [], 0.12
    for text, size, look in texts:
        max_columns = CHARACTERS[look.get("weight", "normal")] * (width - 0.24) / size
        padded = "".join(letter + "\0" * (columns(letter) - 1) for letter in text)  # textwrap counts characters
        for line in textwrap.wrap(padded, int(max_columns)):
            lines.append((top, line.replace("\0", ""), {"size": size, **look}))
            top += 1.55 * size / 72
    header = top + 0.08
    height += header
    below = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - header / height), w_pad=0.08, h_pad=0.08)
    figure = Figure((width, height), dpi=dpi, layout=below)
    for top, line, look in lines:
        figure.text(0.12 / width, 1 - top / height, line, ha="left", va="top", **look).set_in_layout(False)
    return figure


def genre_colours(genres: Sequence[str]) -> dict[str, str]:
    """A colour for each genre, by alphabetical position; after the ten of the palette come darker, then paler ones."""
    colours = {}
    for number, genre in enumerate(sorted(genres)):
        cycle, hue = divmod(number, len(PALETTE))
        target, amount = ((0.0, 0.0), (0.0, 0.45), (1.0, 0.55))[cycle % 3]
        red, green, blue = (target * amount + part * (1 - amount) for part in to_rgb(PALETTE[hue]))
        colours[genre] = to_hex((red, green, blue))
    return colours


def shorten(text: str, length: int, *, head: int | None = None) -> str:
    """`text`, cut to at most `length` columns with an ellipsis after the first `head`; a wide character takes two.

    Characters that cannot be printed are escaped.
    """
    text = printable(text)
    if columns(text) <= length:
        return text
    head = (length - 1) * 2 // 3 if head is None else head
    return f"{_cut(text, head).rstrip()}\u2026{_cut(text[::-1], length - 1 - head)[::-1].lstrip()}"


def columns(text: str) -> int:
    """Display width of a text; wide (East Asian) characters count twice."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _cut(text: str, length: int) -> str:
    while columns(text) > length:
        text = text[:-1]
    return text


def short_names(names: Sequence[str], length: int) -> dict[str, str]:
    """Shorten names to `length` columns, cutting where they stay distinct; if nowhere, number them."""
    for head in sorted(range(1, length - 1), key=lambda head: abs(head - (length - 1) * 2 // 3)):
        cut = {name: shorten(name, length, head=head) for name in names}
        if len(set(cut.values())) == len(names):
            return cut
    return {name: shorten(f"{number} {name}", length) for number, name in enumerate(names, start=1)}


@styled
def save(figure: Figure, path: Path) -> None:
    """Write `figure` as a PNG file; the same figure gives the same bytes."""
    with replacing(path) as temporary, warnings.catch_warnings(record=True) as caught:
        figure.savefig(temporary, format="png", metadata={"Software": None})  # omit matplotlib's version
    for message in {re.sub("Glyph .*", _MISSING_GLYPH, str(warning.message)) for warning in caught}:
        log.warning("%s: %s", path, message)

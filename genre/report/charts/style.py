"""What all pictures share: one look, one colour per genre, a header that names the data, files with stable bytes."""

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
WARNING = "#b42318"  # of the header of synthetic data
CHARACTERS = {"bold": 105, "normal": 130}  # of one point that fit into an inch; a wide one counts twice
CHIP = "\u25a0"  # a square in the genre's colour, so that no text has to be read in it

# After matplotlib's own font, for letters that it lacks: fonts of Linux, macOS and Windows, and one for symbols.
_FONTS = (
    "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Noto Sans Thai", "Noto Sans Devanagari", "Arial Unicode MS",
    "Microsoft YaHei", "Malgun Gothic", "Leelawadee UI", "Nirmala UI", "STIXGeneral",
)  # fmt: skip
_NO_FONT = (  # for what matplotlib says of each letter; it lists the fonts that are installed when it runs first
    "some names have letters that no font here has; to see them, install one such as Noto Sans CJK, and empty "
    f"{matplotlib.get_cachedir()}"
)
logging.getLogger(font_manager.__name__).setLevel(logging.ERROR)  # few of them have a bold face
_STYLE = {
    "font.family": ["DejaVu Sans", *(name for name in _FONTS if name in font_manager.get_font_names())],
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
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

PALETTE = matplotlib.color_sequences["petroff10"]  # colour-blind people can tell them apart: arXiv:2107.02270


@dataclass(frozen=True)
class Data:
    """The data behind a picture; `str` gives the header's line on them."""

    name: str
    source: str  # as in dataset.json
    protocol: str  # of the split

    @property
    def synthetic(self) -> bool:
        return self.source == "synthesised"

    def __str__(self) -> str:
        name = shorten(self.name, 48)
        if self.synthetic:
            name = f"{name[:1].upper()}{name[1:]} (synthetic)"
        return f"{name}, {self.protocol.replace('_', '-')} split"


# Decorates what draws: it looks the same whatever matplotlib's settings on this machine are.
styled = matplotlib.style.context(["default", _STYLE])


def new_figure(
    width: float, height: float, title: str, data: Data, *, about: str = "", detail: str = "", dpi: int = DPI
) -> Figure:
    """An empty figure, and above it a header: title, data (after `about`), in red where they are synthetic, `detail`.

    `width` and `height` are in inches, without the header's height; the header's lines are wrapped.
    """
    texts: tuple[tuple[str, float, dict[str, Any]], ...] = (
        (title, 12.5, {"weight": "bold"}),
        (f"{about}{data}", 9.5, {"weight": "bold", "color": WARNING if data.synthetic else INK}),
        (detail, 8.5, {"color": MUTED}),
    )
    lines, top = [], 0.12
    for text, size, look in texts:
        fitting = CHARACTERS[look.get("weight", "normal")] * (width - 0.24) / size
        stretched = "".join(letter + "\0" * (columns(letter) - 1) for letter in text)  # textwrap counts characters
        for line in textwrap.wrap(stretched, int(fitting)):
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
    """The colour of each genre, by its position in alphabetical order; after ten come darker and then paler ones."""
    colours = {}
    for number, genre in enumerate(sorted(genres)):
        turn, hue = divmod(number, len(PALETTE))
        towards, amount = ((0.0, 0.0), (0.0, 0.45), (1.0, 0.55))[turn % 3]
        red, green, blue = (towards * amount + part * (1 - amount) for part in to_rgb(PALETTE[hue]))
        colours[genre] = to_hex((red, green, blue))
    return colours


def shorten(text: str, length: int, *, head: int | None = None) -> str:
    """`text`, or its first `head` and last characters around an ellipsis where it is wider than `length`.

    A wide character, such as a Chinese one, counts twice; what cannot be printed is escaped.
    """
    text = printable(text)
    if columns(text) <= length:
        return text
    head = (length - 1) * 2 // 3 if head is None else head
    return f"{_cut(text, head).rstrip()}\u2026{_cut(text[::-1], length - 1 - head)[::-1].lstrip()}"


def columns(text: str) -> int:
    """The width of a text in ordinary characters."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def _cut(text: str, length: int) -> str:
    while columns(text) > length:
        text = text[:-1]
    return text


def short_names(names: Sequence[str], length: int) -> dict[str, str]:
    """Each name cut to `length` characters at a point where they stay different; if there is none, with a number."""
    for head in sorted(range(1, length - 1), key=lambda head: abs(head - (length - 1) * 2 // 3)):
        cut = {name: shorten(name, length, head=head) for name in names}
        if len(set(cut.values())) == len(names):
            return cut
    return {name: shorten(f"{number} {name}", length) for number, name in enumerate(names, start=1)}


@styled
def save(figure: Figure, path: Path) -> None:
    """Write `figure` as PNG; the same figure gives the same bytes."""
    with replacing(path) as temporary, warnings.catch_warnings(record=True) as caught:
        figure.savefig(temporary, format="png", metadata={"Software": None})  # else its version is in the file
    for message in {re.sub("Glyph .*", _NO_FONT, str(warning.message)) for warning in caught}:
        log.warning("%s: %s", path, message)

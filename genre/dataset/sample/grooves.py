"""The rhythms of each genre: drum patterns, bass lines, comping and the rhythms of melodies.

A rhythm is a string, spread evenly over one bar: `X` accent, `x` note, `o` soft note, `.` rest; a digit is
a note on that degree of the chord. Twelve letters in a bar of four beats are triplets, sixteen are sixteenths.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Groove:
    """One bar's rhythm: what each drum strikes, and the patterns among which the parts of each role choose."""

    drums: Mapping[str, str]
    bass: tuple[str, ...]
    comp: tuple[str, ...]
    lead: tuple[str, ...]
    arp: tuple[str, ...] = ("1.3.5.8.5.3.5.3.",)
    pad: tuple[str, ...] = ("x",)
    beats: int = 4
    swing: Range = (0.0, 0.06)  # 0 straight, 1/3 triplets
    swung: float = 0.5  # the unit that swings, in beats


_BLUES_LEADS = ("..xx.xx.....", "x.xx.x......", "...x.xx.xx..", "xxx..x......", "......xxx.x.")
_FOUR = "X...X...X...X..."
_BACKBEAT = "....X.......X..."
_EIGHTHS = "x.x.x.x.x.x.x.x."

GROOVES = {
    "blues": (
        Groove(
            {"kick": "X.....x....x", "snare": "...X.....X..", "hat": "x.ox.ox.ox.o"},
            bass=("1..3..5..6..", "1.11.15.55.5", "1..1..5..6..", "1..5..8..5.."),
            comp=("x.ox.ox.ox.o", "...x.....x..", "x....o......"),
            lead=_BLUES_LEADS,
            arp=("1.35.68.65.3", "1.51.61.51.5"),
        ),
        Groove(
            {"kick": "X....x......", "rim": "......X.....", "ride": "xooxooxooxoo"},
            bass=("1.....5.....", "1....11....5", "1..1..5..6.."),
            comp=("x..o..x..o..", "xoooooxooooo", "......x....."),
            lead=_BLUES_LEADS,
            arp=("135853135853",),
        ),
        Groove(
            {"kick": "X.....x.X.......", "snare": _BACKBEAT, "hat": _EIGHTHS},
            bass=("1...1.5.6...5...", "1.1.3.3.5.5.6.5."),
            comp=("x.x.o.x.x.x.o.x.", "..x...x...x...x."),
            lead=("..x.x.x.........", "x.xxx...x.......", "....x.x.x.x....."),
            swing=(0.05, 0.3),
        ),
    ),
    "classical": (
        Groove(
            {},
            bass=("1.......5.......", "1...............", "1...3...5...3..."),
            comp=("1.5.3.5.1.5.3.5.", "1535153515351535", "..x...x...x...x.", "x.......x......."),
            lead=("x...x...x.x.x...", "x.......x...x...", "x.xxx.x.x.xxx.x.", "x.....x.x......."),
            arp=("135853135853135.", "1.3.5.8.9.8.5.3."),
            pad=("x", "x.......x......."),
        ),
        Groove(
            {},
            bass=("1...........", "1...5...5..."),
            comp=("....x...x...", "1.5.3.5.3.5.", "135135135135"),
            lead=("x...x...x...", "x.......x.x.", "x.x.x.x.x.x.", "x..........."),
            arp=("1.3.5.8.5.3.", "135853135853"),
            beats=3,
        ),
    ),
    "country": (
        Groove(
            {"kick": "X...x...X...x...", "snare": "..o...X...o...X.", "hat": _EIGHTHS},
            bass=("1.......5.......", "1...1...5...5...", "1.......5.....3."),
            comp=("....x.......x...", "1...x.x.5...x.x.", "x.x.x.xxx.x.x.xx"),
            lead=("x.x.x...x.......", "....x.x.x.x.x...", "x...x.x.x......."),
            arp=("1358135813581358", "3518351835183518"),
        ),
        Groove(
            {"kick": "X.......X.......", "snare": "oxoxXxoxoxoxXxox"},
            bass=("1...5...1...5...", "1...1...5...5..."),
            comp=("1...x...5...x...", "..x...x...x...x."),
            lead=("x.x.x.x.x.......", "x.xxx.x.........", "....x.x.x.......", "xxxxxxxxx......."),
            arp=("1358135813581358", "8531853185318531"),
        ),
        Groove(
            {"kick": "X...........", "snare": "....x...x...", "hat": "x.x.x.x.x.x."},
            bass=("1...........", "1...5...5..."),
            comp=("....x...x...", "x...x.x.x.x."),
            lead=("x...x...x...", "x.....x.x...", "x.x.x......."),
            arp=("1.3.5.8.5.3.",),
            beats=3,
        ),
    ),
    "disco": (
        Groove(
            {"kick": _FOUR, "snare": _BACKBEAT, "open": "..x...x...x...x.", "hat": "xo.oxo.oxo.oxo.o"},
            bass=("1.8.1.8.1.8.1.8.", "1..1..8.1..1..8.", "1...1.8.5.7.8..."),
            comp=("..x...xo..x...xo", "x.ox.ox.x.ox.oxo", "xoxoxoxoxoxoxoxo"),
            lead=("x..x..x.........", "....x.x.x.x.....", "x...x..x..x.....", "xxxx........x.x."),
            arp=("1.5.8.5.1.5.8.5.",),
        ),
        Groove(
            {"kick": _FOUR, "clap": _BACKBEAT, "open": "..X...X...X...X.", "tambourine": "xoxoxoxoxoxoxoxo"},
            bass=("..1...1...1...1.", "1.1.8.1.1.1.8.7.", "1..8..1.5..8..5."),
            comp=("..x...x...x...x.", "x..x..x..x..x.x."),
            lead=("x..x..x..x......", "x.......x.x.x...", "..x.x.x........."),
            arp=("1358535813585358",),
        ),
    ),
    "hiphop": (
        Groove(
            {"kick": "X.....x...x.....", "snare": _BACKBEAT, "hat": _EIGHTHS},
            bass=("1.....1...1.....", "1.........5.....", "1..1......7..5.."),
            comp=("x.......x..x....", "x...............", "1.5.8...7...5..."),
            lead=("x.xxx.x.xxx.x.x.", "xx.xx.xxxx.xx.x.", "..xxx.xxx.xxx.xx", "x.x.x.xxx.x.x..."),
            arp=("1...5...8...5...", "1.3.5...8.......", "8..5..3.8..5...."),
            swing=(0.0, 0.3),
            swung=0.25,
        ),
        Groove(
            {"kick": "X..x......xx....", "clap": _BACKBEAT, "hat": "xoxoxoxoxoxoxoxx"},
            bass=("1..1......11....", "1.........1.....", "1...............", "1.....8...7....."),
            comp=("..x.....x.......", "x..x..x.........", "8...7...5...3..."),
            lead=("xxx.xxx.xxx.xx..", "x.xxx.xxx.xx.xx.", "xxxxx...xxxxx...", "..x.xxxxx.x.xx.."),
            arp=("1.8.5.8.1.8.5.8.", "8...8.5.3......."),
            swing=(0.0, 0.25),
            swung=0.25,
        ),
    ),
    "jazz": (
        Groove(
            {"ride": "X..x.xX..x.x", "hat": "...x.....x..", "kick": "o..o..o..o..", "snare": ".....o......"},
            bass=("1..3..5..7..", "1..2..3..5..", "8..7..5..3..", "1..5..6..7..", "1..3..6..5.."),
            comp=("x....x......", ".....x...x..", "...x.....x..", "x...........", "..x..x......"),
            lead=("x.xx.xx.xx.x", "..xx.xx.x...", "x..x.xx.....", "...x.xx.xx.x", "x.....x.xx.."),
            arp=("1.35.78.75.3",),
        ),
        Groove(
            {"ride": "x.x.x.x.x.x.x.x.", "rim": "x..x...x..x.....", "kick": "x.....x.x.....x."},
            bass=("1.....5.8.....5.", "1...5...1...5..."),
            comp=("x..x...x..x.....", "..x..x....x..x..", "x.....x........."),
            lead=("x.x.x.x.x.......", "..x.x.x...x.x...", "x.....x.x.x....."),
            arp=("1.3.5.7.8.7.5.3.",),
        ),
        Groove(
            {"ride": "x.....x...x.", "snare": "oooooooooooo", "hat": "....x......."},
            bass=("1...5...7...", "1...3...5..."),
            comp=("x.......x...", "......x....."),
            lead=("x.x.x.x.x.x.", "..x...x.x...", "x.....x....."),
            beats=3,
            swing=(0.15, 0.33),
        ),
    ),
    "metal": (
        Groove(
            {"kick": "xxxxxxxxxxxxxxxx", "snare": _BACKBEAT, "ride": "x...x...x...x...", "crash": "x..............."},
            bass=("1.1.1.1.1.1.1.1.", "1111111111111111"),
            comp=("1.111.111.111.11", "1111111111111111", "x.......x......."),
            lead=("x...x...x...x...", "xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.....", "x.......x......."),
            arp=("1858385818583858",),
        ),
        Groove(
            {"kick": "X.xx..x.X.xx..x.", "snare": _BACKBEAT, "open": "x...x...x...x..."},
            bass=("1.11..1.1.11..1.", "1.1.1.1.1.1.1.1."),
            comp=("X.11..x.1.11..x.", "x..x..x...x.x...", "x.11x.11x.11x.xx"),
            lead=("x...x.x.x.......", "x.xxx.xxx.xxx.xx", "x.......x...x..."),
            arp=("1.5.8.5.3.5.8.5.",),
        ),
        Groove(
            {"kick": "X...............", "snare": "........X.......", "open": "x...x...x...x..."},
            bass=("1.......1.......", "1.1.1.1.1.1.1.1."),
            comp=("x...............", "x.......x.......", "x.....x.........", "x...11x...11x..."),
            lead=("x.......x.......", "x...x...x.......", "x..............."),
        ),
    ),
    "pop": (
        Groove(
            {"kick": "X.......X.x.....", "snare": _BACKBEAT, "hat": _EIGHTHS},
            bass=("1.1.1.1.1.1.1.1.", "1.......1.1.....", "1.....1.1.....5."),
            comp=("x...x...x...x...", "x..x..x.x..x..x.", "x.......x.......", "xoxoxoxoxoxoxoxo"),
            lead=("x.x.x.x.x.......", "..x.x.xxx.x.....", "x...x.x...x.x...", "xx.xx.x........."),
        ),
        Groove(
            {"kick": _FOUR, "clap": _BACKBEAT, "hat": "..x...x...x...x.", "shaker": "oxoxoxoxoxoxoxox"},
            bass=("..1...1...1...1.", "1..1..1.1..1..1.", "1.1.1.1.1.1.1.1."),
            comp=("x..x..x...x..x..", "..x...x...x...x.", "x.......x......."),
            lead=("x..x..x.x.......", "x.x.x...x.x.x...", "....x.x.x.x.x.x.", "x...x...x......."),
            arp=("1.5.8.5.1.5.8.5.", "1358535813585358"),
        ),
    ),
    "reggae": (
        Groove(
            {"kick": "........X.......", "rim": "........X.......", "hat": "x.o.x.o.x.o.x.o."},
            bass=("1.....1.3...5...", "1...1.5.........", "..1.1...5.5.3...", "1..1..3..5......"),
            comp=("....x.......x...", "....x.......x.x."),
            lead=("x...x.x.x.......", "..x.x.x.........", "x.....x...x.....", "x.x.x...x.x....."),
            arp=("..1.5...8.5.....",),
            swing=(0.0, 0.25),
        ),
        Groove(
            {"kick": "X...X...X...X...", "snare": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
            bass=("1...1...5...3...", "1.......1.3.5...", "....1.1.3...5..."),
            comp=("..x...x...x...x.", "..xx..xx..xx..xx"),
            lead=("x...x.x.x.......", "....x.x.x.......", "x.x.x...x......."),
            swing=(0.0, 0.25),
        ),
        Groove(
            {"kick": "X.......X.......", "rim": "........X..x....", "hat": "o.x.o.x.o.x.o.x.",
             "conga": "..o...o...o.o.o."},
            bass=("1..1....5..3....", "1.....5.8...5...", "..1.3.5........."),
            comp=("..x...x...x...x.", "....x.......x..."),
            lead=("x...x.x.x.......", "..x.x.x...x.x...", "x.....x........."),
            swing=(0.0, 0.25),
        ),
    ),
    "rock": (
        Groove(
            {"kick": "X.....x.X.......", "snare": _BACKBEAT, "hat": _EIGHTHS, "crash": "x..............."},
            bass=("1.1.1.1.1.1.1.1.", "1.....1.1...5...", "1...1...1.1.7.5."),
            comp=("x.x.x.x.x.x.x.x.", "x..x..x...x.x...", "x.......x.x.x...", "x.x.o.x.x.x.o.x."),
            lead=("x.x.x...x.......", "..x.x.x.x.x.....", "x...x.x.x.......", "xxx.x.x........."),
        ),
        Groove(
            {"kick": "X...X...X...X...", "snare": _BACKBEAT, "open": "x...x...x...x..."},
            bass=("1.1.1.1.1.1.1.1.", "1.1.1.1.3.3.5.5."),
            comp=("xoxoxoxoxoxoxoxo", "x.x.x.x.x.x.x.x.", "x..............."),
            lead=("x...x...x.......", "x.x.x.x.x.......", "....x.x.x.x....."),
        ),
        Groove(
            {"kick": "X.x.....X.x.....", "snare": _BACKBEAT, "ride": _EIGHTHS, "cowbell": "x...x...x...x..."},
            bass=("1.1...1.1.1...7.", "1...5...8...7..."),
            comp=("x.x...x.x.x.....", "x...x..x..x.x...", "1.5.8.5.3.5.8.5."),
            lead=("x.xxx...x.......", "..x.x.x.........", "x.x.x.x.........", "x.......x.x.x..."),
        ),
    ),
}  # fmt: skip

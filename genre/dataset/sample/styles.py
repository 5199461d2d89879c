"""The ten genres as data: tempo, harmony, rhythms, instruments and sound of each.

A rhythm is a string spread evenly over a bar of four beats, so that sixteen letters are sixteenth notes and twelve are
triplets: `X` accent, `x` note, `o` soft note, `.` rest. For instruments, these play the chord; a digit plays a degree
of the scale above the chord's root (1 root, 3 third, 8 octave), and `m` the next note of a melody.
"""

from dataclasses import dataclass

Range = tuple[float, float]

# Semitones above the tonic.
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


@dataclass(frozen=True)
class Part:
    """A musician: instruments and rhythms to choose from, lowest tonic (MIDI number), level in dB, and habits."""

    instruments: tuple[str, ...]
    rhythms: tuple[str, ...]
    low: int
    level: float
    gate: Range = (0.6, 1.0)  # fraction of its time for which a note is held
    chance: float = 0.8  # probability that the musician plays


@dataclass(frozen=True)
class Style:
    """The options and ranges of a genre, from which each song is drawn."""

    tempo: Range  # in beats per minute
    harmony: tuple[tuple[str, str], ...]  # options: scale, and the degree of each bar's chord
    drums: tuple[dict[str, str], ...]  # options: a rhythm for each drum
    parts: tuple[Part, ...]
    neighbours: tuple[str, ...]  # genres from which a song may borrow
    tones: int = 3  # per chord: 2 for root and fifth, 3 for triads, 4 for seventh chords
    drummer: float = 0.95  # probability of drums
    drum_level: float = 0.0  # in dB
    tilt: Range = (-1.0, 1.0)  # in dB per octave, around 1 kHz
    lowpass: Range = (7000, 11000)  # in Hz
    reverb: Range = (0.05, 0.35)  # level of the reverberation relative to the dry sound


_BACKBEAT = "....X.......X..."
_EIGHTHS = "x.x.x.x.x.x.x.x."
_FOUR = "X...X...X...X..."

STYLES = {
    "blues": Style(
        tempo=(62, 132),
        harmony=(("mixolydian", "141144115411"), ("dorian", "1111441154"), ("mixolydian", "1111444415")),
        tones=4,
        drums=(
            {"kick": "X.....x....x", "snare": "...X.....X..", "hat": "x.ox.ox.ox.o"},
            {"kick": "X.....x.X.......", "snare": _BACKBEAT, "hat": _EIGHTHS},
            {"kick": "X....x......", "rim": "......X.....", "ride": "xooxooxooxoo"},
        ),
        parts=(
            Part(("upright bass", "electric bass"), ("1..3..5..6..", "1.11.15.55.5", "1...1.5.6...5..."), 31, -2),
            Part(("steel guitar", "crunch guitar", "clean guitar"), ("x.ox.ox.ox.o", "...x.....x.."), 50, -6),
            Part(("piano", "organ"), ("x..o..x..o..", "......x....."), 55, -9, chance=0.5),
            Part(("harmonica", "lead guitar", "voice", "saxophone"), ("..mm.mm.....", "m.mm.m......"), 60, -2),
        ),
        neighbours=("jazz", "rock", "country"),
        drummer=0.75,
        tilt=(-2.2, 0.0),
        lowpass=(3500, 8000),
    ),
    "classical": Style(
        tempo=(56, 138),
        harmony=(("major", "15634145"), ("major", "14516251"), ("harmonic minor", "14516451"), ("minor", "15374551")),
        drums=({"cymbal": "x..............."},),
        parts=(
            Part(("strings", "horns", "organ"), ("x", "x.......x......."), 55, -6, gate=(0.9, 1.0)),
            Part(("cello", "harpsichord", "piano"), ("1.......5.......", "1...3...5...3..."), 36, -5),
            Part(("piano", "harpsichord", "nylon guitar"), ("1.5.3.5.1.5.3.5.", "1535153515351535"), 55, -7),
            Part(("violin", "flute", "oboe", "voice"), ("m...m...m.m.m...", "m.......m...m..."), 67, -2, (0.85, 1.0)),
        ),
        neighbours=("jazz",),
        drummer=0.05,
        tilt=(-2.5, 0.0),
        lowpass=(4500, 10000),
        reverb=(0.3, 0.8),
    ),
    "country": Style(
        tempo=(80, 152),
        harmony=(("major", "1141115511441511"), ("major", "14151451"), ("major", "1541"), ("mixolydian", "1741")),
        drums=(
            {"kick": "X...x...X...x...", "snare": "..o...X...o...X.", "hat": _EIGHTHS},
            {"kick": "X.......X.......", "brush": "oxoxXxoxoxoxXxox"},
        ),
        parts=(
            Part(("upright bass", "electric bass"), ("1.......5.......", "1...1...5...5..."), 31, -2, (0.4, 0.8)),
            Part(("steel guitar",), ("....x.......x...", "1...x.x.5...x.x."), 50, -5, (0.3, 0.8), 0.95),
            Part(("banjo", "steel guitar"), ("1358135813581358", "3518351835183518"), 57, -8, chance=0.5),
            Part(("pedal steel",), ("x", "x.......x......."), 57, -8, chance=0.45),
            Part(("violin", "voice", "pedal steel"), ("m.m.m...m.......", "....m.m.m.m.m..."), 62, -2),
        ),
        neighbours=("rock", "blues", "pop"),
        drummer=0.85,
        drum_level=-5,
        tilt=(0.0, 2.0),
    ),
    "disco": Style(
        tempo=(108, 132),
        harmony=(("dorian", "1414"), ("minor", "1765"), ("minor", "1473"), ("major", "1625")),
        tones=4,
        drums=(
            {"kick": _FOUR, "snare": _BACKBEAT, "open hat": "..x...x...x...x.", "hat": "xo.oxo.oxo.oxo.o"},
            {"kick": _FOUR, "clap": _BACKBEAT, "open hat": "..X...X...X...X.", "shaker": "xoxoxoxoxoxoxoxo"},
        ),
        parts=(
            Part(("synth bass", "electric bass"), ("1.8.1.8.1.8.1.8.", "1..1..8.1..1..8."), 31, -1, chance=1.0),
            Part(("muted guitar", "clean guitar"), ("..x...xo..x...xo", "x.ox.ox.x.ox.oxo"), 60, -7, (0.2, 0.5)),
            Part(("electric piano", "brass"), ("..x...x...x...x.", "x..x..x..x..x.x."), 57, -8, (0.3, 0.7), 0.6),
            Part(("strings",), ("x",), 64, -8, chance=0.65),
            Part(("voice", "brass", "synth lead"), ("m..m..m.........", "....m.m.m.m....."), 62, -2),
        ),
        neighbours=("pop", "hiphop", "reggae"),
        drum_level=2,
        tilt=(-0.5, 1.5),
    ),
    "hiphop": Style(
        tempo=(74, 106),
        harmony=(("minor", "1"), ("minor", "16"), ("minor", "1144"), ("phrygian", "1212")),
        drums=(
            {"deep kick": "X.....x...x.....", "snare": _BACKBEAT, "hat": _EIGHTHS},
            {"deep kick": "X..x......xx....", "clap": _BACKBEAT, "hat": "xoxoxoxoxoxoxoxx"},
        ),
        parts=(
            Part(("sub bass", "synth bass"), ("1.....1...1.....", "1.........5....."), 29, 2, chance=0.95),
            Part(("electric piano", "bell", "piano", "clean guitar"), ("1...5...8...5...", "1.3.5...8......."), 60, -8),
            Part(("strings", "brass", "pad"), ("x.......x..x....", "x..............."), 55, -10, chance=0.5),
            Part(("rap",), ("m.mmm.m.mmm.m.m.", "mm.mm.mmmm.mm.m.", "..mmm.mmm.mmm.mm"), 45, 3, (0.5, 0.9)),
        ),
        neighbours=("pop", "disco"),
        drum_level=5,
        tilt=(-1.5, 0.8),
        reverb=(0.03, 0.2),
    ),
    "jazz": Style(
        tempo=(92, 208),
        harmony=(("major", "2516"), ("major", "2511"), ("major", "16253625"), ("dorian", "11112211")),
        tones=4,
        drums=(
            {"ride": "X..x.xX..x.x", "hat": "...x.....x..", "kick": "o..o..o..o..", "brush": ".....o......"},
            {"ride": _EIGHTHS, "rim": "x..x...x..x.....", "kick": "x.....x.x.....x."},
        ),
        parts=(
            Part(("upright bass",), ("1..3..5..7..", "1..2..3..5..", "8..7..5..3.."), 31, -2, (0.7, 1.0), 0.95),
            Part(("piano", "clean guitar", "organ"), ("x....x......", ".....x...x.."), 54, -7, (0.2, 0.7)),
            Part(("saxophone", "trumpet", "piano", "flute"), ("m.mm.mm.mm.m", "..mm.mm.m...", "m..m.mm....."), 60, -1),
            Part(("brass", "horns"), ("x.....x.........", "......x....."), 58, -9, chance=0.25),
        ),
        neighbours=("blues", "classical"),
        drummer=0.88,
        drum_level=-2,
        tilt=(-1.2, 0.8),
        lowpass=(6500, 11000),
    ),
    "metal": Style(
        tempo=(98, 186),
        harmony=(("phrygian", "1121"), ("minor", "1671"), ("minor", "1137"), ("harmonic minor", "1645")),
        tones=2,
        drums=(
            {"kick": "xxxxxxxxxxxxxxxx", "snare": _BACKBEAT, "ride": "x...x...x...x..."},
            {"kick": "X.xx..x.X.xx..x.", "snare": _BACKBEAT, "open hat": "x...x...x...x..."},
            {"kick": "X...............", "snare": "........X.......", "cymbal": "x...x...x...x..."},
        ),
        parts=(
            Part(("distorted guitar",), ("1.111.111.111.11", "1111111111111111"), 38, 0, chance=1.0),
            Part(("distorted guitar", "crunch guitar"), ("X.11..x.1.11..x.", "x.11x.11x.11x.xx"), 40, -3, chance=0.5),
            Part(("electric bass",), ("1.1.1.1.1.1.1.1.", "1.11..1.1.11..1."), 28, -4),
            Part(("growl", "lead guitar", "voice"), ("m...m...m...m...", "mmmmmmmmmmmmmmmm"), 55, -2),
        ),
        neighbours=("rock",),
        tilt=(-0.3, 1.8),
        reverb=(0.04, 0.2),
    ),
    "pop": Style(
        tempo=(84, 134),
        harmony=(("major", "1564"), ("major", "6415"), ("major", "1645"), ("minor", "1637")),
        drums=(
            {"kick": "X.......X.x.....", "snare": _BACKBEAT, "hat": _EIGHTHS},
            {"kick": _FOUR, "clap": _BACKBEAT, "hat": "..x...x...x...x.", "shaker": "oxoxoxoxoxoxoxox"},
        ),
        parts=(
            Part(("synth bass", "electric bass", "sub bass"), ("1.1.1.1.1.1.1.1.", "1.......1.1....."), 31, -1),
            Part(("pad", "strings"), ("x",), 57, -9, chance=0.6),
            Part(("piano", "synth pluck", "clean guitar"), ("x...x...x...x...", "x..x..x.x..x..x."), 57, -7),
            Part(("synth pluck", "bell", "synth lead"), ("1.5.8.5.1.5.8.5.", "1358535813585358"), 67, -11, chance=0.4),
            Part(("voice", "synth lead"), ("m.m.m.m.m.......", "..m.m.mmm.m.....", "m...m.m...m.m..."), 64, 0),
        ),
        neighbours=("disco", "rock", "hiphop", "country"),
        tilt=(0.2, 2.0),
    ),
    "reggae": Style(
        tempo=(64, 96),
        harmony=(("major", "1414"), ("major", "1564"), ("minor", "1717"), ("mixolydian", "1212")),
        drums=(
            {"kick": "........X.......", "rim": "........X.......", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": _FOUR, "snare": "........X.......", "hat": _EIGHTHS},
            {"kick": "X.......X.......", "rim": "........X..x....", "hat": "o.x.o.x.o.x.o.x."},
        ),
        parts=(
            Part(("dub bass", "electric bass"), ("1.....1.3...5...", "1...1.5........."), 29, 3, chance=1.0),
            Part(("clean guitar", "muted guitar"), ("....x.......x...", "..x...x...x...x."), 60, -2, (0.15, 0.4), 0.95),
            Part(("organ", "piano"), ("..x...x...x...x.", "..xx..xx..xx..xx"), 57, -4, (0.2, 0.5)),
            Part(("voice", "brass", "harmonica"), ("m...m.m.m.......", "..m.m.m.........", "m.....m...m....."), 60, -1),
        ),
        neighbours=("pop", "rock"),
        drum_level=-3,
        tilt=(-1.5, 0.7),
        reverb=(0.1, 0.5),
    ),
    "rock": Style(
        tempo=(96, 158),
        harmony=(("mixolydian", "1741"), ("major", "1454"), ("dorian", "1134"), ("major", "1564")),
        drums=(
            {"kick": "X.....x.X.......", "snare": _BACKBEAT, "hat": _EIGHTHS},
            {"kick": _FOUR, "snare": _BACKBEAT, "open hat": "x...x...x...x..."},
            {"kick": "X.x.....X.x.....", "snare": _BACKBEAT, "ride": _EIGHTHS},
        ),
        parts=(
            Part(("crunch guitar", "clean guitar"), ("x.x.x.x.x.x.x.x.", "x..x..x...x.x..."), 45, -2, chance=1.0),
            Part(("electric bass",), ("1.1.1.1.1.1.1.1.", "1.....1.1...5...", "1...5...8...7..."), 28, -2, chance=1.0),
            Part(("steel guitar", "organ", "piano"), ("x.......x.......", "x.x.o.x.x.x.o.x."), 52, -9, chance=0.45),
            Part(("voice", "lead guitar"), ("m.m.m...m.......", "..m.m.m.m.m....."), 60, -1),
        ),
        neighbours=("metal", "blues", "country", "pop"),
        tilt=(-0.8, 1.2),
    ),
}  # fmt: skip

GENRES = tuple(STYLES)

"""The ten genres as data: tempo, harmony, instruments and sound of each; their rhythms are in `grooves`."""

from dataclasses import dataclass

from genre.dataset.sample.grooves import GROOVES, Groove, Range


@dataclass(frozen=True)
class Part:
    """One musician: a role of the groove, instruments to choose from, lowest MIDI note, level, how often there."""

    role: str
    timbres: tuple[str, ...]
    low: int
    gain: Range  # in dB
    chance: float = 1.0
    gate: Range = (0.7, 1.0)  # how much of its time a note is held
    span: int = 17  # compass of a melody, in semitones


@dataclass(frozen=True)
class Style:
    """A genre's habits; each song draws its own from these ranges."""

    tempo: Range  # in beats per minute
    grooves: tuple[Groove, ...]
    progressions: tuple[tuple[str, str], ...]  # scale of the melody, one chord a bar
    parts: tuple[Part, ...]
    kits: tuple[str, ...]
    neighbours: tuple[str, ...]  # genres from which a song may borrow
    drums: float = 0.95  # chance of drums
    drum_gain: Range = (-4, 2)  # in dB
    tilt: Range = (-1.0, 1.0)  # in dB per octave, around 1 kHz
    lowpass: Range = (7000, 11000)  # in Hz
    wet: Range = (0.08, 0.35)  # reverb against dry sound
    reverb: Range = (0.4, 1.6)  # time to fall by 60 dB, in s
    rubato: Range = (0.0, 0.02)  # tempo drift, in beats
    swell: Range = (0.0, 1.5)  # slow loudness waves, in dB


STYLES = {
    "blues": Style(
        tempo=(62, 132),
        grooves=GROOVES["blues"],
        progressions=(
            ("blues", "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7"),
            ("blues", "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 V7 I7 I7"),
            ("blues", "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7"),
            ("minor pentatonic", "i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 i7"),
        ),
        parts=(
            Part("bass", ("upright bass", "finger bass"), 31, (-4, 1), 0.85),
            Part("comp", ("steel guitar", "crunch guitar", "clean guitar"), 50, (-9, -3), 0.9, (0.3, 0.8)),
            Part("comp", ("piano", "organ"), 55, (-12, -5), 0.45, (0.3, 0.9)),
            Part("lead", ("harmonica", "slide guitar", "lead guitar", "voice", "saxophone"), 60, (-5, 1), 0.9),
            Part("arp", ("steel guitar",), 45, (-8, -3), 0.25),
        ),
        kits=("vintage", "acoustic"),
        neighbours=("jazz", "rock", "country"),
        drums=0.75,
        tilt=(-2.2, 0.0),
        lowpass=(3500, 8000),
    ),
    "classical": Style(
        tempo=(56, 138),
        grooves=GROOVES["classical"],
        progressions=(
            ("major", "I V vi iii IV I IV V7"),
            ("major", "I IV V7 I vi ii V7 I"),
            ("major", "I I V7 V7 V7 V7 I I"),
            ("harmonic minor", "i iv V7 i bVI iv V7 i"),
            ("harmonic minor", "i V7 i bVII bIII iv V V7"),
            ("harmonic minor", "i viiø i V7 iv i V7 i"),
        ),
        parts=(
            Part("pad", ("strings", "horns", "organ"), 55, (-10, -3), 0.6),
            Part("bass", ("cello", "cello", "harpsichord", "piano"), 36, (-8, -2), 0.85, (0.8, 1.0)),
            Part("comp", ("piano", "harpsichord", "strings", "nylon guitar"), 55, (-10, -4), 0.7),
            Part("arp", ("harp", "piano", "nylon guitar"), 57, (-10, -4), 0.35),
            Part("lead", ("violin", "flute", "oboe", "piano", "strings", "voice"), 67, (-5, 1), 0.9, (0.85, 1.0)),
        ),
        kits=("brushes",),
        neighbours=("jazz",),
        drums=0.03,
        tilt=(-2.5, 0.0),
        lowpass=(4500, 10000),
        wet=(0.3, 0.8),
        reverb=(1.0, 2.8),
        rubato=(0.03, 0.15),
        swell=(1.5, 6),
    ),
    "country": Style(
        tempo=(80, 152),
        grooves=GROOVES["country"],
        progressions=(
            ("major pentatonic", "I I IV I I I V V I I IV IV I V I I"),
            ("major pentatonic", "I IV I V I IV V I"),
            ("major", "I I IV IV V V I I"),
            ("major pentatonic", "I V IV I"),
            ("mixolydian", "I bVII IV I"),
        ),
        parts=(
            Part("bass", ("upright bass", "finger bass"), 31, (-4, 1), 0.95, (0.4, 0.8)),
            Part("comp", ("steel guitar",), 50, (-8, -2), 0.95, (0.3, 0.8)),
            Part("arp", ("banjo", "steel guitar", "clean guitar"), 57, (-11, -4), 0.5),
            Part("pad", ("pedal steel",), 57, (-11, -4), 0.45),
            Part("lead", ("fiddle", "voice", "voice", "pedal steel", "steel guitar"), 62, (-5, 1), 0.95),
        ),
        kits=("acoustic", "brushes"),
        neighbours=("rock", "blues", "pop"),
        drums=0.85,
        drum_gain=(-9, -2),
        tilt=(0.0, 2.0),
    ),
    "disco": Style(
        tempo=(108, 132),
        grooves=GROOVES["disco"],
        progressions=(
            ("dorian", "i7 IV7 i7 IV7"),
            ("minor", "i7 bVII bVI7 V7"),
            ("minor", "i7 iv7 bVII bIIImaj7"),
            ("minor", "i7 i7 iv7 V7"),
            ("major", "Imaj7 vi7 ii7 V7"),
        ),
        parts=(
            Part("bass", ("slap bass", "synth bass", "finger bass"), 31, (-3, 2), 1.0, (0.5, 0.9)),
            Part("comp", ("muted guitar", "clean guitar"), 60, (-10, -4), 0.85, (0.2, 0.5)),
            Part("comp", ("electric piano", "stab strings", "brass"), 57, (-12, -5), 0.6, (0.3, 0.7)),
            Part("pad", ("strings",), 64, (-12, -5), 0.65),
            Part("lead", ("voice", "voice", "stab strings", "brass", "saw lead"), 62, (-5, 1), 0.9),
        ),
        kits=("acoustic", "machine"),
        neighbours=("pop", "hiphop", "reggae"),
        drums=1.0,
        drum_gain=(-1, 4),
        tilt=(-0.5, 1.5),
    ),
    "hiphop": Style(
        tempo=(74, 106),
        grooves=GROOVES["hiphop"],
        progressions=(
            ("minor", "i i i i"),
            ("minor", "i7 bVImaj7"),
            ("minor pentatonic", "i7 i7 iv7 iv7"),
            ("dorian", "i7 ii7"),
            ("phrygian", "i bII i bII"),
        ),
        parts=(
            Part("bass", ("sub bass", "sub bass", "synth bass", "finger bass"), 29, (0, 5), 0.95, (0.7, 1.0)),
            Part("arp", ("electric piano", "bell", "synth pluck", "piano", "clean guitar"), 60, (-12, -5), 0.75),
            Part("comp", ("electric piano", "stab strings", "brass", "piano"), 55, (-13, -6), 0.5),
            Part("pad", ("strings", "pad"), 60, (-15, -8), 0.3),
            Part("lead", ("rap",), 45, (-3, 3), 0.85, (0.5, 0.9), span=6),
        ),
        kits=("808", "808", "machine", "vintage"),
        neighbours=("reggae", "pop", "disco"),
        drums=1.0,
        drum_gain=(0, 5),
        tilt=(-1.5, 0.8),
        wet=(0.03, 0.2),
        reverb=(0.3, 1.0),
    ),
    "jazz": Style(
        tempo=(92, 208),
        grooves=GROOVES["jazz"],
        progressions=(
            ("bebop", "ii7 V7 Imaj7 vi7"),
            ("bebop", "ii7 V7 Imaj7 Imaj7"),
            ("bebop", "Imaj7 vi7 ii7 V7 iii7 VI7 ii7 V7"),
            ("dorian", "i7 i7 i7 i7 bii7 bii7 i7 i7"),
            ("harmonic minor", "iiø V7 i7 i7"),
            ("blues", "I9 IV9 I9 I9 IV9 IV9 I9 VI7 ii7 V7 I9 V7"),
        ),
        parts=(
            Part("bass", ("upright bass",), 31, (-4, 1), 0.95, (0.7, 1.0)),
            Part("comp", ("piano", "piano", "clean guitar", "organ"), 54, (-11, -4), 0.85, (0.2, 0.7)),
            Part("lead", ("saxophone", "muted trumpet", "piano", "clean guitar", "flute"), 60, (-4, 1), 0.9),
            Part("comp", ("brass", "horns"), 58, (-12, -6), 0.25, (0.3, 0.8)),
        ),
        kits=("brushes", "brushes", "acoustic"),
        neighbours=("blues", "classical"),
        drums=0.88,
        drum_gain=(-5, 2),
        tilt=(-1.2, 0.8),
        lowpass=(6500, 11000),
        swell=(0.0, 3.0),
    ),
    "metal": Style(
        tempo=(98, 186),
        grooves=GROOVES["metal"],
        progressions=(
            ("phrygian", "i5 i5 bII5 i5"),
            ("minor", "i5 bVI5 bVII5 i5"),
            ("minor", "i5 i5 bIII5 bVII5"),
            ("harmonic minor", "i5 bVI5 iv5 V5"),
            ("blues", "i5 bIII5 iv5 bV5"),
        ),
        parts=(
            Part("comp", ("distorted guitar", "distorted guitar", "palm-muted guitar"), 38, (-2, 3), 1.0, (0.6, 1.0)),
            Part("comp", ("palm-muted guitar", "distorted guitar", "crunch guitar"), 40, (-5, 1), 0.5, (0.5, 1.0)),
            Part("bass", ("pick bass",), 26, (-6, 0), 0.95),
            Part("lead", ("growl", "growl", "lead guitar", "voice"), 55, (-5, 1), 0.75),
        ),
        kits=("heavy",),
        neighbours=("rock",),
        drums=0.97,
        drum_gain=(-3, 3),
        tilt=(-0.3, 1.8),
        wet=(0.04, 0.2),
        swell=(0.0, 1.0),
    ),
    "pop": Style(
        tempo=(84, 134),
        grooves=GROOVES["pop"],
        progressions=(
            ("major", "I V vi IV"),
            ("major", "vi IV I V"),
            ("major pentatonic", "I vi IV V"),
            ("major", "IV I V vi"),
            ("minor", "i bVI bIII bVII"),
        ),
        parts=(
            Part("bass", ("synth bass", "finger bass", "sub bass"), 31, (-4, 2), 0.95),
            Part("pad", ("pad", "strings"), 57, (-13, -6), 0.6),
            Part("comp", ("piano", "synth pluck", "clean guitar", "electric piano"), 57, (-10, -4), 0.9),
            Part("arp", ("synth pluck", "bell", "saw lead"), 67, (-15, -8), 0.4),
            Part("lead", ("voice", "voice", "voice", "saw lead", "square lead"), 64, (-3, 3), 0.95),
        ),
        kits=("machine", "acoustic", "808"),
        neighbours=("disco", "rock", "hiphop", "country"),
        drums=0.93,
        drum_gain=(-3, 3),
        tilt=(0.2, 2.0),
    ),
    "reggae": Style(
        tempo=(64, 96),
        grooves=GROOVES["reggae"],
        progressions=(
            ("major", "I IV I IV"),
            ("major", "I V vi IV"),
            ("minor", "i bVII i bVII"),
            ("minor", "i iv i V"),
            ("mixolydian", "I ii I ii"),
        ),
        parts=(
            Part("bass", ("dub bass", "dub bass", "finger bass"), 29, (1, 6), 1.0, (0.5, 0.9)),
            Part("comp", ("clean guitar", "muted guitar"), 60, (-8, -2), 0.95, (0.15, 0.4)),
            Part("comp", ("bubble organ", "organ", "piano"), 57, (-10, -4), 0.8, (0.2, 0.5)),
            Part("lead", ("voice", "voice", "brass", "harmonica"), 60, (-4, 2), 0.9),
            Part("arp", ("muted guitar",), 52, (-10, -4), 0.3),
        ),
        kits=("vintage", "acoustic", "808"),
        neighbours=("hiphop", "pop", "rock"),
        drums=0.97,
        drum_gain=(-4, 2),
        tilt=(-1.5, 0.7),
        wet=(0.1, 0.5),
    ),
    "rock": Style(
        tempo=(96, 158),
        grooves=GROOVES["rock"],
        progressions=(
            ("minor pentatonic", "I5 bVII5 IV5 I5"),
            ("major pentatonic", "I IV V IV"),
            ("minor pentatonic", "i5 i5 bIII5 IV5"),
            ("mixolydian", "I bVII IV IV"),
            ("major", "I V vi IV"),
        ),
        parts=(
            Part("comp", ("crunch guitar", "crunch guitar", "clean guitar"), 45, (-5, 1), 1.0, (0.5, 1.0)),
            Part("bass", ("pick bass", "finger bass"), 28, (-4, 1), 1.0),
            Part("comp", ("steel guitar", "organ", "piano", "clean guitar"), 52, (-12, -5), 0.45, (0.5, 1.0)),
            Part("lead", ("voice", "voice", "lead guitar"), 60, (-4, 2), 0.95),
        ),
        kits=("acoustic",),
        neighbours=("metal", "blues", "country", "pop"),
        drums=0.95,
        drum_gain=(-3, 3),
        tilt=(-0.8, 1.2),
    ),
}  # fmt: skip

GENRES = tuple(STYLES)

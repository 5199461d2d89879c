"""A song's score: tempo, key, chords and who plays what, drawn from a style's ranges by an artist's taste."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from genre.dataset.sample.grooves import Groove
from genre.dataset.sample.harmony import SCALES, progression
from genre.dataset.sample.instruments import KITS, TIMBRES, Drum, Timbre
from genre.dataset.sample.players import Clock, Note, Stroke, accompany, drum, improvise, rests
from genre.dataset.sample.styles import STYLES, Part, Style
from genre.dataset.sample.taste import Taste

_BORROWING = 0.14  # how often a song takes one of its sides from a neighbouring genre


@dataclass(frozen=True)
class Voice:
    """The notes of one musician, and the level of the instrument in the mix in dB."""

    timbre: Timbre
    gain: float
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Sound:
    """How a song is mixed and recorded; units as in `Style`, `noise` and `level` in dB below full scale."""

    tilt: float
    lowpass: float
    wet: float
    reverb: float
    swell: float
    noise: float
    level: float
    studio: tuple[float, ...]  # an artist's own equaliser: gains in dB at 60 Hz and each octave above


@dataclass(frozen=True)
class Song:
    tempo: float  # in beats per minute
    groove: Groove
    voices: tuple[Voice, ...]
    kit: dict[str, Drum]
    drum_gain: float  # in dB
    strokes: tuple[Stroke, ...]
    sound: Sound


def arrange(style: Style, taste: Taste, seconds: float) -> Song:
    """The song of one clip, `seconds` long from some bar of it on."""
    groove = taste.choice("groove", _lender(style, taste, "groove").grooves)
    scale, numerals = taste.choice("progression", _lender(style, taste, "progression").progressions)
    chords = progression(numerals)
    key = taste.choice("key", range(12))
    tempo = taste.uniform("tempo", style.tempo)
    clock = Clock(
        tempo=tempo,
        first=groove.beats * taste.of_clip("first").uniform(0, len(chords)),
        swing=taste.uniform("swing", groove.swing),
        swung=groove.swung,
        rubato=taste.uniform("rubato", style.rubato),
        beats=groove.beats,
    )
    first, count = int(clock.first // groove.beats), int(seconds * tempo / 60 / groove.beats) + 2
    bars = [(bar, chords[bar % len(chords)]) for bar in range(first, first + count)]
    band = _musicians(style, taste)
    leader = next((number for number, part in enumerate(band) if part.role != "lead"), 0)
    voices = []
    for number, part in enumerate(band):
        name = f"part {number}"
        patterns = getattr(groove, part.role)
        rng = taste.of_clip(name)
        play: Callable[..., list[Note]] = improvise if part.role == "lead" else accompany
        pitch = key if part.role != "lead" else [key + step for step in SCALES[scale]]
        resting = rests(rng, len(bars), intro=taste.chance("intro", 0.3)) if number != leader else set()
        main = taste.choice(f"{name} pattern", patterns)
        gate = taste.uniform(f"{name} gate", part.gate)
        notes = play(part, pitch, bars, clock, rng=rng, patterns=(main, *patterns), gate=gate, resting=resting)
        played = tuple(note for note in notes if -note.seconds < note.start < seconds)
        timbre = _personal(TIMBRES[taste.choice(f"{name} timbre", part.timbres)], taste, name)
        voices.append(Voice(timbre, taste.uniform(f"{name} gain", part.gain), played))
    strokes = drum(groove, bars, clock, taste) if taste.chance("drums", style.drums) else []
    return Song(
        tempo=tempo,
        groove=groove,
        voices=tuple(voice for voice in voices if voice.notes),
        kit=KITS[taste.choice("kit", _lender(style, taste, "kit").kits)],
        drum_gain=taste.uniform("drum gain", style.drum_gain),
        strokes=tuple(stroke for stroke in strokes if 0 <= stroke.start < seconds),
        sound=_sound(_lender(style, taste, "sound"), taste),
    )


def _lender(style: Style, taste: Taste, side: str) -> Style:
    """The style from which a song takes one of its sides: mostly its own, now and then a neighbour's."""
    if taste.chance(f"{side} borrowed", _BORROWING):
        return STYLES[taste.choice(f"{side} lender", style.neighbours)]
    return style


def _musicians(style: Style, taste: Taste) -> list[Part]:
    """Who plays: those of the style's parts who are there, and now and then a guest from a neighbouring genre."""
    band = [part for number, part in enumerate(style.parts) if taste.chance(f"part {number} there", part.chance)]
    if len(band) < 2:
        band = list(style.parts[:3])
    guest = _lender(style, taste, "guest")
    if guest is not style:
        band[taste.choice("replaced", range(len(band)))] = taste.choice("guest", guest.parts)
    return band


def _personal(timbre: Timbre, taste: Taste, name: str) -> Timbre:
    """The same instrument, built and played a little differently."""
    brightness, decay, vibrato, drive = (
        2 ** taste.uniform(f"{name} {quality}", (-0.35, 0.35))
        for quality in ("brightness", "decay", "vibrato", "drive")
    )
    return replace(
        timbre,
        cutoff=timbre.cutoff * brightness,
        dark=timbre.dark * brightness,
        decay=timbre.decay * decay,
        vibrato=timbre.vibrato * vibrato,
        drive=timbre.drive * drive,
    )


def _sound(style: Style, taste: Taste) -> Sound:
    own = {side: taste.uniform(side, getattr(style, side)) for side in ("tilt", "lowpass", "wet", "reverb", "swell")}
    studio = tuple(taste.of_artist("studio").normal(0, 2, 8))
    # The same ranges for every genre, so that neither gives a genre away.
    rng = taste.of_clip("recording")
    return Sound(noise=rng.uniform(-80, -55), level=rng.uniform(-25, -16), studio=studio, **own)

"""A song's score: tempo, key, notes and drum strokes, drawn from a style according to an artist's taste."""

import itertools
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from genre.dataset.sample.instruments import INSTRUMENTS, Instrument
from genre.dataset.sample.styles import SCALES, STYLES, Part, Style
from genre.dataset.sample.taste import Taste

_BORROWING = 0.32  # probability that a song takes one aspect from a neighbouring genre
_VELOCITY = {"X": 1.0, "x": 0.78, "o": 0.45}
_MAX_NOTE = 6.0  # in s


class Note(NamedTuple):
    start: float  # in s
    midi: int
    seconds: float
    velocity: float


class Stroke(NamedTuple):
    start: float  # in s
    drum: str
    velocity: float


@dataclass(frozen=True)
class Voice:
    """The notes of one musician, with the instrument and its level in the mix in dB."""

    instrument: Instrument
    level: float
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Song:
    """A whole score; `tempo` in beats per minute, levels in dB, other units as in `Style`."""

    tempo: float
    voices: tuple[Voice, ...]
    strokes: tuple[Stroke, ...]
    drum_level: float
    tilt: float
    lowpass: float
    reverb: float


def arrange(style: Style, taste: Taste, seconds: float) -> Song:
    """Compose the song of one clip, `seconds` long."""
    scale, chords = taste.choice("harmony", _lender(style, taste, "harmony").harmony)
    key, tempo = taste.choice("key", range(12)), taste.uniform("tempo", style.tempo)
    bar_seconds = 4 * 60 / tempo
    bars = range(int(seconds / bar_seconds) + 1)
    first = int(taste.of_clip("first").integers(len(chords)))
    roots = [int(chords[(first + bar) % len(chords)]) - 1 for bar in bars]
    voices = []
    for number, part in enumerate(_musicians(style, taste)):
        name = f"part {number}"
        instrument = INSTRUMENTS[taste.choice(f"{name} instrument", part.instruments)]
        brightness = 2 ** taste.uniform(f"{name} brightness", (-0.4, 0.4))
        instrument = replace(instrument, cutoff=instrument.cutoff * brightness, dark=instrument.dark * brightness)
        pitches = [part.low + (key - part.low) % 12 + step for step in SCALES[scale]]
        notes = _play(part, pitches, roots, style.tones, bar_seconds, taste, name)
        audible = tuple(note for note in notes if note.start < seconds)
        voices.append(Voice(instrument, part.level + taste.uniform(f"{name} level", (-3, 3)), audible))
    drums = taste.choice("drums", _lender(style, taste, "drums").drums)
    strokes = _drum(drums, bars, bar_seconds, taste) if taste.chance("drummer", style.drummer) else []
    sound = _lender(style, taste, "sound")
    return Song(
        tempo=tempo,
        voices=tuple(voices),
        strokes=tuple(stroke for stroke in strokes if stroke.start < seconds),
        drum_level=style.drum_level + taste.uniform("drum level", (-3, 3)),
        tilt=taste.uniform("tilt", sound.tilt),
        lowpass=taste.uniform("lowpass", sound.lowpass),
        reverb=taste.uniform("reverb", sound.reverb),
    )


def _lender(style: Style, taste: Taste, aspect: str) -> Style:
    """The style from which a song takes one aspect: its own, or a neighbour's."""
    if taste.chance(f"{aspect} borrowed", _BORROWING):
        return STYLES[taste.choice(f"{aspect} lender", style.neighbours)]
    return style


def _musicians(style: Style, taste: Taste) -> list[Part]:
    """The parts of the style that play, with one sometimes replaced by a guest from a neighbouring genre."""
    band = [part for number, part in enumerate(style.parts) if taste.chance(f"part {number} there", part.chance)]
    band = band or list(style.parts)
    guest = _lender(style, taste, "guest")
    if guest is not style:
        band[taste.choice("replaced", range(len(band)))] = taste.choice("guest", guest.parts)
    return band


def _play(
    part: Part, scale: list[int], roots: list[int], tones: int, bar_seconds: float, taste: Taste, name: str
) -> list[Note]:
    """The notes of a part: chords, degrees above the chord's root, and a melody that walks up and down the scale."""
    rng = taste.of_clip(name)
    main, gate = taste.choice(f"{name} rhythm", part.rhythms), taste.uniform(f"{name} gate", part.gate)
    steps = (0, 4, 7) if tones == 2 else tuple(range(0, 2 * tones, 2))
    notes, degree = [], 0
    for bar, root in enumerate(roots):
        rhythm = main if rng.random() < 0.7 else part.rhythms[rng.integers(len(part.rhythms))]
        root -= 7 * (root > 3)  # near the tonic
        for position, letter, length in _onsets(rhythm):
            if letter == "m":
                degree = int(np.clip(degree + rng.integers(-2, 3), -3, 10))
                played = [degree]
            else:
                played = [root + int(letter) - 1] if letter.isdigit() else [root + step for step in steps]
            start = (bar + position) * bar_seconds + abs(rng.normal(0, 0.005))
            held = min(_MAX_NOTE, gate * length * bar_seconds)
            velocity = _VELOCITY.get(letter, 0.8) * rng.uniform(0.8, 1.1)
            notes += [Note(start, scale[step % 7] + 12 * (step // 7), held, velocity) for step in played]
    return notes


def _drum(drums: dict[str, str], bars: range, bar_seconds: float, taste: Taste) -> list[Stroke]:
    """Repeat the same bar; any drum but the kick may be left out of a song."""
    rng = taste.of_clip("drum")
    strokes = []
    for drum, rhythm in drums.items():
        if "kick" in drum or not taste.chance(f"no {drum}", 0.12):
            for bar, (position, letter, _) in itertools.product(bars, _onsets(rhythm)):
                start = (bar + position) * bar_seconds + abs(rng.normal(0, 0.003))
                strokes.append(Stroke(start, drum, _VELOCITY[letter] * rng.uniform(0.85, 1.1)))
    return strokes


def _onsets(rhythm: str) -> list[tuple[float, str, float]]:
    """The onsets of a rhythm: position in the bar, letter, and length up to the next onset, as fractions of the bar."""
    positions = [position for position, letter in enumerate(rhythm) if letter != "."]
    ends = [*positions[1:], len(rhythm)]
    return [
        (position / len(rhythm), rhythm[position], (end - position) / len(rhythm))
        for position, end in zip(positions, ends, strict=True)
    ]

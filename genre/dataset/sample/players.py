"""The musicians: rhythm strings and chords in, timed notes and drum strokes out."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from genre.dataset.sample.grooves import Groove
from genre.dataset.sample.harmony import Chord
from genre.dataset.sample.styles import Part
from genre.dataset.sample.taste import Taste

Bars = list[tuple[int, Chord]]  # number of the bar in the song, and its chord

_SECTION = 4  # bars in which the same musicians play
_VELOCITY = {"X": 1.0, "x": 0.78, "o": 0.45}
_LONGEST = 6.0  # of a note, in s


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
class Clock:
    """Seconds of a beat in the clip, which starts at beat `first` of the song."""

    tempo: float
    first: float
    swing: float
    swung: float
    rubato: float
    beats: int

    def seconds(self, beat: float) -> float:
        """When a beat, counted from the clip's first, sounds, in seconds from the clip's start."""
        pair = 2 * self.swung
        within = beat % pair
        late = within * (1 + self.swing) if within <= self.swung else pair - (pair - within) * (1 - self.swing)
        drift = self.rubato * np.sin(2 * np.pi * beat / (4 * self.beats))
        return (beat - within + late + drift - self.first) * 60 / self.tempo


@cache
def _onsets(pattern: str) -> tuple[tuple[float, str, float], ...]:
    """Where a rhythm sounds: position in the bar, letter, and length up to the next one, as fractions of the bar."""
    places = [place for place, letter in enumerate(pattern) if letter != "."]
    ends = [*places[1:], len(pattern)]
    return tuple(
        (place / len(pattern), pattern[place], (end - place) / len(pattern))
        for place, end in zip(places, ends, strict=True)
    )


def rests(rng: np.random.Generator, bars: int, *, intro: bool) -> set[int]:
    """Bars, counted from the clip's first, in which a musician is silent: whole sections, more often in an intro."""
    chances = [0.5 if intro and not section else 0.08 for section in range(bars // _SECTION + 1)]
    silent = [rng.random() < chance for chance in chances]
    return {bar for bar in range(bars) if silent[bar // _SECTION]}


def accompany(
    part: Part,
    key: int,
    bars: Bars,
    clock: Clock,
    *,
    rng: np.random.Generator,
    patterns: tuple[str, ...],
    gate: float,
    resting: set[int],
) -> list[Note]:
    """Chords, and single notes on degrees of the chord, in a rhythm that mostly stays the same."""
    notes = []
    for number, (bar, chord) in enumerate(bars):
        pattern = patterns[0] if rng.random() < 0.7 else patterns[rng.integers(len(patterns))]
        root = part.low + (key + chord.root - part.low) % 12
        for position, letter, length in _onsets(pattern) if number not in resting else ():
            start = clock.seconds(clock.beats * (bar + position)) + rng.normal(0, 0.004)
            held = min(_LONGEST, gate * length * clock.beats * 60 / clock.tempo)
            velocity = _VELOCITY.get(letter, 0.8) * rng.uniform(0.85, 1.1)
            pitches = (root + chord.degree(int(letter)),) if letter.isdigit() else chord.voiced(key, part.low)
            notes += [Note(start, pitch, held, velocity) for pitch in pitches]
    return notes


def improvise(
    part: Part,
    scale: list[int],
    bars: Bars,
    clock: Clock,
    *,
    rng: np.random.Generator,
    patterns: tuple[str, ...],
    gate: float,
    resting: set[int],
) -> list[Note]:
    """A walk on the scale that starts each bar on a tone of the chord; the fourth bar of a phrase is often a rest."""
    classes = {step % 12 for step in scale}
    compass = [pitch for pitch in range(part.low, part.low + part.span) if pitch % 12 in classes]

    def invent() -> tuple[str, np.ndarray]:
        return patterns[rng.integers(len(patterns))], rng.integers(-2, 3, 16)

    phrase = [(patterns[0], rng.integers(-2, 3, 16)), invent()]
    notes, place = [], len(compass) // 2
    for number, (bar, chord) in enumerate(bars):
        if number in resting or (bar % 4 == 3 and rng.random() < 0.6):
            continue
        pattern, steps = phrase[bar % 2] if rng.random() < 0.75 else invent()
        tones = {(scale[0] + chord.root + tone) % 12 for tone in chord.tones}
        for count, (position, letter, length) in enumerate(_onsets(pattern)):
            place = int(np.clip(place + steps[count % 16], 0, len(compass) - 1))
            if count == 0:
                consonant = [at for at, pitch in enumerate(compass) if pitch % 12 in tones] or [place]
                place = consonant[int(np.abs(np.array(consonant) - place).argmin())]
            start = clock.seconds(clock.beats * (bar + position)) + rng.normal(0, 0.01)
            held = min(1.5, gate * length * clock.beats * 60 / clock.tempo)
            notes.append(Note(start, compass[place], held, _VELOCITY.get(letter, 0.8) * rng.uniform(0.7, 1.1)))
    return notes


def drum(groove: Groove, bars: Bars, clock: Clock, taste: Taste) -> list[Stroke]:
    """The groove of all drums; a crash only where a section begins."""
    rng = taste.of_clip("drummer")
    resting = rests(rng, len(bars), intro=taste.chance("intro", 0.3))
    # The kick carries the rhythm; any other drum may be missing from a song.
    missing = {drum for drum in groove.drums if drum != "kick" and taste.chance(f"no {drum}", 0.12)}
    strokes = []
    for number, (bar, _) in enumerate(bars):
        for drum, pattern in groove.drums.items() if number not in resting else ():
            if drum in missing or (drum == "crash" and bar % _SECTION):
                continue
            for position, letter, _ in _onsets(pattern):
                start = clock.seconds(clock.beats * (bar + position)) + rng.normal(0, 0.003)
                strokes.append(Stroke(start, drum, _VELOCITY[letter] * rng.uniform(0.85, 1.1)))
    return strokes

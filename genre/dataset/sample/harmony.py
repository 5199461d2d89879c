"""Chords and scales: Roman numerals to semitones above the key note."""

import re
from dataclasses import dataclass

_STEPS = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_NUMERAL = re.compile(r"([b#]?)([IViv]+)(.*)")

# Semitones above the chord's root; a numeral in small letters has a minor third.
_QUALITIES = {
    "": (0, 4, 7),
    "5": (0, 7, 12),
    "7": (0, 4, 7, 10),
    "9": (0, 4, 10, 14),
    "maj7": (0, 4, 7, 11),
    "ø": (0, 3, 6, 10),
}

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "bebop": (0, 2, 4, 5, 7, 8, 9, 11),
}


@dataclass(frozen=True)
class Chord:
    """A chord in semitones: its root above the key note, its tones above the root."""

    root: int
    tones: tuple[int, ...]

    def degree(self, digit: int) -> int:
        """Semitones from the root to a degree as bass players count it: 1 root, 3 third ... 8 octave, 9 ninth."""
        third = next((tone for tone in self.tones if tone in (3, 4)), 7)
        fifth = 6 if 6 in self.tones else 7
        seventh = 11 if 11 in self.tones else 10
        return (0, 2, third, 5, fifth, 9, seventh, 12, 14)[digit - 1]

    def voiced(self, key: int, lowest: int) -> tuple[int, ...]:
        """The tones as MIDI notes in the octave that starts at `lowest`; a power chord keeps its root at the bottom."""
        root = lowest + (key + self.root - lowest) % 12
        if self.tones == _QUALITIES["5"]:
            return tuple(root + tone for tone in self.tones)
        return tuple(lowest + (root + tone - lowest) % 12 for tone in self.tones)


def chord(numeral: str) -> Chord:
    """The chord of a Roman numeral such as `I`, `vi`, `bVII5`, `ii7`, `Imaj7`, `viiø`."""
    parts = _NUMERAL.fullmatch(numeral)
    if not parts:
        raise ValueError(f"{numeral!r} is not a Roman numeral of a chord")
    accidental, step, quality = parts.groups()
    tones = _QUALITIES[quality]
    if step.islower():
        tones = tuple(3 if tone == 4 else tone for tone in tones)
    return Chord((_STEPS[step.upper()] + {"b": -1, "": 0, "#": 1}[accidental]) % 12, tones)


def progression(numerals: str) -> tuple[Chord, ...]:
    """One chord a bar from numerals with spaces between."""
    return tuple(chord(numeral) for numeral in numerals.split())

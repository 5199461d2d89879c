"""Timbres and drum kits as data; `notes` makes them sound."""

from dataclasses import dataclass

# Formants of sung vowels: centre in Hz and gain (after Peterson and Barney, 1952).
_VOWELS = (
    ((730, 1.0), (1090, 0.6), (2440, 0.25)),
    ((530, 1.0), (1840, 0.35), (2480, 0.25)),
    ((300, 1.0), (870, 0.3), (2240, 0.1)),
    ((570, 1.0), (840, 0.6), (2410, 0.12)),
)


@dataclass(frozen=True)
class Timbre:
    """How an instrument sounds. Times in seconds, cutoffs in Hz, vibrato and detune in cents."""

    cutoff: float  # low-pass of the attack
    dark: float  # low-pass of the tail
    decay: float  # time constant of loudness and of brightness
    sustain: float = 0.0  # loudness that does not decay
    attack: float = 0.004
    release: float = 0.06
    slope: float = 1.0  # harmonic k has amplitude k ** -slope
    evens: float = 1.0  # gain of the even harmonics
    pluck: float = 0.0  # where the string is plucked, as a fraction of its length
    vibrato: float = 0.0
    detune: float = 0.0  # a second voice so far away
    glide: float = 0.0  # semitones from which the pitch falls (above 0) or rises (below 0)
    breath: float = 0.0  # noise beside the tone
    drive: float = 0.0  # overdrive of the whole part, 0 clean
    vowels: tuple = ()


TIMBRES = {
    # plucked and struck strings
    "nylon guitar": Timbre(3500, 500, 0.5, pluck=0.2),
    "steel guitar": Timbre(7000, 1000, 0.6, slope=0.9, pluck=0.13),
    "slide guitar": Timbre(4500, 900, 1.1, slope=0.9, glide=-1.5, vibrato=18, drive=1.5),
    "pedal steel": Timbre(4000, 1500, 1.6, attack=0.05, glide=-2, vibrato=14),
    "banjo": Timbre(9000, 1800, 0.16, slope=0.7, pluck=0.08),
    "clean guitar": Timbre(4500, 900, 0.7, pluck=0.25, detune=5),
    "muted guitar": Timbre(5000, 900, 0.05, pluck=0.15),
    "crunch guitar": Timbre(4000, 1500, 1.0, sustain=0.2, pluck=0.2, drive=3.5),
    "distorted guitar": Timbre(5000, 2500, 1.5, sustain=0.4, slope=0.8, pluck=0.15, drive=14),
    "palm-muted guitar": Timbre(3000, 900, 0.12, slope=0.8, pluck=0.15, drive=12),
    "lead guitar": Timbre(5000, 2500, 1.5, sustain=0.5, vibrato=20, drive=9),
    "piano": Timbre(4500, 700, 0.7, slope=1.2, pluck=0.12, detune=2, release=0.12),
    "harpsichord": Timbre(10000, 3000, 0.4, slope=0.5, pluck=0.07),
    "electric piano": Timbre(2500, 500, 0.8, slope=1.6, evens=0.6, detune=4, release=0.1),
    "harp": Timbre(3500, 400, 0.9, slope=1.3, pluck=0.4, release=0.4),
    # winds, bows, voices
    "strings": Timbre(3500, 3000, 1, sustain=0.9, attack=0.12, release=0.25, vibrato=10, detune=14),
    "stab strings": Timbre(6500, 3500, 0.4, sustain=0.5, attack=0.03, release=0.2, vibrato=8, detune=16),
    "violin": Timbre(5500, 4500, 1, sustain=0.8, attack=0.07, release=0.12, vibrato=22, breath=0.02),
    "fiddle": Timbre(6500, 4500, 0.5, sustain=0.6, attack=0.03, glide=-0.7, vibrato=12, breath=0.03),
    "cello": Timbre(2000, 1500, 1, sustain=0.8, attack=0.07, release=0.2, vibrato=14, breath=0.01),
    "flute": Timbre(2000, 1800, 1, sustain=0.9, attack=0.06, slope=2.0, vibrato=16, breath=0.06),
    "oboe": Timbre(5000, 4000, 1, sustain=0.9, attack=0.04, slope=0.5, evens=1.5, vibrato=12),
    "horns": Timbre(1800, 1200, 1, sustain=0.8, attack=0.06, release=0.15, detune=6),
    "brass": Timbre(5000, 2200, 0.25, sustain=0.7, attack=0.03, slope=0.6, detune=8),
    "muted trumpet": Timbre(6000, 4000, 0.4, sustain=0.7, attack=0.02, slope=0.4, vibrato=14),
    "saxophone": Timbre(3500, 2200, 0.4, sustain=0.8, attack=0.03, slope=0.8, glide=-0.6, vibrato=18, breath=0.05),
    "harmonica": Timbre(5500, 4500, 1, sustain=0.9, attack=0.03, slope=0.7, glide=-0.8, vibrato=20, breath=0.03),
    "voice": Timbre(4500, 3500, 1, sustain=0.9, attack=0.05, glide=-0.8, vibrato=30, breath=0.03, vowels=_VOWELS),
    "rap": Timbre(5000, 2500, 0.15, sustain=0.3, attack=0.015, glide=3, breath=0.12, vowels=_VOWELS),
    "growl": Timbre(5000, 3500, 0.4, sustain=0.6, slope=0.6, glide=2, breath=0.5, drive=6, vowels=_VOWELS),
    # keys and synthesisers
    "organ": Timbre(3500, 3500, 1, sustain=1.0, slope=1.1, vibrato=9, detune=3),
    "bubble organ": Timbre(2500, 2000, 0.15, sustain=0.4, slope=1.3, vibrato=6),
    "pad": Timbre(2200, 1200, 1.5, sustain=0.7, attack=0.3, release=0.4, detune=18),
    "saw lead": Timbre(6500, 3000, 0.3, sustain=0.6, slope=0.9, vibrato=10, detune=15),
    "square lead": Timbre(5000, 2500, 0.4, sustain=0.6, evens=0.0, vibrato=8),
    "synth pluck": Timbre(7500, 800, 0.15, detune=10, release=0.15),
    "bell": Timbre(8000, 2000, 0.6, slope=0.9, evens=0.2, release=0.3),
    # basses
    "upright bass": Timbre(900, 250, 0.45, slope=1.2, pluck=0.3),
    "finger bass": Timbre(1400, 350, 0.7, slope=1.1, sustain=0.15, pluck=0.25),
    "pick bass": Timbre(2600, 700, 0.7, sustain=0.2, pluck=0.12, drive=1.5),
    "slap bass": Timbre(4500, 400, 0.3, slope=0.9, pluck=0.1),
    "dub bass": Timbre(450, 180, 0.8, slope=1.5, sustain=0.3),
    "sub bass": Timbre(160, 120, 0.9, slope=2.0, sustain=0.2, glide=4, drive=0.8),
    "synth bass": Timbre(2200, 350, 0.18, sustain=0.4, detune=8),
}


@dataclass(frozen=True)
class Drum:
    """A sine that falls from `start` to `end`, and noise between `low` and `high` (in Hz); decay times in s."""

    tone: float = 0.0
    start: float = 200.0
    end: float = 60.0
    tone_decay: float = 0.1
    noise: float = 0.0
    low: float = 200.0
    high: float = 10_000.0
    noise_decay: float = 0.1


_COMMON = {
    "ride": Drum(0.08, 3200, 3100, 0.2, 0.35, 4500, 10500, 0.3),
    "crash": Drum(noise=0.6, low=2500, high=10500, noise_decay=0.7),
    "clap": Drum(noise=0.8, low=900, high=4500, noise_decay=0.09),
    "rim": Drum(0.6, 1700, 900, 0.015, 0.3, 1500, 6000, 0.015),
    "shaker": Drum(noise=0.25, low=5000, high=10500, noise_decay=0.045),
    "tambourine": Drum(0.05, 6500, 6500, 0.08, 0.35, 6000, 10500, 0.1),
    "conga": Drum(0.7, 260, 200, 0.12, 0.1, 500, 3000, 0.02),
    "tom": Drum(0.8, 170, 95, 0.16, 0.2, 200, 3000, 0.05),
    "cowbell": Drum(0.4, 820, 800, 0.08, 0.05, 1500, 6000, 0.03),
}
KITS = {
    "acoustic": _COMMON | {
        "kick": Drum(1.0, 140, 55, 0.11, 0.15, 500, 3500, 0.01),
        "snare": Drum(0.4, 240, 180, 0.06, 0.6, 800, 8500, 0.09),
        "hat": Drum(noise=0.3, low=6000, high=10500, noise_decay=0.03),
        "open": Drum(noise=0.35, low=5500, high=10500, noise_decay=0.18),
    },
    "brushes": _COMMON | {
        "kick": Drum(0.6, 110, 60, 0.09),
        "snare": Drum(0.1, 220, 180, 0.04, 0.4, 1500, 8000, 0.12),
        "hat": Drum(noise=0.2, low=5000, high=10000, noise_decay=0.025),
        "open": Drum(noise=0.2, low=4000, high=9500, noise_decay=0.14),
    },
    "heavy": _COMMON | {
        "kick": Drum(1.0, 190, 60, 0.07, 0.4, 1800, 6500, 0.012),
        "snare": Drum(0.5, 260, 190, 0.08, 0.9, 600, 9500, 0.13),
        "hat": Drum(noise=0.35, low=5500, high=10500, noise_decay=0.06),
        "open": Drum(noise=0.45, low=4000, high=10500, noise_decay=0.3),
    },
    "machine": _COMMON | {
        "kick": Drum(1.1, 180, 48, 0.16, 0.1, 1000, 5000, 0.006),
        "snare": Drum(0.3, 210, 190, 0.08, 0.7, 1500, 10500, 0.08),
        "hat": Drum(noise=0.3, low=7500, high=10800, noise_decay=0.02),
        "open": Drum(noise=0.35, low=7000, high=10800, noise_decay=0.14),
    },
    "808": _COMMON | {
        "kick": Drum(1.2, 130, 42, 0.32),
        "snare": Drum(0.5, 220, 170, 0.07, 0.4, 1200, 7000, 0.12),
        "hat": Drum(noise=0.25, low=7000, high=10500, noise_decay=0.018),
        "open": Drum(noise=0.25, low=6500, high=10500, noise_decay=0.2),
    },
    "vintage": _COMMON | {
        "kick": Drum(1.0, 110, 58, 0.08, 0.1, 300, 1500, 0.015),
        "snare": Drum(0.4, 200, 160, 0.05, 0.5, 600, 5000, 0.06),
        "hat": Drum(noise=0.22, low=4500, high=8500, noise_decay=0.03),
        "open": Drum(noise=0.25, low=4500, high=8500, noise_decay=0.13),
    },
}  # fmt: skip

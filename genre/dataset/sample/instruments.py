"""Instruments and drums: the parameters of each, and the waveform of one note or stroke.

A note cross-fades from a bright to a dark wavetable of one period, as struck and plucked strings lose brightness.
A drum is a sine of falling pitch plus a burst of filtered noise.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import signal

SAMPLE_RATE = 22_050  # in Hz
_TABLE = 2048  # samples in one period of a wavetable
_RELEASE = 0.08  # in s


@dataclass(frozen=True)
class Instrument:
    """The sound of an instrument: times in seconds, cutoffs in Hz, vibrato in cents."""

    cutoff: float  # of the low-pass at the attack
    dark: float  # of the low-pass in the tail
    decay: float  # time constant of loudness and brightness
    sustain: float = 0.0  # fraction of the loudness that does not decay
    attack: float = 0.004
    slope: float = 1.0  # harmonic k has amplitude k ** -slope
    vibrato: float = 0.0
    breath: float = 0.0  # level of the noise added to the tone
    drive: float = 0.0  # overdrive of the whole part, 0 for clean


INSTRUMENTS = {
    "nylon guitar": Instrument(3500, 500, 0.5, slope=1.2),
    "steel guitar": Instrument(7000, 1000, 0.6, slope=0.8),
    "pedal steel": Instrument(4000, 1500, 1.6, attack=0.05, vibrato=14),
    "banjo": Instrument(9000, 1800, 0.16, slope=0.6),
    "clean guitar": Instrument(4500, 900, 0.7),
    "muted guitar": Instrument(5000, 900, 0.05),
    "crunch guitar": Instrument(4000, 1500, 1.0, sustain=0.2, drive=3.5),
    "distorted guitar": Instrument(5000, 2500, 1.5, sustain=0.4, slope=0.8, drive=14),
    "lead guitar": Instrument(5000, 2500, 1.5, sustain=0.5, vibrato=20, drive=9),
    "piano": Instrument(4500, 700, 0.7, slope=1.2),
    "harpsichord": Instrument(10000, 3000, 0.4, slope=0.5),
    "electric piano": Instrument(2500, 500, 0.8, slope=1.6),
    "strings": Instrument(3500, 3000, 1, sustain=0.9, attack=0.12, vibrato=10),
    "violin": Instrument(5500, 4500, 1, sustain=0.8, attack=0.07, vibrato=22, breath=0.02),
    "cello": Instrument(2000, 1500, 1, sustain=0.8, attack=0.07, vibrato=14, breath=0.01),
    "flute": Instrument(2000, 1800, 1, sustain=0.9, attack=0.06, slope=2.0, vibrato=16, breath=0.06),
    "oboe": Instrument(5000, 4000, 1, sustain=0.9, attack=0.04, slope=0.5, vibrato=12),
    "horns": Instrument(1800, 1200, 1, sustain=0.8, attack=0.06),
    "brass": Instrument(5000, 2200, 0.25, sustain=0.7, attack=0.03, slope=0.6),
    "trumpet": Instrument(6000, 4000, 0.4, sustain=0.7, attack=0.02, slope=0.4, vibrato=14),
    "saxophone": Instrument(3500, 2200, 0.4, sustain=0.8, attack=0.03, slope=0.8, vibrato=18, breath=0.05),
    "harmonica": Instrument(5500, 4500, 1, sustain=0.9, attack=0.03, slope=0.7, vibrato=20, breath=0.03),
    "voice": Instrument(2800, 2000, 1, sustain=0.9, attack=0.05, slope=0.7, vibrato=30, breath=0.03),
    "rap": Instrument(3000, 1500, 0.15, sustain=0.3, attack=0.015, slope=0.6, breath=0.12),
    "growl": Instrument(4000, 3000, 0.4, sustain=0.6, slope=0.6, breath=0.5, drive=6),
    "organ": Instrument(3500, 3500, 1, sustain=1.0, slope=1.1, vibrato=9),
    "pad": Instrument(2200, 1200, 1.5, sustain=0.7, attack=0.3),
    "synth lead": Instrument(6500, 3000, 0.3, sustain=0.6, slope=0.9, vibrato=10),
    "synth pluck": Instrument(7500, 800, 0.15),
    "bell": Instrument(8000, 2000, 0.6, slope=0.9),
    "upright bass": Instrument(900, 250, 0.45, slope=1.2),
    "electric bass": Instrument(1600, 400, 0.7, sustain=0.15, slope=1.1),
    "dub bass": Instrument(450, 180, 0.8, sustain=0.3, slope=1.5),
    "sub bass": Instrument(160, 120, 0.9, sustain=0.2, slope=2.0),
    "synth bass": Instrument(2200, 350, 0.18, sustain=0.4),
}


@dataclass(frozen=True)
class Drum:
    """A sine that falls from `start` to `end` plus noise between `low` and `high` (all in Hz); decay times in s."""

    tone: float = 0.0
    start: float = 200.0
    end: float = 60.0
    tone_decay: float = 0.1
    noise: float = 0.0
    low: float = 200.0
    high: float = 10_000.0
    noise_decay: float = 0.1


DRUMS = {
    "kick": Drum(1.0, 150, 52, 0.11, 0.15, 500, 3500, 0.01),
    "deep kick": Drum(1.2, 130, 42, 0.32),
    "snare": Drum(0.4, 240, 180, 0.06, 0.6, 800, 8500, 0.09),
    "brush": Drum(0.1, 220, 180, 0.04, 0.4, 1500, 8000, 0.12),
    "clap": Drum(noise=0.8, low=900, high=4500, noise_decay=0.09),
    "rim": Drum(0.6, 1700, 900, 0.015, 0.3, 1500, 6000, 0.015),
    "hat": Drum(noise=0.3, low=6000, high=10500, noise_decay=0.03),
    "open hat": Drum(noise=0.35, low=5500, high=10500, noise_decay=0.18),
    "shaker": Drum(noise=0.25, low=5000, high=10500, noise_decay=0.045),
    "ride": Drum(0.08, 3200, 3100, 0.2, 0.35, 4500, 10500, 0.3),
    "cymbal": Drum(noise=0.6, low=2500, high=10500, noise_decay=0.7),
}


def note(instrument: Instrument, midi: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """One note, held for `seconds` and then released; float32 [shape=(n,)], about unit RMS at its attack."""
    frequency = 440.0 * 2 ** ((midi - 69) / 12)
    t = np.arange(int(SAMPLE_RATE * (seconds + _RELEASE)), dtype=np.float32) / np.float32(SAMPLE_RATE)
    fading = np.exp(-t / np.float32(instrument.decay))
    cycles = frequency * t
    if instrument.vibrato:
        rate = 5.0 + rng.uniform(-0.6, 0.6)  # in Hz
        depth = 2 ** (instrument.vibrato / 1200) - 1
        cycles += np.float32(frequency * depth / (2 * np.pi * rate)) * np.sin(np.float32(2 * np.pi * rate) * t)
    index = (cycles * _TABLE).astype(np.int32) & (_TABLE - 1)
    bright, dark = _wavetables(instrument, frequency)
    wave = dark[index] + (bright[index] - dark[index]) * fading
    wave += np.float32(instrument.breath) * rng.standard_normal(len(t), dtype=np.float32)
    envelope = np.minimum(t / np.float32(instrument.attack), 1)
    envelope *= instrument.sustain + (1 - instrument.sustain) * fading
    held = int(SAMPLE_RATE * seconds)
    envelope[held:] *= np.linspace(1, 0, len(t) - held, dtype=np.float32) ** 2
    return (wave * envelope).astype(np.float32)


def stroke(drum: Drum, rng: np.random.Generator) -> np.ndarray:
    """One stroke of a drum; float32 [shape=(n,)]."""
    longest = max(drum.tone_decay if drum.tone else 0.0, drum.noise_decay if drum.noise else 0.0)
    t = np.arange(int(SAMPLE_RATE * 5 * longest), dtype=np.float32) / np.float32(SAMPLE_RATE)
    sweep = np.float32(0.03)  # time constant of the falling pitch, in s
    cycles = drum.end * t + (drum.start - drum.end) * sweep * (1 - np.exp(-t / sweep))
    wave = drum.tone * np.sin(np.float32(2 * np.pi) * cycles) * np.exp(-t / np.float32(drum.tone_decay))
    if drum.noise:
        noise = signal.sosfilt(_band(drum.low, drum.high), rng.standard_normal(len(t), dtype=np.float32))
        wave = wave + drum.noise * noise * np.exp(-t / np.float32(drum.noise_decay))
    return wave.astype(np.float32)


@cache
def _band(low: float, high: float) -> np.ndarray:
    return signal.butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")


def _wavetables(instrument: Instrument, frequency: float) -> tuple[np.ndarray, np.ndarray]:
    """The bright and the dark wavetable of a note, scaled by the factor that gives the bright one unit RMS."""
    k = np.arange(1, max(2, min(_TABLE // 2, int(0.95 * SAMPLE_RATE / 2 / frequency))))
    phase = np.exp(1j * 0.7 * k**2)  # spreads the harmonics' phases, so that they do not add up to one sharp peak
    tables = []
    for cutoff in (instrument.cutoff, instrument.dark):
        spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
        spectrum[k] = k**-instrument.slope * phase / (1 + (k * frequency / cutoff) ** 6) ** 0.5
        tables.append(np.fft.irfft(spectrum, _TABLE))
    bright, dark = np.array(tables, dtype=np.float32) / np.float32(np.sqrt(np.mean(tables[0] ** 2)))
    return bright, dark

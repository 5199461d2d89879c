"""The waveform of one note or one stroke.

A pitched note reads two wavetables of one period, a bright and a dark one, and fades from the first to the
second as it sounds, as struck and plucked strings do. A drum is a falling sine and a burst of filtered noise.
"""

from functools import cache

import numpy as np
from scipy import signal

from genre.dataset.sample.instruments import Drum, Timbre

SAMPLE_RATE = 22_050  # in Hz
_TABLE = 2048  # samples in one period of a wavetable


def note(timbre: Timbre, midi: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """One note, held for `seconds` and then released; float32 [shape=(n,)], about unit RMS at its attack."""
    frequency = 440.0 * 2 ** ((midi - 69) / 12)
    t = np.arange(int(SAMPLE_RATE * (seconds + timbre.release)), dtype=np.float32) / np.float32(SAMPLE_RATE)
    fading = np.exp(-t / np.float32(timbre.decay))
    bright, dark = _wavetables(timbre, frequency, rng)
    cycles = frequency * t
    if timbre.vibrato:
        rate = 5.0 + rng.uniform(-0.6, 0.6)  # in Hz
        depth = 2 ** (timbre.vibrato / 1200) - 1
        cycles += np.float32(frequency * depth / (2 * np.pi * rate)) * np.sin(np.float32(2 * np.pi * rate) * t)
    if timbre.glide:
        reach = 0.06  # time constant, in s
        cycles += np.float32(frequency * (2 ** (timbre.glide / 12) - 1) * reach) * (1 - np.exp(-t / np.float32(reach)))
    wave = _read(bright, dark, cycles, fading)
    if timbre.detune:
        wave = 0.6 * (wave + _read(bright, dark, cycles * np.float32(2 ** (timbre.detune / 1200)) + 0.37, fading))
    if timbre.breath:
        wave = wave + np.float32(timbre.breath) * rng.standard_normal(len(t), dtype=np.float32)
    envelope = np.minimum(t / np.float32(timbre.attack), 1) * (timbre.sustain + (1 - timbre.sustain) * fading)
    held = int(SAMPLE_RATE * seconds)
    envelope[held:] *= np.linspace(1, 0, len(t) - held, dtype=np.float32) ** 2
    return (wave * envelope).astype(np.float32)


def hit(drum: Drum, rng: np.random.Generator) -> np.ndarray:
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


def _wavetables(timbre: Timbre, frequency: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The bright and the dark period of a note, both scaled so that the bright one has unit RMS."""
    k = np.arange(1, max(2, min(_TABLE // 2, int(0.95 * SAMPLE_RATE / 2 / frequency))))
    hertz = k * frequency
    amplitude = k**-timbre.slope * np.where(k % 2, 1.0, timbre.evens)
    if timbre.pluck:
        amplitude *= np.abs(np.sin(np.pi * k * timbre.pluck)) + 0.05
    if timbre.vowels:
        formants = timbre.vowels[rng.integers(len(timbre.vowels))]
        amplitude *= 0.05 + sum(
            gain * np.exp(-(((hertz - centre) / (0.12 * centre + 60)) ** 2)) for centre, gain in formants
        )
    phase = np.exp(1j * 0.7 * k**2)  # spreads the harmonics so that no period is one sharp peak
    tables = []
    for cutoff in (timbre.cutoff, timbre.dark):
        spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
        spectrum[k] = amplitude * phase / (1 + (hertz / cutoff) ** 6) ** 0.5
        tables.append(np.fft.irfft(spectrum, _TABLE))
    rms = np.sqrt(np.mean(tables[0] ** 2))
    return tuple((table / rms).astype(np.float32) for table in tables)


def _read(bright: np.ndarray, dark: np.ndarray, cycles: np.ndarray, fading: np.ndarray) -> np.ndarray:
    index = (cycles * _TABLE).astype(np.int32) & (_TABLE - 1)
    tail = dark[index]
    return tail + (bright[index] - tail) * fading

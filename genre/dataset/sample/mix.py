"""Render a song: add up notes and strokes, then apply tone, reverberation, recording noise and level."""

import numpy as np
from scipy import fft, signal

from genre.dataset.sample.instruments import DRUMS, SAMPLE_RATE, note, stroke
from genre.dataset.sample.song import Song, Stroke, Voice

_REVERB_SECONDS = 1.2  # time to decay by 60 dB
_FADE = 0.015  # at both ends of a clip, in s
_CEILING = 0.98


def mix(song: Song, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Render `song`; float32 [shape=(round(seconds * 22050),)], -1..1, faded in and out."""
    n = round(seconds * SAMPLE_RATE)
    total = np.zeros(n, dtype=np.float32)
    for voice in song.voices:
        total += _set_level(_voice(voice, n, rng), voice.level)
    total += _set_level(_drums(song.strokes, n, rng), song.drum_level)
    return _master(_filter(total, song, rng), rng)


def _voice(voice: Voice, n: int, rng: np.random.Generator) -> np.ndarray:
    """One instrument's part, float32 [shape=(n,)]; notes of equal pitch and length are rendered once."""
    buffer = np.zeros(n, dtype=np.float32)
    rendered: dict[tuple[int, float], np.ndarray] = {}
    for start, midi, seconds, velocity in voice.notes:
        key = (midi, round(seconds, 2))
        if key not in rendered:
            rendered[key] = note(voice.instrument, midi, seconds, rng)
        _add(buffer, rendered[key], start, velocity)
    if voice.instrument.drive:
        buffer = np.tanh(np.float32(voice.instrument.drive) * buffer)
        # A loudspeaker cabinet attenuates the treble that distortion adds.
        buffer = signal.sosfilt(signal.butter(2, 4500, fs=SAMPLE_RATE, output="sos"), buffer).astype(np.float32)
    return buffer


def _drums(strokes: tuple[Stroke, ...], n: int, rng: np.random.Generator) -> np.ndarray:
    buffer = np.zeros(n, dtype=np.float32)
    waves = {drum: stroke(DRUMS[drum], rng) for drum in dict.fromkeys(drum for _, drum, _ in strokes)}
    for start, drum, velocity in strokes:
        _add(buffer, waves[drum], start, velocity)
    return buffer


def _add(buffer: np.ndarray, wave: np.ndarray, start: float, velocity: float) -> None:
    at = int(start * SAMPLE_RATE)
    audible = wave[: max(0, len(buffer) - at)]
    buffer[at : at + len(audible)] += np.float32(velocity) * audible


def _set_level(buffer: np.ndarray, level: float) -> np.ndarray:
    """Scale `buffer` to an RMS of `level` dB where it is not silent, so that the mix alone decides a part's level."""
    sounding = buffer[np.abs(buffer) > 1e-3]
    rms = np.sqrt(np.mean(sounding**2)) if len(sounding) else 1.0
    return buffer * np.float32(10 ** (level / 20) / rms)


def _filter(total: np.ndarray, song: Song, rng: np.random.Generator) -> np.ndarray:
    """Apply spectral tilt, low-pass and reverberation, as one product in the frequency domain."""
    tail = int(SAMPLE_RATE * _REVERB_SECONDS)
    length = fft.next_fast_len(len(total) + tail, real=True)
    echo = rng.standard_normal(tail, dtype=np.float32) * np.geomspace(1, 0.001, tail, dtype=np.float32)
    response = 1 + song.reverb * fft.rfft(echo / np.sqrt(np.sum(echo**2)), length)
    hertz = fft.rfftfreq(length, 1 / SAMPLE_RATE).astype(np.float32)
    octaves = np.log2(np.clip(hertz, 40, None) / 1000)
    response *= 10 ** (song.tilt * octaves / 20) / np.sqrt(1 + (hertz / song.lowpass) ** 8)
    response *= hertz > 25  # remove what is too low to hear
    return fft.irfft(fft.rfft(total, length) * response.astype(np.complex64), length)[: len(total)]


def _master(total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Set a random level, add hiss, clip softly and fade; all genres share the same ranges, so these reveal none."""
    total = total * (10 ** (rng.uniform(-25, -16) / 20) / np.sqrt(np.mean(total**2) + 1e-12))
    total += 10 ** (rng.uniform(-80, -55) / 20) * rng.standard_normal(len(total), dtype=np.float32)
    total = _CEILING * np.tanh(total / _CEILING)
    fade = np.linspace(0, 1, int(_FADE * SAMPLE_RATE), dtype=np.float32)
    total[: len(fade)] *= fade
    total[-len(fade) :] *= fade[::-1]
    return total.astype(np.float32)

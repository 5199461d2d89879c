"""A song's sound: notes and strokes added up, then tone, reverberation, recording noise and level."""

import numpy as np
from scipy import fft, signal

from genre.dataset.sample.instruments import DRUMS, SAMPLE_RATE, note, stroke
from genre.dataset.sample.song import Song, Stroke, Voice

_REVERB_SECONDS = 1.2  # to fall by 60 dB
_FADE = 0.015  # at both ends of a clip, in s
_CEILING = 0.98


def mix(song: Song, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Render `song`; float32 [shape=(round(seconds * 22050),)], within -1..1, faded in and out at the edges."""
    n = round(seconds * SAMPLE_RATE)
    total = np.zeros(n, dtype=np.float32)
    for voice in song.voices:
        total += _levelled(_voice(voice, n, rng), voice.level)
    total += _levelled(_drums(song.strokes, n, rng), song.drum_level)
    return _recorded(_coloured(total, song, rng), rng)


def _voice(voice: Voice, n: int, rng: np.random.Generator) -> np.ndarray:
    """The part of one instrument, float32 [shape=(n,)]; equal notes are made once."""
    buffer = np.zeros(n, dtype=np.float32)
    made: dict[tuple[int, float], np.ndarray] = {}
    for start, midi, seconds, velocity in voice.notes:
        key = (midi, round(seconds, 2))
        if key not in made:
            made[key] = note(voice.instrument, midi, seconds, rng)
        _add(buffer, made[key], start, velocity)
    if voice.instrument.drive:
        buffer = np.tanh(np.float32(voice.instrument.drive) * buffer)
        # A loudspeaker cabinet takes off what distortion adds at the top.
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
    heard = wave[: max(0, len(buffer) - at)]
    buffer[at : at + len(heard)] += np.float32(velocity) * heard


def _levelled(buffer: np.ndarray, level: float) -> np.ndarray:
    """`buffer` with an RMS of `level` dB while it sounds, so that a part's level is the mix's choice alone."""
    sounding = buffer[np.abs(buffer) > 1e-3]
    rms = np.sqrt(np.mean(sounding**2)) if len(sounding) else 1.0
    return buffer * np.float32(10 ** (level / 20) / rms)


def _coloured(total: np.ndarray, song: Song, rng: np.random.Generator) -> np.ndarray:
    """Tilted, low-passed and with reverberation: one product in the frequency domain."""
    tail = int(SAMPLE_RATE * _REVERB_SECONDS)
    length = fft.next_fast_len(len(total) + tail, real=True)
    echo = rng.standard_normal(tail, dtype=np.float32) * np.geomspace(1, 0.001, tail, dtype=np.float32)
    response = 1 + song.reverb * fft.rfft(echo / np.sqrt(np.sum(echo**2)), length)
    hertz = fft.rfftfreq(length, 1 / SAMPLE_RATE).astype(np.float32)
    octaves = np.log2(np.clip(hertz, 40, None) / 1000)
    response *= 10 ** (song.tilt * octaves / 20) / np.sqrt(1 + (hertz / song.lowpass) ** 8)
    response *= hertz > 25  # nothing below hearing
    return fft.irfft(fft.rfft(total, length) * response.astype(np.complex64), length)[: len(total)]


def _recorded(total: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With hiss, a level, a soft ceiling and fades; the ranges are the same for every genre and give none away."""
    total = total * (10 ** (rng.uniform(-25, -16) / 20) / np.sqrt(np.mean(total**2) + 1e-12))
    total += 10 ** (rng.uniform(-80, -55) / 20) * rng.standard_normal(len(total), dtype=np.float32)
    total = _CEILING * np.tanh(total / _CEILING)
    fade = np.linspace(0, 1, int(_FADE * SAMPLE_RATE), dtype=np.float32)
    total[: len(fade)] *= fade
    total[-len(fade) :] *= fade[::-1]
    return total.astype(np.float32)

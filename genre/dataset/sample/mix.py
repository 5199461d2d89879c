"""A song's sound: notes and strokes added into one buffer, then tone, reverb, recording noise and level."""

import numpy as np
from scipy import fft, signal

from genre.dataset.sample.arrange import Song, Sound, Voice
from genre.dataset.sample.notes import SAMPLE_RATE, hit, note

_FADE = 0.015  # at both ends of a clip, in s
_CEILING = 0.98


def mix(song: Song, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Render `song`; float32 [shape=(round(seconds * 22050),)], within -1..1, faded in and out at the edges."""
    n = round(seconds * SAMPLE_RATE)
    total = np.zeros(n, dtype=np.float32)
    for voice in song.voices:
        total += _levelled(_voice(voice, n, rng), voice.gain)
    if song.strokes:
        total += _levelled(_drums(song, n, rng), song.drum_gain)
    return _master(_colour(total, song.sound, rng), song.sound, rng)


def _voice(voice: Voice, n: int, rng: np.random.Generator) -> np.ndarray:
    """The part of one instrument, float32 [shape=(n,)]; equal notes are made once."""
    buffer = np.zeros(n, dtype=np.float32)
    made = {}
    takes = 3 if voice.timbre.vowels else 1
    for start, midi, seconds, velocity in voice.notes:
        key = (midi, round(seconds, 2), rng.integers(takes) if takes > 1 else 0)
        if key not in made:
            made[key] = note(voice.timbre, midi, seconds, rng)
        _add(buffer, made[key], start, velocity)
    if voice.timbre.drive:
        buffer = np.tanh(np.float32(voice.timbre.drive) * buffer)
        # A loudspeaker cabinet takes off what distortion adds at the top.
        buffer = signal.sosfilt(signal.butter(2, 4500, fs=SAMPLE_RATE, output="sos"), buffer).astype(np.float32)
    return buffer


def _drums(song: Song, n: int, rng: np.random.Generator) -> np.ndarray:
    buffer = np.zeros(n, dtype=np.float32)
    takes = {drum: [hit(song.kit[drum], rng) for _ in range(3)] for drum in song.groove.drums}
    for start, drum, velocity in song.strokes:
        _add(buffer, takes[drum][rng.integers(3)], start, velocity)
    return buffer


def _add(buffer: np.ndarray, wave: np.ndarray, start: float, velocity: float) -> None:
    at = int(start * SAMPLE_RATE)
    wave, at = wave[max(0, -at) :], max(0, at)  # a note may have begun before the clip
    heard = wave[: len(buffer) - at]
    buffer[at : at + len(heard)] += np.float32(velocity) * heard


def _levelled(buffer: np.ndarray, gain: float) -> np.ndarray:
    """`buffer` with an RMS of `gain` dB while it sounds, so that a part's level is the mix's choice alone."""
    sounding = buffer[np.abs(buffer) > 1e-3]
    rms = np.sqrt(np.mean(sounding**2)) if len(sounding) else 1.0
    return buffer * np.float32(10 ** (gain / 20) / rms)


def _colour(total: np.ndarray, sound: Sound, rng: np.random.Generator) -> np.ndarray:
    """Tilted, low-passed and with reverb: one product in the frequency domain."""
    tail = int(SAMPLE_RATE * sound.reverb)
    length = fft.next_fast_len(len(total) + tail, real=True)
    decay = np.exp(np.linspace(0, np.log(0.001), tail, dtype=np.float32))
    echo = rng.standard_normal(tail, dtype=np.float32) * decay
    response = 1 + sound.wet * fft.rfft(echo / np.sqrt(np.sum(echo**2)), length)
    hertz = fft.rfftfreq(length, 1 / SAMPLE_RATE).astype(np.float32)
    octaves = np.log2(np.clip(hertz, 40, None) / 1000)
    studio = np.interp(np.log2(np.clip(hertz, 60, None) / 60), np.arange(len(sound.studio)), sound.studio)
    response *= 10 ** ((sound.tilt * octaves + studio) / 20) / np.sqrt(1 + (hertz / sound.lowpass) ** 8)
    response *= hertz > 25  # nothing below hearing
    return fft.irfft(fft.rfft(total, length) * response.astype(np.complex64), length)[: len(total)]


def _master(total: np.ndarray, sound: Sound, rng: np.random.Generator) -> np.ndarray:
    """Slow loudness waves, hiss, the recording's level with a soft ceiling, and the fades."""
    t = np.arange(len(total), dtype=np.float32) / SAMPLE_RATE
    wave = np.sin(2 * np.pi * (t / rng.uniform(7, 16) + rng.random()))
    total = total * 10 ** (sound.swell / 2 / 20 * wave)
    total *= 10 ** (sound.level / 20) / np.sqrt(np.mean(total**2) + 1e-12)
    total += 10 ** (sound.noise / 20) * rng.standard_normal(len(total), dtype=np.float32)
    total = _CEILING * np.tanh(total / _CEILING)
    fade = np.linspace(0, 1, int(_FADE * SAMPLE_RATE), dtype=np.float32)
    total[: len(fade)] *= fade
    total[-len(fade) :] *= fade[::-1]
    return total.astype(np.float32)

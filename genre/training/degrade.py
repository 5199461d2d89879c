"""Degrade segments as noise, rooms, telephones and low sample rates degrade music, without going back to the audio.

A segment's levels are decibels, so its power is known up to a factor: it is restored, changed by a physical model, and
converted back to levels as in extraction, which scales from minimum to maximum: a noise floor thus moves every level.
The kinds of degradation are those of the Audio Degradation Toolbox (Mauch and Ewert, ISMIR 2013).

`signal` and `noise` are power, up to the same factor, in cells of a spectrogram [shape=(frames, n_mels), float32].
`noise` is the expected power, without random fluctuations, and may be the same in all frames [shape=(n_mels,)].
"""

import numpy as np
from scipy.signal import lfilter

from genre.features.bands import MelBands
from genre.features.settings import TOP_DB
from genre.params import DegradeParams

MIN_RANGE = 20.0  # in dB; a segment with a smaller range is not stretched to levels 0..1
KINDS = ("noise", "cut_high", "cut_low", "room", "tilt")  # in the order of their random draws
_DB = np.float32(np.log(10) / 10)  # exp(_DB * decibels) is power


def degrade(segments: np.ndarray, params: DegradeParams, bands: MelBands, *, rng: np.random.Generator) -> np.ndarray:
    """Degrade a random selection of a batch's segments, each in random ways; the others stay unchanged.

    Segments are (batch, frames, n_mels), float32 levels 0..1: 1 is the clip's loudest point, 0 is taken as 80 dB below.
    """
    result = segments.copy()
    for row in np.flatnonzero(rng.random(len(segments)) < params.share):  # one at a time fits the processor's cache
        kinds = [name for name in KINDS if rng.random() < getattr(params, name)]
        if kinds:
            result[row] = degrade_segment(segments[row], kinds, bands, rng=rng)
    return result


def degrade_segment(levels: np.ndarray, kinds: list[str], bands: MelBands, *, rng: np.random.Generator) -> np.ndarray:
    """The levels of one segment after the named kinds of degradation, each with random strength."""

    def log_uniform(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    signal, noise = power(levels), np.zeros(len(bands.centre), np.float32)
    if "room" in kinds:
        noise = reverberation(
            signal, bands, decay=log_uniform(0.2, 1.2), level=rng.uniform(-12, 3), damping=rng.uniform(0, 3), rng=rng
        )
    if "tilt" in kinds:
        gain = to_power(rng.uniform(-4, 4) * bands.octaves)
        signal, noise = signal * gain, noise * gain
    gain = np.ones_like(bands.centre)
    if "cut_high" in kinds:
        gain = gain * cut(bands, above=log_uniform(2000, 10_500), slope=log_uniform(6, 300))
    if "cut_low" in kinds:
        gain = gain * cut(bands, below=log_uniform(60, 600), slope=log_uniform(6, 60))
    unfiltered = mean_power(signal + noise, bands)
    signal, noise = signal * gain, noise * gain
    if "noise" in kinds:
        curve = smooth_curve(rng.normal(0, 3, 5), len(bands.centre))
        floor = noise_floor(bands, rng.uniform(-6.5, 1.5) * bands.octaves + curve)
        floor *= to_power(-rng.uniform(5, 40))
        if rng.random() < 0.5:  # noise of the recording device, after the cut; else noise at the source, before it
            noise = noise + floor * mean_power(signal + noise, bands)
        else:
            noise = noise + floor * unfiltered * gain
    if noise.any():
        signal = fluctuate(signal, noise, bands, rng=rng)
    return to_levels(signal, loudest=float(levels.max()))


def to_power(decibels: np.ndarray | float) -> np.ndarray:
    """10 ** (decibels / 10), in single precision."""
    return np.exp(np.float32(decibels) * _DB)


def power(levels: np.ndarray) -> np.ndarray:
    """Power of levels 0..1, relative to the clip's loudest point: 1e-8..1."""
    return to_power((levels - 1) * np.float32(TOP_DB))


def to_levels(power: np.ndarray, *, loudest: float = 1.0) -> np.ndarray:
    """Levels 0..1 as in extraction: the minimum becomes 0, the maximum becomes `loudest`, its level before.

    `loudest` is on the scale of `power`: 80 dB from 0 to 1.
    """
    decibels = np.log(power + np.float32(1e-14))
    decibels /= _DB
    decibels += np.float32((loudest - 1) * TOP_DB) - decibels.max()
    np.maximum(decibels, np.float32(-TOP_DB), out=decibels)
    decibels /= min(decibels.min(), np.float32(-MIN_RANGE))
    return np.subtract(1, decibels, out=decibels)


def mean_power(power: np.ndarray, bands: MelBands) -> np.float32:
    """The mean power of the samples behind a spectrogram, over all frames."""
    return (power @ bands.width).mean()


def reverberation(
    signal: np.ndarray, bands: MelBands, *, decay: float, level: float, damping: float, rng: np.random.Generator
) -> np.ndarray:
    """The reverberant power that a room adds to the direct sound; it decays by 60 dB in `decay` s.

    Its energy is `level` dB above the direct sound's, minus `damping` dB per octave above 1 kHz, and varies from band
    to band like the mean over the room's modes in a band: one mode per 2.2 / decay Hz (H. Kuttruff, Room Acoustics).
    """
    keep = np.float32(10 ** (-6 * bands.hop / decay))  # fraction of a frame's power that is left in the next frame
    start = keep * signal[:1]  # as if the first frame had lasted for a long time
    field = lfilter(np.array([1 - keep], np.float32), np.array([1, -keep], np.float32), signal, axis=0, zi=start)[0]
    modes = np.maximum(bands.width * np.float32(decay / 2.2), 1)
    colour = rng.standard_normal(len(modes), np.float32) / (_DB * np.sqrt(modes))  # in dB
    return field * to_power(level + colour - damping * np.maximum(bands.octaves, 0))


def cut(bands: MelBands, *, above: float = np.inf, below: float = 0.0, slope: float) -> np.ndarray:
    """Gain [shape=(n_mels,)] of a filter that falls by `slope` dB per octave `above` or `below` a frequency in Hz."""
    octaves = np.log2(np.maximum(bands.centre / above, 1)) + np.log2(np.maximum(below / bands.centre, 1))
    return to_power(-np.minimum(slope * octaves, 100))


def noise_floor(bands: MelBands, decibels: np.ndarray) -> np.ndarray:
    """Expected power [shape=(n_mels,)] of noise with mean power 1 and spectrum `decibels`, constant for white noise."""
    floor = to_power(decibels)
    return floor / (floor @ bands.width)


def smooth_curve(amplitudes: np.ndarray, n_mels: int) -> np.ndarray:
    """Sums of cosines with 1, 2, ... half periods over the bands: amplitudes (..., n) -> curves (..., n_mels)."""
    k = np.arange(1, amplitudes.shape[-1] + 1)
    return amplitudes @ np.cos(np.pi * k[:, None] * (np.arange(n_mels) + 0.5) / n_mels)


def fluctuate(signal: np.ndarray, noise: np.ndarray, bands: MelBands, *, rng: np.random.Generator) -> np.ndarray:
    """The total power of signal and noise in each cell, with the random fluctuations that noise causes.

    The power of noise plus a signal of random phase has a non-central chi-square distribution. Its mean and variance
    are reproduced: where s is the signal's share of the expected power, the variance is 1 - s^2 times that of noise.
    """
    power = signal + noise
    share = signal / (power + np.float32(1e-20))
    noise_alone = bands.noise[rng.integers(len(bands.noise), size=len(signal))]
    return power * (1 + (noise_alone - 1) * np.sqrt(np.maximum(1 - share * share, 0)))

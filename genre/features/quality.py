"""What a recording lacks, measured on its spectrogram: the bandwidth, and a steady noise under the music.

Both were chosen on GTZAN: of the 999 stored clips, 2 are said to be noisy and 11 to have little above 8 kHz, as old
recordings do. The model card counts the notes under each condition of the benchmark of robustness.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from genre.features.bands import frequencies
from genre.features.settings import FeatureSettings
from genre.features.spectrogram import TOP_DB, mel_power

_CONTENT = -75.0  # dB below the loudest point; what is louder in a tenth of the frames is content
_NARROW = 0.73  # of half the sample rate: a file at 16 kHz among features at 22.05 kHz
_NOISY = 25.0  # dB; below a floor that is lower still, music is heard as it is
# A band's noise floor lies bare where its quietest levels are spread as those of noise alone, and no more.
_QUIETEST = 0.05  # quantiles of a band's levels: its floor is at the first,
_QUIET = 0.3  # and the distance to the second is its spread
_SPREAD = 1.35  # as a multiple of noise's own
_TOO_SPREAD = 4.0  # dB; in bands so narrow that noise itself varies more, nothing can be said
_FEWEST_FRAMES = 50
_NOISE_FRAMES = 1000
# Noise has a smooth spectrum, and distorted guitars, whose levels are as steady, have not: in so many of the bands
# with a bare floor it lies as near to a line of decibels over octaves, which falls as white noise does, or steeper.
_BARE_BANDS = 0.12  # least part of all bands that must be bare
_SMOOTH_BANDS = 0.7  # least part of the bare bands near the line
_SMOOTH = 1.0  # dB; what is nearer to the line is near
_STEEPEST = -4.0  # dB an octave; pink noise falls by 3


@dataclass(frozen=True)
class Quality:
    """What was measured."""

    bandwidth: float  # the highest frequency with content, in Hz
    snr: float  # the music's power over that of a steady noise, in dB; infinite where none was found


def measure(decibels: np.ndarray, settings: FeatureSettings) -> Quality:
    """Measure a mel spectrogram [shape=(frames, n_mels)] in dB that `genre.features.spectrogram.to_decibels` made."""
    corners = frequencies(settings.n_mels, settings.sample_rate)
    levels = _sorted(decibels)
    loud = np.flatnonzero(_quantile(levels, 0.9) > _CONTENT)
    bandwidth = float(corners[2:][loud[-1]]) if len(loud) else 0.0
    noise = _noise(levels, np.log2(corners[1:-1]), settings)
    if noise is None or len(decibels) < _FEWEST_FRAMES:
        return Quality(bandwidth, math.inf)
    widths = (corners[2:] - corners[:-2]) / 2  # power @ widths is proportional to the power of the samples
    whole = (10 ** (decibels / 10)).mean(axis=0)
    ratio = whole @ widths / (10 ** (noise / 10) @ widths)
    return Quality(bandwidth, float(10 * np.log10(max(ratio - 1, 1e-2))))


def summarise(windows: Sequence[Quality]) -> Quality:
    """The quality of a song: the largest bandwidth and the median signal-to-noise ratio of its windows."""
    return Quality(max(one.bandwidth for one in windows), sorted(one.snr for one in windows)[len(windows) // 2])


def notes(quality: Quality, settings: FeatureSettings) -> list[str]:
    """What to know of a song before its genre is believed; nothing where nothing is missing."""
    found = []
    if quality.bandwidth < _NARROW * settings.sample_rate / 2:
        found.append(f"little above {quality.bandwidth / 1000:.1f} kHz: less sure")
    if quality.snr < 0:
        found.append("more steady noise than music: less sure")
    elif quality.snr < _NOISY:
        found.append(f"noise about {quality.snr:.0f} dB below the music: less sure")
    return found


@lru_cache(maxsize=8)
def _of_noise(settings: FeatureSettings) -> tuple[np.ndarray, np.ndarray]:
    """A low quantile of the levels of noise in each band, in dB above its mean power, and how far up another one is."""
    samples = np.random.default_rng(0).standard_normal(_NOISE_FRAMES * settings.n_fft // 2, np.float32)
    power = mel_power(samples, replace(settings, hop_length=settings.n_fft // 2))
    levels = _sorted(10 * np.log10(np.maximum(power, 1e-9) / np.maximum(power.mean(axis=0), 1e-9)))
    floor = _quantile(levels, _QUIETEST)
    return floor, _quantile(levels, _QUIET) - floor


def _noise(levels: np.ndarray, octaves: np.ndarray, settings: FeatureSettings) -> np.ndarray | None:
    """The mean level of a steady noise in each band [shape=(n_mels,)], in dB, None where there is none."""
    floor_of_noise, spread_of_noise = _of_noise(settings)
    floor = _quantile(levels, _QUIETEST)
    usable = spread_of_noise < _TOO_SPREAD
    bare = usable & (_quantile(levels, _QUIET) - floor < _SPREAD * spread_of_noise) & (floor > 1 - TOP_DB)
    if bare.sum() < max(_BARE_BANDS * usable.sum(), 2):
        return None
    noise = floor - floor_of_noise
    line = _line(octaves, noise, bare)
    smooth = (np.abs(noise - line)[bare] < _SMOOTH).mean() > _SMOOTH_BANDS
    return np.minimum(line, noise) if smooth else None


def _line(octaves: np.ndarray, level: np.ndarray, bare: np.ndarray) -> np.ndarray:
    """A line through the levels of the bare bands, by the median slope of all pairs (Theil, 1950; Sen, 1968)."""
    x, y = octaves[bare], level[bare]
    slope = 0.0
    if np.ptp(x) > 1:
        apart = x[:, None] - x > 0.3
        slope = float(np.median((y[:, None] - y)[apart] / (x[:, None] - x)[apart]))
        slope = min(max(slope, _STEEPEST), 0.0)
    return slope * octaves + np.median(y - slope * x)


def _sorted(decibels: np.ndarray) -> np.ndarray:
    return np.sort(np.ascontiguousarray(decibels.T), axis=1)  # (n_mels, frames): a tenth of the time of axis 0


def _quantile(levels: np.ndarray, fraction: float) -> np.ndarray:
    """Of sorted levels [shape=(n_mels, frames)], the one that this fraction does not exceed [shape=(n_mels,)]."""
    return levels[:, round(fraction * (levels.shape[1] - 1))]

"""Recording quality, measured on the spectrogram: the bandwidth, and the level of steady noise under the music.

The thresholds were chosen on GTZAN: of its 999 stored clips, 2 are reported as noisy and 11 as having little above
8 kHz, as old recordings do. The model card counts the notes under each condition of the robustness benchmark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from genre.features.bands import frequencies
from genre.features.settings import TOP_DB, FeatureSettings
from genre.features.spectrogram import mel_power

_CONTENT_LEVEL = -75.0  # dB relative to the loudest point; a band above it in a tenth of the frames has content
_NARROW_BANDWIDTH = 0.73  # of half the sample rate: true of 16 kHz files when features are at 22.05 kHz
_NOISY_SNR = 25.0  # dB; noise further below the music does no harm
# A band's noise floor is exposed if its quietest levels are spread no more than those of noise alone.
_FLOOR_QUANTILE = 0.05  # of a band's levels: its noise floor
_SPREAD_QUANTILE = 0.3  # its distance from the floor is the spread
_MAX_SPREAD = 1.35  # as a multiple of the spread of noise
_MAX_NOISE_SPREAD = 4.0  # dB; bands so narrow that noise itself spreads more are not used
_MIN_FRAMES = 50
_NOISE_FRAMES = 1000
# Noise has a smooth spectrum; distorted guitars, equally steady, do not. So the noise levels of the exposed bands must
# be close to a line, in dB over octaves, that is flat, as for white noise, or falls.
_MIN_EXPOSED = 0.12  # fraction of the usable bands that must be exposed
_MIN_SMOOTH = 0.7  # fraction of the exposed bands that must be close to the line
_MAX_DEVIATION = 1.0  # dB from the line
_STEEPEST_SLOPE = -4.0  # dB per octave; pink noise falls by 3


@dataclass(frozen=True)
class Quality:
    """The measured quality of a recording."""

    bandwidth: float  # the highest frequency with content, in Hz; 0 if most of the recording is silent
    snr: float  # power of the music relative to the steady noise, in dB; infinite if no noise was found


def measure(decibels: np.ndarray, settings: FeatureSettings) -> Quality:
    """Measure a mel spectrogram [shape=(frames, n_mels)] in dB from `genre.features.spectrogram.to_decibels`."""
    edges = frequencies(settings.n_mels, settings.sample_rate)
    levels = _sort_levels(decibels)
    loud = np.flatnonzero(_quantile(levels, 0.9) > _CONTENT_LEVEL)
    bandwidth = float(edges[2:][loud[-1]]) if len(loud) else 0.0
    noise = _noise_level(levels, np.log2(edges[1:-1]), settings)
    if noise is None or len(decibels) < _MIN_FRAMES:
        return Quality(bandwidth, math.inf)
    widths = (edges[2:] - edges[:-2]) / 2  # power @ widths is proportional to the power of the samples
    mean_power = (10 ** (decibels / 10)).mean(axis=0)
    ratio = mean_power @ widths / (10 ** (noise / 10) @ widths)
    return Quality(bandwidth, float(10 * np.log10(max(ratio - 1, 1e-2))))


def summarise(windows: Sequence[Quality]) -> Quality:
    """The quality of a song: the largest bandwidth and the median signal-to-noise ratio of its windows."""
    return Quality(max(one.bandwidth for one in windows), sorted(one.snr for one in windows)[len(windows) // 2])


def notes(quality: Quality, settings: FeatureSettings) -> list[str]:
    """Notes on defects that make a song's prediction less certain; empty for a good recording."""
    found = []
    if 0 < quality.bandwidth < _NARROW_BANDWIDTH * settings.sample_rate / 2:
        found.append(f"little above {quality.bandwidth / 1000:.1f} kHz: less sure")
    if quality.snr < 0:
        found.append("more steady noise than music: less sure")
    elif quality.snr < _NOISY_SNR:
        found.append(f"noise about {quality.snr:.0f} dB below the music: less sure")
    return found


@lru_cache(maxsize=8)
def _noise_statistics(settings: FeatureSettings) -> tuple[np.ndarray, np.ndarray]:
    """The floor of pure noise in each band, in dB relative to its mean power, and its spread, in dB."""
    samples = np.random.default_rng(0).standard_normal(_NOISE_FRAMES * settings.n_fft // 2, np.float32)
    power = mel_power(samples, replace(settings, hop_length=settings.n_fft // 2))
    levels = _sort_levels(10 * np.log10(np.maximum(power, 1e-9) / np.maximum(power.mean(axis=0), 1e-9)))
    floor = _quantile(levels, _FLOOR_QUANTILE)
    return floor, _quantile(levels, _SPREAD_QUANTILE) - floor


def _noise_level(levels: np.ndarray, octaves: np.ndarray, settings: FeatureSettings) -> np.ndarray | None:
    """The mean level of the steady noise in each band [shape=(n_mels,)], in dB; None if there is no such noise."""
    reference_floor, reference_spread = _noise_statistics(settings)
    floor = _quantile(levels, _FLOOR_QUANTILE)
    usable = reference_spread < _MAX_NOISE_SPREAD
    spread = _quantile(levels, _SPREAD_QUANTILE) - floor
    exposed = usable & (spread < _MAX_SPREAD * reference_spread) & (floor > 1 - TOP_DB)
    if exposed.sum() < max(_MIN_EXPOSED * usable.sum(), 2):
        return None
    noise = floor - reference_floor
    line = _fit_line(octaves, noise, exposed)
    smooth = (np.abs(noise - line)[exposed] < _MAX_DEVIATION).mean() > _MIN_SMOOTH
    return np.minimum(line, noise) if smooth else None


def _fit_line(octaves: np.ndarray, level: np.ndarray, exposed: np.ndarray) -> np.ndarray:
    """Fit a line to the levels of the exposed bands, by the median slope of all pairs (Theil, 1950; Sen, 1968)."""
    x, y = octaves[exposed], level[exposed]
    slope = 0.0
    if np.ptp(x) > 1:
        distant = x[:, None] - x > 0.3
        slope = float(np.median((y[:, None] - y)[distant] / (x[:, None] - x)[distant]))
        slope = min(max(slope, _STEEPEST_SLOPE), 0.0)
    return slope * octaves + np.median(y - slope * x)


def _sort_levels(decibels: np.ndarray) -> np.ndarray:
    return np.sort(np.ascontiguousarray(decibels.T), axis=1)  # (n_mels, frames); ten times as fast as along axis 0


def _quantile(levels: np.ndarray, fraction: float) -> np.ndarray:
    """The quantile [shape=(n_mels,)] at `fraction`, 0..1, of sorted levels [shape=(n_mels, frames)]."""
    return levels[:, round(fraction * (levels.shape[1] - 1))]

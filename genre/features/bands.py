"""Mel bands: their frequencies, their filters, and how the power of white noise fluctuates in them."""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genre.features.settings import FeatureSettings

NOISE_FRAMES = 2048


def frequencies(n_mels: int, sample_rate: int) -> np.ndarray:
    """The n_mels + 2 mel band edges from 0 Hz to half the sample rate, in Hz, equally spaced on Slaney's scale.

    Linear below 1 kHz (200/3 Hz per mel), logarithmic above (27 mels for a factor of 6.4): M. Slaney, Auditory Toolbox,
    Interval Research, 1998. Band i rises from edge i to its peak at edge i + 1, and falls to edge i + 2.
    """
    step, corner, log_step = 200 / 3, 1000.0, np.log(6.4) / 27
    highest = sample_rate / 2
    top = highest / step if highest < corner else corner / step + np.log(highest / corner) / log_step
    mels = np.linspace(0, top, n_mels + 2)
    return np.where(mels < corner / step, step * mels, corner * np.exp(log_step * (mels - corner / step)))


def filters(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular mel filters of equal area [shape=(n_mels, n_fft // 2 + 1), float32]: librosa.filters.mel's defaults.

    Warns if some bands are too narrow to contain any bin of the Fourier transform.
    """
    edges = frequencies(n_mels, sample_rate)
    ramps = edges[:, None] - np.fft.rfftfreq(n_fft, 1 / sample_rate)
    widths = np.diff(edges)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    matrix = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    matrix *= (2 / (edges[2:] - edges[:-2]))[:, None]
    if empty := int((matrix.max(axis=1) == 0).sum()):
        warnings.warn(
            f"{empty} of {n_mels} mel bands are empty: lower extract.n_mels or raise extract.n_fft", stacklevel=2
        )
    return matrix


def white_noise(settings: FeatureSettings) -> np.ndarray:
    """The power of white noise in each mel band, relative to its mean there [shape=(NOISE_FRAMES, n_mels), float32].

    The frames are independent; those of windows that overlap by half or less nearly are (Welch, IEEE Transactions on
    Audio and Electroacoustics 15, 1967).
    """
    rng = np.random.default_rng(0)
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(settings.n_fft) / settings.n_fft)).astype(np.float32)
    matrix = filters(settings.sample_rate, settings.n_fft, settings.n_mels).T
    windows = (rng.standard_normal((64, settings.n_fft), np.float32) * hann for _ in range(NOISE_FRAMES // 64))
    power = np.concatenate([np.abs(np.fft.rfft(block)) ** 2 @ matrix for block in windows])
    return power / np.maximum(power.mean(axis=0), np.float32(1e-20))  # a band without bins has no power


@dataclass(frozen=True)
class MelBands:
    """Constants for calculations on the power in mel bands."""

    centre: np.ndarray  # (n_mels,), in Hz
    width: np.ndarray  # (n_mels,), in Hz; power @ width is proportional to the power of the samples
    noise: np.ndarray  # (frames, n_mels), from `white_noise`
    hop: float  # between frames, in s

    @property
    def octaves(self) -> np.ndarray:
        """How far each centre is above 1 kHz, in octaves [shape=(n_mels,), float32]; negative below."""
        return np.log2(self.centre / np.float32(1000))


@lru_cache(maxsize=8)
def mel_bands(settings: FeatureSettings) -> MelBands:
    """The bands of a mel spectrogram."""
    edges = frequencies(settings.n_mels, settings.sample_rate)
    return MelBands(
        centre=edges[1:-1].astype(np.float32),
        width=((edges[2:] - edges[:-2]) / 2).astype(np.float32),
        noise=white_noise(settings),
        hop=settings.hop_length / settings.sample_rate,
    )

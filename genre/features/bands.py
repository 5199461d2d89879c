"""The mel bands: where they lie, how they weigh a spectrum, and how the power of noise fluctuates in them."""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genre.features.settings import FeatureSettings

NOISE_FRAMES = 2048


def frequencies(n_mels: int, sample_rate: int) -> np.ndarray:
    """The n_mels + 2 corners of the mel bands from 0 Hz to half the sample rate, in Hz; equal steps on Slaney's scale.

    Linear below 1 kHz (200/3 Hz a mel), logarithmic above (27 mels for a factor of 6.4): M. Slaney, Auditory Toolbox,
    Interval Research, 1998. A band's corners are those before and after its peak.
    """
    step, corner, log_step = 200 / 3, 1000.0, np.log(6.4) / 27
    highest = sample_rate / 2
    top = highest / step if highest < corner else corner / step + np.log(highest / corner) / log_step
    mels = np.linspace(0, top, n_mels + 2)
    return np.where(mels < corner / step, step * mels, corner * np.exp(log_step * (mels - corner / step)))


def filters(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular mel filters of equal area [shape=(n_mels, n_fft // 2 + 1), float32]: librosa.filters.mel's defaults.

    Warns where bands are so narrow that no bin of the Fourier transform lies in them.
    """
    points = frequencies(n_mels, sample_rate)
    ramps = points[:, None] - np.fft.rfftfreq(n_fft, 1 / sample_rate)
    widths = np.diff(points)[:, None]
    rising, falling = -ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]
    matrix = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    matrix *= (2 / (points[2:] - points[:-2]))[:, None]
    if empty := int((matrix.max(axis=1) == 0).sum()):
        warnings.warn(
            f"{empty} of {n_mels} mel bands are empty: lower extract.n_mels or raise extract.n_fft", stacklevel=2
        )
    return matrix


def white_noise(settings: FeatureSettings) -> np.ndarray:
    """The power of white noise in mel bands, relative to its mean in each [shape=(NOISE_FRAMES, n_mels), float32].

    The frames are independent of each other: windows that overlap by half or less nearly are (Welch, IEEE Transactions
    on Audio and Electroacoustics 15, 1967).
    """
    rng = np.random.default_rng(0)
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(settings.n_fft) / settings.n_fft)).astype(np.float32)
    matrix = filters(settings.sample_rate, settings.n_fft, settings.n_mels).T
    windows = (rng.standard_normal((64, settings.n_fft), np.float32) * hann for _ in range(NOISE_FRAMES // 64))
    power = np.concatenate([np.abs(np.fft.rfft(block)) ** 2 @ matrix for block in windows])
    return power / np.maximum(power.mean(axis=0), np.float32(1e-20))  # a band without a bin has none


@dataclass(frozen=True)
class MelBands:
    """What calculations with the power in mel bands need."""

    centre: np.ndarray  # (n_mels,), in Hz
    width: np.ndarray  # (n_mels,), in Hz; power @ width is proportional to the power of the samples
    noise: np.ndarray  # (frames, n_mels): as `white_noise` gives it
    hop: float  # from frame to frame, in s

    @property
    def octaves(self) -> np.ndarray:
        """How far each centre is above 1 kHz, in octaves [shape=(n_mels,), float32]; negative below."""
        return np.log2(self.centre / np.float32(1000))


@lru_cache(maxsize=8)
def mel_bands(settings: FeatureSettings) -> MelBands:
    """The bands of a mel spectrogram."""
    corners = frequencies(settings.n_mels, settings.sample_rate)
    return MelBands(
        centre=corners[1:-1].astype(np.float32),
        width=((corners[2:] - corners[:-2]) / 2).astype(np.float32),
        noise=white_noise(settings),
        hop=settings.hop_length / settings.sample_rate,
    )

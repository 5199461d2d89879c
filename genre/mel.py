"""Mel spectrograms in numpy alone: librosa's definition, without the second and a half that its imports take.

Prediction of one song must start at once. The tests hold every function against librosa.
"""

import functools

import numpy as np

# Slaney's mel scale (Auditory Toolbox, 1998): linear up to 1 kHz, then 27 steps for each factor of 6.4.
_LINEAR_HERTZ = 200 / 3  # of one mel
_KNEE_HERTZ = 1000.0
_KNEE_MEL = _KNEE_HERTZ / _LINEAR_HERTZ
_LOG_STEP = np.log(6.4) / 27


def mel_power(samples: np.ndarray, *, sample_rate: int, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """Power in mel bands, frames first: Hann window, centred frames, zeros around the samples.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        Full scale is -1..1.
    sample_rate : int
        In Hz.
    n_fft, hop_length : int
        In samples.
    n_mels : int
        Bands from 0 Hz to half the sample rate.

    Returns
    -------
    np.ndarray [shape=(n // hop_length + 1, n_mels), dtype=float32]
        Not negative.
    """
    padded = np.pad(samples, n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    spectrum = np.fft.rfft(frames * _hann(n_fft))  # (frames, n_fft // 2 + 1), complex64
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return power @ mel_filters(sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels).T


def mel_frequencies(count: int, *, highest: float) -> np.ndarray:
    """Frequencies from 0 to `highest` Hz, evenly spaced in mel [shape=(count,)]."""
    above = np.log(max(highest, _KNEE_HERTZ) / _KNEE_HERTZ) / _LOG_STEP
    top = _KNEE_MEL + above if highest > _KNEE_HERTZ else highest / _LINEAR_HERTZ
    mels = np.linspace(0, top, count)
    curved = _KNEE_HERTZ * np.exp(_LOG_STEP * (mels - _KNEE_MEL))
    return np.where(mels < _KNEE_MEL, mels * _LINEAR_HERTZ, curved)


@functools.cache
def mel_filters(*, sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangles of equal area, one for each mel band [shape=(n_mels, n_fft // 2 + 1), dtype=float32]."""
    edges = mel_frequencies(n_mels + 2, highest=sample_rate / 2)
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return (triangles * (2 / (high - low))).astype(np.float32)


@functools.cache
def _hann(length: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def decibels(power: np.ndarray, *, top_db: float) -> np.ndarray:
    """Levels below the array's own maximum, at least -top_db; power below 1e-10 counts as that much."""
    levels = 10 * np.log10(np.maximum(power, np.float32(1e-10)))
    levels -= levels.max()
    return np.maximum(levels, -top_db)

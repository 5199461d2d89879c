from dataclasses import replace

import librosa
import numpy as np
import pytest
import scipy.signal

from genre.features import spectrogram
from tests.conftest import RATE, noise, sine


def plain_log_mel(samples, settings):
    """The formula, written out: framed Hann-windowed DFT power, Slaney mel bands, decibels, 8 bits."""
    n_fft, hop = settings.n_fft, settings.hop_length
    padded = np.pad(samples.astype(float), n_fft // 2)
    window = scipy.signal.get_window("hann", n_fft)
    count = 1 + (len(padded) - n_fft) // hop
    frames = np.stack([padded[i * hop : i * hop + n_fft] * window for i in range(count)])
    power = np.abs(np.fft.rfft(frames)) ** 2
    mel = power @ slaney_filters(settings).T
    decibels = 10 * np.log10(np.maximum(mel, 1e-10) / mel.max())
    decibels = np.maximum(decibels, decibels.max() - 80)
    return (decibels - decibels.min()) / (decibels.max() - decibels.min()) * 255


def slaney_filters(settings):
    """Triangles of equal area between points equally spaced on Slaney's mel scale."""

    def mel(hz):
        return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))

    grid = np.linspace(0, settings.sample_rate / 2, 200_001)
    points = np.interp(np.linspace(0, mel(grid[-1]), settings.n_mels + 2), mel(grid), grid)
    bins = np.arange(settings.n_fft // 2 + 1) * settings.sample_rate / settings.n_fft
    low, centre, high = points[:-2, None], points[1:-1, None], points[2:, None]
    triangles = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, None)
    return triangles * 2 / (high - low)


def test_the_spectrogram_agrees_with_the_plain_formula(settings):
    samples = noise() * np.linspace(0, 1, 2 * RATE, dtype=np.float32) + sine(1000.0)
    levels = spectrogram.spectrogram(samples, settings)
    expected = plain_log_mel(samples, settings)
    assert levels.shape == expected.shape and levels.dtype == np.uint8
    # Rounding is half a level; single precision adds a little at the quietest points.
    assert np.abs(levels - expected).max() < 1.0
    assert np.abs(levels - expected).mean() < 0.3


def test_linear_power_is_librosas_own_mel_spectrogram(settings):
    linear = replace(settings, scale="power", n_fft=1024, hop_length=512)
    expected = librosa.feature.melspectrogram(y=noise(), sr=RATE, n_fft=1024, hop_length=512, n_mels=128).T
    power = spectrogram.spectrogram(noise(), linear)
    assert power.dtype == np.float32
    np.testing.assert_allclose(power, expected, rtol=1e-5)


@pytest.mark.parametrize("frequency", [110.0, 440.0, 1000.0, 3520.0, 9000.0])
def test_a_sine_is_loudest_in_the_mel_band_around_its_frequency(settings, frequency):
    levels = spectrogram.spectrogram(sine(frequency), settings)
    edges = librosa.mel_frequencies(settings.n_mels + 2, fmin=0, fmax=RATE / 2)
    band = int(levels[len(levels) // 2].argmax())
    assert edges[band] <= frequency <= edges[band + 2]


def test_a_click_is_loud_in_its_own_frames_alone(settings):
    samples = np.zeros(4 * RATE, np.float32)
    samples[2 * RATE] = 1.0
    loudness = spectrogram.spectrogram(samples, settings).max(axis=1)
    hit = np.flatnonzero(loudness > 0)
    expected = 2 * RATE / settings.hop_length
    assert len(hit) in (1, 2)
    assert np.abs(hit - expected).max() <= settings.n_fft / 2 / settings.hop_length


def test_scaling_the_loudness_changes_nothing(settings):
    loud = spectrogram.spectrogram(noise(), settings)
    quiet = spectrogram.spectrogram(noise() / 4, settings)
    assert np.abs(loud.astype(int) - quiet).max() <= 1


def test_a_clip_has_one_frame_for_every_begun_hop(settings):
    assert len(spectrogram.spectrogram(noise(seconds=30.0), settings)) == settings.n_frames(30.0) == 388


def test_the_starting_points_features_have_1249_frames(settings):
    assert replace(settings, hop_length=512, seconds=29.0).n_frames(29.0) == 1249


def test_constant_levels_become_zeros():
    assert (spectrogram.quantise(np.full((3, 4), -7.0)) == 0).all()

import subprocess
import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest

from genre.features import bands, spectrogram
from tests.conftest import RATE, TOP, noise, sine


def music() -> np.ndarray:
    """Chords that fade over a bass, beats of noise, and a quiet hiss: loud and quiet bands in one frame."""
    time = np.arange(10 * RATE) / RATE
    rng = np.random.default_rng(0)
    chords = sum(np.sin(2 * np.pi * frequency * time) for frequency in (55.0, 220.0, 277.2, 329.6, 1760.0))
    beats = rng.normal(size=len(time)) * np.exp(-20 * (time % 0.5))
    return (0.1 * chords * np.exp(-(time % 2)) + 0.2 * beats + 1e-3 * rng.normal(size=len(time))).astype(np.float32)


SIGNALS = {
    "tone": sine(440.0),
    "high tone": sine(9000.0, seconds=1.0),
    "noise": noise(),
    "music": music(),
    "click": np.eye(1, 3 * RATE, RATE, dtype=np.float32)[0],
    "shorter than a window": noise(seconds=0.01),
}
SETTINGS = {
    "default": {"n_fft": 2048, "hop_length": 1708, "n_mels": 128},
    "starting point": {"n_fft": 1024, "hop_length": 512, "n_mels": 128},
    "odd": {"n_fft": 1501, "hop_length": 2000, "n_mels": 37},
    "large": {"n_fft": 65536, "hop_length": 4096, "n_mels": 512},
}


def librosas(samples, chosen):
    return librosa.feature.melspectrogram(y=samples, sr=RATE, **chosen).T


@pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")
@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("chosen", SETTINGS.values(), ids=SETTINGS)
def test_power_agrees_with_librosa_to_single_precision(signal, chosen, settings):
    power, expected = spectrogram.mel_power(signal, replace(settings, **chosen)), librosas(signal, chosen)
    assert power.shape == expected.shape and power.dtype == np.float32
    # Rounding in a Fourier transform is relative to the loudest part, not to each band: a few 2**-24 in amplitude.
    error = np.abs(np.sqrt(power) - np.sqrt(expected)) / np.sqrt(expected.max())
    assert error.max() < 2.0**-19 and np.sqrt((error**2).mean()) < 2.0**-23


@pytest.mark.parametrize("signal", ["tone", "noise", "music"])
@pytest.mark.parametrize("chosen", ["default", "starting point"])
def test_8_bit_levels_are_librosas_but_for_one_level_in_a_vanishing_share(signal, chosen, settings):
    decibels = librosa.power_to_db(librosas(SIGNALS[signal], SETTINGS[chosen]), ref=np.max, top_db=80)
    levels = spectrogram.spectrogram(SIGNALS[signal], replace(settings, **SETTINGS[chosen]))
    difference = np.abs(levels.astype(int) - spectrogram.quantise(decibels))
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3


def test_decibels_are_librosas(settings):
    power = librosas(music(), SETTINGS["default"])
    np.testing.assert_allclose(spectrogram.to_decibels(power), librosa.power_to_db(power, ref=np.max), atol=2e-5)
    assert (spectrogram.to_decibels(np.zeros((3, 4), np.float32)) == 0).all()


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels"),
    [(22050, 2048, 128), (22050, 1024, 128), (48000, 4096, 256), (8000, 501, 40), (1500, 64, 8)],
)
def test_the_filters_are_librosas(rate, n_fft, n_mels):
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(bands.filters(rate, n_fft, n_mels), expected, rtol=1e-6, atol=1e-9)
    corners = librosa.mel_frequencies(n_mels + 2, fmin=0, fmax=rate / 2)
    np.testing.assert_allclose(bands.frequencies(n_mels, rate), corners, rtol=1e-12)


def test_bands_too_narrow_for_the_window_are_reported():
    with pytest.warns(UserWarning, match="mel bands are empty"):
        bands.filters(RATE, 256, 128)


@pytest.mark.parametrize("signal", ["noise", "music"])
def test_16_bit_samples_give_the_bytes_that_they_give_as_floats(signal, settings):
    stored = np.round(SIGNALS[signal] * 32767).astype(np.int16)
    as_floats = stored.astype(np.float32) / np.float32(32768)
    one, other = (spectrogram.mel_power(samples, settings) for samples in (stored, as_floats))
    np.testing.assert_array_equal(one, other)


def test_extraction_imports_neither_librosa_nor_anything_else_that_is_slow():
    """A worker process imports genre.features before its first clip."""
    code = "import sys, genre.features; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True).stdout
    assert not {"librosa", "numba", "pandas", "audioread", "sklearn", "keras", "tensorflow"} & set(loaded.split())

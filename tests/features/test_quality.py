import numpy as np
import pytest
import soxr

from genre.dataset import sample
from genre.features import quality, spectrogram
from genre.features.quality import Quality
from tests.conftest import RATE, noise

GENRES = ("blues", "classical", "metal", "reggae")


@pytest.fixture(scope="module")
def music() -> dict[str, np.ndarray]:
    """Synthesised clips of 15 s."""
    return {genre: sample.synthesise(genre, 0, seconds=15.0, seed=0) for genre in GENRES}


def measured(samples: np.ndarray, settings) -> Quality:
    decibels = spectrogram.to_decibels(spectrogram.mel_power(samples.astype(np.float32), settings))
    return quality.measure(decibels, settings)


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def with_noise(samples: np.ndarray, below: float, *, pink: bool = False) -> np.ndarray:
    """Samples with noise `below` dB under them."""
    hiss = noise(seconds=len(samples) / RATE)
    if pink:
        spectrum = np.fft.rfft(hiss)
        hiss = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(samples))
    return samples + hiss * np.sqrt(power(samples) / power(hiss)) * 10 ** (-below / 20)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000])
def test_the_bandwidth_is_half_of_a_lower_sample_rate(music, settings, rate):
    for samples in music.values():
        low = soxr.resample(soxr.resample(samples, RATE, rate), rate, RATE)
        found = measured(low, settings)
        assert found.bandwidth == pytest.approx(rate / 2, rel=0.06)
        assert quality.notes(found, settings)[0] == f"little above {found.bandwidth / 1000:.1f} kHz: less sure"


@pytest.mark.parametrize("pink", [False, True])
@pytest.mark.parametrize("below", [10.0, 15.0])
def test_a_steady_noise_is_found_and_its_level_is_correct_within_5_db(music, settings, below, pink):
    found = [measured(with_noise(samples, below, pink=pink), settings).snr for samples in music.values()]
    heard = [snr for snr in found if np.isfinite(snr)]
    assert len(heard) >= len(found) - 1
    assert heard == pytest.approx([below] * len(heard), abs=5)


def test_nothing_is_said_of_clean_music(music, settings):
    for samples in music.values():
        assert quality.notes(measured(samples, settings), settings) == []


def test_a_song_has_the_bandwidth_of_its_widest_window_and_the_noise_of_most(settings):
    windows = [Quality(4_000.0, 12.0), Quality(11_000.0, np.inf), Quality(8_000.0, 13.0)]
    assert quality.summarise(windows) == Quality(11_000.0, 13.0)
    assert quality.notes(quality.summarise(windows), settings) == ["noise about 13 dB below the music: less sure"]


def test_nothing_is_said_of_the_bandwidth_of_a_file_that_is_mostly_silent(music, settings):
    sparse = np.concatenate([music["metal"][:RATE], np.zeros(28 * RATE, np.float32), music["metal"][:RATE]])
    assert quality.notes(measured(sparse, settings), settings) == []


def test_noise_alone_is_called_so(settings):
    assert quality.notes(measured(noise(seconds=10), settings), settings) == ["more steady noise than music: less sure"]


def test_silence_and_a_few_frames_are_measured_without_an_error(settings):
    assert measured(np.zeros(RATE), settings) == Quality(11_025.0, np.inf)
    assert measured(noise(seconds=1), settings).snr == np.inf

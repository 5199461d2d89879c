"""Degradation of levels, compared with its physical meaning or with the same degradation of samples."""

import numpy as np
import pytest

from genre import params
from genre.features.bands import MelBands, mel_bands
from genre.features.spectrogram import spectrogram
from genre.params import DegradeParams
from genre.training import degrade
from tests.conftest import RATE, TOP, noise, sine
from tests.training.augmentation import NO_DEGRADATION

DEFAULTS = params.load(TOP / "params.yaml").train.augment.degrade


@pytest.fixture
def bands(settings) -> MelBands:
    return mel_bands(settings)


@pytest.fixture
def levels_of(settings):
    """A function from samples to levels 0..1 [shape=(frames, n_mels)], as extraction makes them."""
    return lambda samples: (spectrogram(samples, settings) / 255).astype(np.float32)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def tune() -> np.ndarray:
    """Ten seconds of an octave of sines."""
    return sum(sine(frequency, seconds=10) for frequency in (440.0, 880.0)) / 2


def batch(n: int = 16) -> np.ndarray:
    """Segments [shape=(n, 60, 128)] of random levels that use the whole range."""
    segments = rng().random((n, 60, 128), np.float32)
    segments[:, 0, 0], segments[:, 0, 1] = 0, 1
    return segments


def only(**strengths: float) -> DegradeParams:
    return DegradeParams(**NO_DEGRADATION | {"share": 1.0} | strengths)


@pytest.mark.parametrize("snr", [10, 30])
def test_a_noise_floor_under_sines_matches_noise_added_to_their_samples(levels_of, bands, snr):
    music = tune()
    hiss = rng().normal(0, 1, len(music)) * np.sqrt(np.mean(music**2) * 10 ** (-snr / 10))
    expected = levels_of((music + hiss).astype(np.float32))[1:-1]  # the first and the last frame are half silence
    signal = degrade.power(levels_of(music))
    floor = degrade.noise_floor(bands, 0 * bands.octaves) * degrade.to_power(-snr) * degrade.mean_power(signal, bands)
    found = degrade.to_levels(degrade.fluctuate(signal, floor, bands, rng=rng(2)))[1:-1]
    # 0.04 of the range is 2 dB if it is 50 dB; the quietest of 16,000 random cells sets it.
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(axis=0), atol=0.04)
    bare = floor > 10 * signal[1:-1].mean(axis=0)
    np.testing.assert_allclose(found.std(axis=0)[bare], expected.std(axis=0)[bare], rtol=0.3)
    assert bare.sum() > 100 and expected.std(axis=0)[bare].mean() > 0.025  # the floor fluctuates


@pytest.mark.parametrize(("side", "frequency"), [("above", 3000), ("below", 300)])
def test_a_cut_matches_a_filter_of_the_samples_and_leaves_the_other_bands_unchanged(levels_of, bands, side, frequency):
    music = tune() + np.float32(0.02) * noise(seconds=10)
    music[: 2 * RATE] = 0  # so that the levels span the whole 80 dB
    spectrum, frequencies = np.fft.rfft(music), np.fft.rfftfreq(len(music), 1 / RATE)
    spectrum[frequencies > frequency if side == "above" else frequencies < frequency] = 0
    expected = levels_of(np.fft.irfft(spectrum, len(music)).astype(np.float32))
    before = levels_of(music)
    found = degrade.to_levels(degrade.power(before) * degrade.cut(bands, **{side: frequency}, slope=300))
    octaves = np.log2(bands.centre / frequency) * (1 if side == "above" else -1)
    np.testing.assert_allclose(found[:, octaves < 0], before[:, octaves < 0], atol=1e-6)
    beyond = octaves < -0.2  # far enough from the edge of the samples' filter
    sounds = slice(2 * RATE // 1708 + 2, -1)  # whole frames of music
    np.testing.assert_allclose(found[sounds, beyond].mean(0), expected[sounds, beyond].mean(0), atol=0.005)
    lost = octaves > 0.3
    assert lost.any() and before[sounds, lost].min() > 0.1
    assert found[sounds, lost].max() == expected[sounds, lost].max() == 0


@pytest.mark.parametrize("slope", [6, 24, 300])
def test_a_cut_has_its_slope_in_decibels_per_octave(bands, slope):
    lost = -10 * np.log10(degrade.cut(bands, above=2000, below=500, slope=slope))
    at = [int(np.abs(bands.centre - frequency).argmin()) for frequency in (250, 1000, 4000)]
    octaves = [np.log2(500 / bands.centre[at[0]]), 0, np.log2(bands.centre[at[2]] / 2000)]
    np.testing.assert_allclose(lost[at], np.minimum(slope * np.array(octaves), 100), atol=1e-3)


@pytest.mark.parametrize("chosen", [DEFAULTS.model_copy(update={"share": 0.0}), only()])
def test_strengths_of_zero_change_nothing(bands, chosen):
    segments = batch()
    np.testing.assert_array_equal(degrade.degrade(segments, chosen, bands, rng=rng()), segments)


@pytest.mark.parametrize("kind", degrade.KINDS)
def test_each_kind_alone_changes_every_segment_within_the_range_of_levels(bands, kind):
    segments = batch()
    changed = degrade.degrade(segments, only(**{kind: 1.0}), bands, rng=rng())
    assert changed.dtype == np.float32 and changed.min() >= 0
    assert np.abs(changed - segments).max(axis=(1, 2)).min() > 1e-3  # more than rounding
    np.testing.assert_allclose(changed.max(axis=(1, 2)), segments.max(axis=(1, 2)), atol=1e-6)


def test_the_share_of_segments_is_degraded_and_the_others_are_left_alone(bands):
    segments = rng().random((2000, 4, 128), np.float32)
    changed = degrade.degrade(segments, only(tilt=1.0).model_copy(update={"share": 0.3}), bands, rng=rng())
    share = (changed != segments).any(axis=(1, 2)).mean()
    assert abs(share - 0.3) < 0.03  # three standard deviations


@pytest.mark.parametrize("decay", [0.3, 1.2])
def test_a_room_makes_an_impulse_decay_by_60_db_in_its_decay_time(bands, decay):
    impulse = np.full((60, 128), 1e-30, np.float32)
    impulse[20] = 1
    field = degrade.reverberation(impulse, bands, decay=decay, level=0.0, damping=0.0, rng=rng())
    frames = field[20:24] @ bands.width
    np.testing.assert_allclose(np.diff(10 * np.log10(frames)) / bands.hop, -60 / decay, rtol=1e-3)
    assert field[19].max() < 1e-20  # nothing is heard before


@pytest.mark.parametrize("level", [-12.0, 3.0])
def test_a_rooms_energy_is_that_of_the_direct_sound_and_its_level(bands, level):
    steady = np.ones((300, 128), np.float32)
    field = degrade.reverberation(steady, bands, decay=0.5, level=level, damping=0.0, rng=rng())
    assert 10 * np.log10(np.median(field)) == pytest.approx(level, abs=1)  # bands differ
    np.testing.assert_allclose(field, field[:1].repeat(300, axis=0), rtol=1e-4)  # from the first frame on
    damped = degrade.reverberation(steady, bands, decay=0.5, level=level, damping=3.0, rng=rng())
    np.testing.assert_allclose(10 * np.log10(field / damped)[0], 3 * np.maximum(bands.octaves, 0), atol=1e-3)


def test_levels_are_scaled_as_extraction_scales_them(levels_of, bands):
    levels = levels_of(tune())
    np.testing.assert_allclose(degrade.to_levels(degrade.power(levels)), levels, atol=1e-5)
    raised = degrade.power(levels) + 1e-4  # nothing is more than 40 dB below the loudest point any more
    np.testing.assert_allclose(degrade.to_levels(raised), np.maximum(2 * levels - 1, 0), atol=0.08)

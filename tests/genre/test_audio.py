import shutil
import subprocess

import numpy as np
import pytest

from genre import audio
from genre.errors import AudioError
from tests.conftest import RATE, noise, sine


def load(path, **options):
    return audio.load(path, sample_rate=RATE, **({"seconds": 30.0} | options))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.flac", {}),
        ("a.au", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
    ],
)
def test_every_format_gives_back_the_sine_that_was_written(write_audio, name, options):
    samples = load(write_audio(name, sine(440.0), **options))
    assert samples.dtype == np.float32 and samples.ndim == 1
    spectrum = np.abs(np.fft.rfft(samples))
    frequency = spectrum.argmax() * RATE / len(samples)
    assert frequency == pytest.approx(440.0, abs=1.0)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="m4a needs ffmpeg")
def test_m4a_is_decoded_by_ffmpeg(write_audio, tmp_path):
    wav = write_audio("a.wav", sine(440.0))
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", wav, tmp_path / "a.m4a"], check=True)
    samples = load(tmp_path / "a.m4a", seconds=1.5)
    assert len(samples) == int(1.5 * RATE)
    assert np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples) == pytest.approx(440.0, abs=1.0)


def test_what_libsndfile_does_not_know_says_that_ffmpeg_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    (tmp_path / "a.m4a").write_bytes(b"anything")
    with pytest.raises(AudioError, match="ffmpeg"):
        load(tmp_path / "a.m4a")


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_other_sample_rates_are_resampled_without_changing_pitch_or_length(write_audio, rate):
    samples = load(write_audio("a.wav", sine(440.0, rate=rate), rate))
    assert len(samples) == pytest.approx(2 * RATE, abs=1)
    assert np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples) == pytest.approx(440.0, abs=1.0)


def test_stereo_is_mixed_to_the_mean_of_its_channels(write_audio):
    left, right = sine(440.0), noise()
    samples = load(write_audio("a.wav", np.stack([left, right], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-6)


def test_a_longer_file_is_read_only_as_far_as_asked(write_audio):
    assert len(load(write_audio("a.wav", sine(440.0, seconds=5)), seconds=3.0)) == 3 * RATE


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (np.zeros(0, np.float32), "no samples"),
        (sine(440.0, seconds=0.5), "too short: 0.50 s, the least is 1 s"),
        (sine(440.0) * np.float32(1e20), "not audio"),
        (np.where(np.arange(RATE * 2) == 7, np.nan, sine(440.0)).astype(np.float32), "NaN"),
        (np.where(np.arange(RATE * 2) == 7, np.inf, sine(440.0)).astype(np.float32), "infinite"),
    ],
)
def test_audio_without_usable_music_is_refused_with_its_reason(write_audio, samples, reason):
    path = write_audio("a.wav", samples, subtype="FLOAT")
    with pytest.raises(AudioError, match=reason):
        load(path, min_seconds=1.0)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is a text file, not music\n" * 100])
def test_bytes_that_are_no_audio_are_refused(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="cannot be decoded"):
        load(path)


def test_a_truncated_file_gives_what_is_left_of_it(write_audio, tmp_path):
    whole = write_audio("a.wav", sine(440.0))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: 44 + 2 * RATE])  # the header promises 2 s, 1 s is there
    assert len(load(cut)) == pytest.approx(RATE, abs=1)

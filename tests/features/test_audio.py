import shutil
import subprocess
from dataclasses import replace

import librosa
import numpy as np
import pytest

from genre import params
from genre.errors import AudioError
from genre.features import audio, decoding
from genre.features.settings import FeatureSettings
from tests.conftest import RATE, TOP, noise, sine

SETTINGS = replace(FeatureSettings.of(params.load(TOP / "params.yaml").extract), seconds=30.0, min_seconds=0.0)


def load(path, **changes):
    return audio.load(path, replace(SETTINGS, **changes))[0]


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
    assert samples.ndim == 1
    if samples.dtype == np.int16:
        samples = samples / 32768
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


def test_m4a_without_ffmpeg_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
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


def test_16_bit_samples_are_resampled_and_mixed_as_floats_are(write_audio):
    both = (32767 * np.stack([sine(440.0, rate=44100), noise(rate=44100)], axis=1)).astype(np.int16)
    one = load(write_audio("a.wav", both, 44100, subtype="PCM_16"))
    other = load(write_audio("b.wav", both / 32768, 44100, subtype="FLOAT"))
    assert one.dtype == other.dtype == np.float32
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_001])
def test_resampling_is_librosas_own(write_audio, rate):
    samples = noise(rate=rate, seconds=1.2345)
    expected = librosa.resample(samples, orig_sr=rate, target_sr=RATE)
    np.testing.assert_array_equal(load(write_audio("a.wav", samples, rate, subtype="FLOAT")), expected)


def test_a_longer_file_is_read_only_as_far_as_asked(write_audio):
    path = write_audio("a.wav", sine(440.0, seconds=5))
    samples, is_whole, _ = audio.load(path, replace(SETTINGS, seconds=3.0))
    assert len(samples) == 3 * RATE and not is_whole
    assert audio.load(path, replace(SETTINGS, seconds=5.0))[1]


def test_silence_before_the_music_is_skipped_in_a_longer_file_alone(write_audio):
    music = noise(seconds=4)
    path = write_audio("a.wav", np.concatenate([np.zeros(10 * RATE, np.float32), music]))
    np.testing.assert_array_equal(load(path, seconds=3.0), load(write_audio("b.wav", music), seconds=3.0))
    assert len(load(path, seconds=14.0)) == 14 * RATE


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.au", "a.ogg", "a.mp3"])
def test_reading_by_blocks_gives_the_same_samples(write_audio, monkeypatch, name):
    path = write_audio(name, np.stack([sine(440.0), noise()], axis=1))
    whole = load(path)
    monkeypatch.setattr(decoding, "_BLOCK", 5000)
    np.testing.assert_array_equal(load(path), whole)


@pytest.mark.parametrize("rate", [999, 1_000_000])
def test_a_sample_rate_that_no_audio_has_is_refused(write_audio, rate):
    with pytest.raises(AudioError, match=f"claims a sample rate of {rate} Hz"):
        load(write_audio("a.wav", noise(), rate))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="m4a needs ffmpeg")
def test_ffmpeg_never_follows_a_playlist_to_another_file(write_audio, tmp_path):
    secret = write_audio("secret.wav", sine(440.0))
    (tmp_path / "a.m4a").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError, match="cannot be decoded"):
        load(tmp_path / "a.m4a")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(RATE, np.float32), "silent"),
        (np.zeros(0, np.float32), "no samples"),
        (sine(440.0, seconds=0.5), "too short: 0.50 s of sound, minimum 1 s"),
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

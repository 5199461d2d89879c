from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from genre.errors import AudioError
from genre.features import spectrogram
from genre.features.decoding import open_audio
from genre.model.calibration import calibrate
from genre.model.model_file import ModelInfo
from genre.songs.prediction import predict_song
from genre.songs.windows import Window, windows
from tests.conftest import RATE, noise, sine

SILENCE = np.zeros(RATE, np.float32)  # 1 s


@pytest.fixture
def info(settings) -> ModelInfo:
    """The info of a network for 3 s segments of 5 s clips, with the genres `high` and `low`."""
    short = replace(settings, seconds=5.0)
    return ModelInfo(["high", "low"], short, short.n_frames(3.0), 2, 0.5, "any", "GTZAN", "artist", [])


def centre_of_mass(batch: np.ndarray) -> np.ndarray:
    """A network that gives 80 % to the genre of the half of the bands with more energy."""
    low = batch[:, :, :64].sum(axis=(1, 2)) > batch[:, :, 64:].sum(axis=(1, 2))
    return np.where(low[:, None], [0.2, 0.8], [0.8, 0.2])


def cut(path, info) -> list[Window]:
    with open_audio(path) as stream:
        return list(windows(stream, info.settings))


def test_a_clip_is_one_window_with_the_features_used_in_training(write_audio, info):
    path = write_audio("a.wav", noise(seconds=4))
    (window,) = cut(path, info)
    assert (window.start, window.weight) == (0, 4)
    np.testing.assert_array_equal(window.frames, spectrogram.read_clip(path, info.settings).frames)


def test_a_long_song_is_cut_end_to_end_and_the_last_window_reaches_back(write_audio, info):
    found = cut(write_audio("a.wav", noise(seconds=13)), info)
    assert [(window.start, window.weight) for window in found] == [(0, 5), (5, 5), (8, 3)]
    assert len({len(window.frames) for window in found}) == 1


def test_a_remainder_shorter_than_the_minimum_is_left_out(write_audio, info):
    found = cut(write_audio("a.wav", noise(seconds=5.5)), info)
    assert [(window.start, window.weight) for window in found] == [(0, 5)]


def test_silence_before_and_after_the_music_changes_nothing_but_the_time(write_audio, info):
    music = noise(seconds=7)
    (first, second) = cut(write_audio("a.wav", music), info)
    padded = cut(write_audio("b.wav", np.concatenate([*[SILENCE] * 12, music, *[SILENCE] * 8])), info)
    for found, expected in zip(padded, (first, second), strict=True):
        assert found.start == pytest.approx(expected.start + 12) and found.weight == expected.weight
        np.testing.assert_array_equal(found.frames, expected.frames)


@pytest.mark.parametrize("scale", ["db", "power"])
def test_silence_before_a_short_song_of_16_bit_samples_does_not_change_how_loud_it_is(write_audio, info, scale):
    info = replace(info, settings=replace(info.settings, scale=scale))
    music = noise(seconds=3)
    heard = []

    def network(batch):
        heard.append(batch)
        return centre_of_mass(batch)

    for name, samples in (("a.wav", music), ("b.wav", np.concatenate([SILENCE, music]))):
        predict_song(write_audio(name, samples, subtype="PCM_16"), network, info)
    np.testing.assert_array_equal(*heard)


def test_a_silent_middle_is_skipped(write_audio, info):
    music = noise(seconds=5)
    for seconds in (2.5, 10, 12.3):
        silence = np.zeros(int(seconds * RATE), np.float32)
        found = cut(write_audio("a.wav", np.concatenate([music, silence, music, silence])), info)
        assert [window.start for window in found] == [0, 5 + len(silence) / RATE]
        np.testing.assert_array_equal(found[1].frames, found[0].frames)


def test_a_short_pause_belongs_to_the_music(write_audio, info):
    music, pause = noise(seconds=5), np.zeros(RATE // 2, np.float32)
    found = cut(write_audio("a.wav", np.concatenate([music, pause, noise(seconds=6)])), info)
    assert [window.start for window in found] == [0, 5, 6.5]


def test_quiet_music_is_not_silence(write_audio, info):
    quiet = cut(write_audio("a.wav", noise(seconds=5) * np.float32(0.01), subtype="FLOAT"), info)
    np.testing.assert_array_equal(
        quiet[0].frames, cut(write_audio("b.wav", noise(seconds=5), subtype="FLOAT"), info)[0].frames
    )


def test_only_a_few_windows_of_a_long_song_are_in_memory(info, monkeypatch):
    class Endless:
        rate, undecoded, left, largest = RATE, "", 600, 0

        def read(self, count, *, integers=False):
            self.left -= count / RATE
            self.largest = max(self.largest, count)
            return noise(seconds=count / RATE) if self.left > 0 else np.zeros(0, np.float32)

    stream = Endless()
    assert len(list(windows(stream, info.settings))) > 100
    assert stream.largest == 5 * RATE


def test_a_song_is_the_weighted_mean_of_its_windows_calibrated(write_audio, info):
    song = predict_song(write_audio("a.wav", np.concatenate([sine(200, seconds=5), sine(8000, seconds=2.5)])),
                        centre_of_mass, info)  # fmt: skip
    assert song.seconds == 7.5
    # The second window reaches back over 2.5 s of the low sine; its two segments are 2.5..5.5 and 4.5..7.5.
    means = [np.array([0.2, 0.8]), np.array([0.5, 0.5])]
    expected = calibrate((5 * means[0] + 2.5 * means[1]) / 7.5, info.temperature)
    np.testing.assert_allclose(song.probabilities, expected, atol=1e-6)
    assert [info.genres[moment.probabilities.argmax()] for moment in song.moments] == ["low", "low", "low", "high"]
    assert song.moments[-1].end == pytest.approx(7.5, abs=0.1)
    assert song.windows == []


def test_moments_are_in_their_order_although_the_last_window_reaches_back(write_audio, info):
    song = predict_song(write_audio("a.wav", noise(seconds=11)), centre_of_mass, info)  # windows at 0, 5 and 6 s
    assert [moment.start for moment in song.moments] == pytest.approx([0, 2, 5, 6, 7, 8], abs=0.1)


def test_a_song_no_longer_than_a_segment_has_one_moment_that_ends_with_it(write_audio, info):
    (moment,) = predict_song(write_audio("a.wav", sine(200, seconds=1.49)), centre_of_mass, info).moments
    assert (moment.start, moment.end) == (0, pytest.approx(1.49, abs=1e-3))


def test_the_segments_of_a_window_cover_it_however_few_evaluation_uses(write_audio, info):
    one_second = replace(info, segment_frames=info.settings.n_frames(1.0), test_segments=1)
    song = predict_song(write_audio("a.wav", np.concatenate([sine(200), sine(8000, seconds=3)])),
                        centre_of_mass, one_second)  # fmt: skip
    assert len(song.moments) == 5 and song.moments[0].start == 0
    assert all(after.start - before.end < 0.01 for before, after in pairwise(song.moments))
    assert [info.genres[moment.probabilities.argmax()] for moment in song.moments] == ["low"] * 2 + ["high"] * 3


def test_windows_are_as_long_as_the_training_clips(write_audio, info):
    song = write_audio("a.wav", np.concatenate([noise(seconds=3), 0.01 * noise(seconds=6)]))
    heard = predict_song(song, centre_of_mass, replace(info, clip_seconds=1.0), keep_windows=True)
    assert [window.start for window in heard.windows] == pytest.approx([1.1 * n for n in range(8)], abs=0.01)
    # Each is scaled by its own loudest point: the quiet end has the levels of the loud beginning.
    assert {int(window.frames.max()) for window in heard.windows} == {255}


def test_what_was_not_heard_is_noted(write_audio, info, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # without ffmpeg
    path, other = write_audio("a.mp3", noise()), write_audio("b.mp3", noise(rate=44_100), 44_100)
    assert predict_song(path, centre_of_mass, info).notes == []
    path.write_bytes(path.read_bytes() + other.read_bytes())
    song = predict_song(path, centre_of_mass, info)
    assert not song.is_whole and song.seconds == pytest.approx(2, abs=0.1)
    assert song.notes == ["more follows that was not heard: it takes ffmpeg, which is not installed"]


def test_what_the_recording_lacks_is_noted(write_audio, info):
    (note,) = predict_song(write_audio("a.wav", noise(rate=8_000), 8_000), centre_of_mass, info).notes
    assert note == "little above 4.1 kHz: less sure"  # the resampling filter is not perfectly steep


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0, np.float32), "no samples"),
        (np.concatenate([SILENCE] * 12), "silent"),
        (noise(seconds=0.5), "too short"),
        (np.concatenate([noise(seconds=6), [np.nan]]).astype(np.float32), "NaN"),
    ],
)
def test_a_file_without_music_is_refused_with_its_reason(write_audio, info, samples, reason):
    with pytest.raises(AudioError, match=reason):
        predict_song(write_audio("a.wav", samples, subtype="FLOAT"), centre_of_mass, info)

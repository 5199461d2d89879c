"""The built-in sample: reproducible, well-formed, different by genre, and neither trivial nor unlearnable."""

import itertools
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genre.dataset import sample
from genre.dataset.audio_files import AudioFile
from genre.dataset.sample.instruments import DRUMS, INSTRUMENTS, note
from genre.dataset.sample.song import arrange
from genre.dataset.sample.styles import SCALES, STYLES
from genre.dataset.sample.taste import Taste
from genre.params import SampleParams

CLIPS, SECONDS = 20, 6.0  # clips per genre, and their length, where many are needed
# By chance, accuracy on 200 clips of ten genres exceeds 21 % less than once in 100,000 times (binomial).
BY_CHANCE = 0.21


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.flac"))}


def write(folder: Path, *, clips: int = 6, seed: int = 0, n_jobs: int = 1) -> dict[str, bytes]:
    sample.write(folder, params=SampleParams(clips_per_genre=clips, seconds=2.0, seed=seed), n_jobs=n_jobs)
    return bytes_of(folder)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, bytes]:
    return write(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def crowd() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and spread of each log-mel band (clips, 256), RMS level in dB (clips, 1), and genre (clips,)."""
    features, levels, genres = [], [], []
    for genre, index in itertools.product(sample.GENRES, range(CLIPS)):
        y = sample.synthesise(genre, index, seconds=SECONDS, seed=0)
        power = librosa.feature.melspectrogram(y=y, sr=sample.SAMPLE_RATE, hop_length=1708, n_mels=128)
        logmel = librosa.power_to_db(power, ref=np.max, top_db=80)
        features.append(np.concatenate([logmel.mean(axis=1), logmel.std(axis=1)]))
        levels.append([20 * np.log10(np.sqrt(np.mean(y**2)))])
        genres.append(genre)
    return np.array(features), np.array(levels), np.array(genres)


def accuracy(features: np.ndarray, genres: np.ndarray) -> float:
    """The cross-validated accuracy of a simple classifier."""
    model = make_pipeline(StandardScaler(), SVC(C=5))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(np.mean(cross_val_predict(model, features, genres, cv=folds) == genres))


def test_the_same_seed_writes_the_same_bytes_with_any_number_of_processes(written, tmp_path):
    assert write(tmp_path, n_jobs=2) == written


def test_another_seed_writes_other_bytes(written, tmp_path):
    other = write(tmp_path, seed=1)
    assert other.keys() == written.keys()
    assert not any(other[path] == written[path] for path in written)


def test_a_clip_does_not_depend_on_how_many_clips_are_made(written, tmp_path):
    more = write(tmp_path, clips=7)
    assert len(more) == 70
    assert {path: more[path] for path in written} == written


def test_what_is_returned_is_what_was_written(tmp_path):
    params = SampleParams(clips_per_genre=6, seconds=2.0, seed=0)
    clips = sample.write(tmp_path, params=params, n_jobs=1)
    assert [clip.path for clip in clips] == list(bytes_of(tmp_path))
    assert clips[0] == AudioFile("blues.00000", "blues", "blues/blues.00000.flac", "blues artist 1")
    assert [clip.artist for clip in clips[:6]] == [f"blues artist {n}" for n in (1, 1, 2, 2, 2, 3)]
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".flac"}


def test_files_are_16_bit_mono_flac_and_hold_the_synthesised_samples(tmp_path):
    write(tmp_path)
    path = tmp_path / "jazz" / "jazz.00002.flac"
    info = soundfile.info(path)
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 22_050, 1)
    stored, _ = soundfile.read(path, dtype="float32")
    made = sample.synthesise("jazz", 2, seconds=2.0, seed=0)
    np.testing.assert_allclose(stored, made * 32_767 / 32_768, atol=0.51 / 32_768)


@pytest.mark.parametrize("genre", sample.GENRES)
@pytest.mark.parametrize("seconds", [2.0, 7.3])
def test_a_clip_has_its_length_and_range_and_is_heard_from_beginning_to_end(genre, seconds):
    for index in range(4):
        y = sample.synthesise(genre, index, seconds=seconds, seed=3)
        assert y.dtype == np.float32
        assert y.shape == (round(seconds * 22_050),)
        assert np.abs(y).max() < 1.0
        assert np.sqrt(np.mean(y**2)) > 0.03
        assert y[0] == 0 and y[-1] == 0
        assert np.count_nonzero(np.abs(y) > 0.97) < 0.001 * len(y)  # hardly ever at the ceiling


def test_the_genres_are_those_of_gtzan():
    gtzan = "blues classical country disco hiphop jazz metal pop reggae rock"
    assert " ".join(sample.GENRES) == gtzan


def test_every_two_genres_differ(crowd):
    features, _, genres = crowd
    for pair in itertools.combinations(sample.GENRES, 2):
        both = np.isin(genres, pair)
        assert accuracy(features[both], genres[both]) > 0.7, pair  # two identical genres pass 0.8 % of the time


def test_genres_can_be_learned_but_not_without_mistakes(crowd):
    features, _, genres = crowd
    assert 0.5 < accuracy(features, genres) < 0.92


def test_shuffled_genres_cannot_be_learned(crowd):
    features, _, genres = crowd
    assert accuracy(features, np.random.default_rng(0).permutation(genres)) <= BY_CHANCE


def test_loudness_does_not_give_a_genre_away(crowd):
    _, levels, genres = crowd
    assert accuracy(levels, genres) <= BY_CHANCE


def test_four_on_the_floor_is_measured_at_the_tempo_that_was_set():
    checked = 0
    for index in range(20):
        song = arrange(STYLES["disco"], Taste(0, sample.GENRES.index("disco"), index), 12.0)
        low, high = STYLES["disco"].tempo
        assert low <= song.tempo <= high
        kicks = [stroke for stroke in song.strokes if stroke.drum == "kick"]
        if abs(len(kicks) - 12.0 * song.tempo / 60) > 1:
            continue  # a rhythm borrowed from a neighbour
        y = sample.synthesise("disco", index, seconds=12.0, seed=0)
        onsets = librosa.onset.onset_strength(y=y, sr=22_050, hop_length=256, fmax=120, n_mels=8, center=True)
        correlation = librosa.autocorrelate(onsets - onsets.mean())
        lags = np.arange(round(60 / 140 * 22_050 / 256), round(60 / 100 * 22_050 / 256) + 1)
        measured = 60 * 22_050 / 256 / lags[np.argmax(correlation[lags])]
        checked += abs(measured - song.tempo) < 0.03 * song.tempo
    assert checked >= 10


def test_an_artist_has_two_or_three_clips_in_a_row_and_a_narrow_part_of_a_range():
    tastes = [Taste(0, 3, index) for index in range(40)]
    runs = [list(group) for _, group in itertools.groupby(tastes, key=lambda taste: taste.artist)]
    assert {len(run) for run in runs} == {2, 3}
    drawn = [[taste.uniform("tempo", (100, 200)) for taste in run] for run in runs]
    assert max(np.ptp(tempos) for tempos in drawn) < 40
    assert np.ptp([tempo for tempos in drawn for tempo in tempos]) > 60


def test_a_song_differs_from_the_next_of_the_same_genre():
    songs = [arrange(STYLES["pop"], Taste(0, 7, index), 8.0) for index in range(20)]
    assert len({song.tempo for song in songs}) == 20
    assert len({tuple(voice.instrument for voice in song.voices) for song in songs}) == 20
    assert len({frozenset(stroke.drum for stroke in song.strokes) for song in songs}) > 3


@pytest.mark.parametrize("genre", sample.GENRES)
def test_all_of_a_song_is_within_the_clip_and_in_its_scale(genre):
    for index in range(10):
        song = arrange(STYLES[genre], Taste(0, sample.GENRES.index(genre), index), 8.0)
        notes = [note for voice in song.voices for note in voice.notes]
        assert notes
        assert all(0 <= start < 8.0 for start, *_ in [*notes, *song.strokes])
        pitches = {note.midi % 12 for note in notes}
        assert any(
            pitches <= {(key + step) % 12 for step in scale} for key in range(12) for scale in SCALES.values()
        ), index


def test_a_note_has_its_pitch():
    y = note(INSTRUMENTS["flute"], 69, 1.0, np.random.default_rng(0))
    spectrum = np.abs(np.fft.rfft(y))
    assert np.fft.rfftfreq(len(y), 1 / 22_050)[spectrum.argmax()] == pytest.approx(440, rel=0.01)


def test_every_style_names_only_what_exists():
    for genre, style in STYLES.items():
        assert set(style.neighbours) <= set(STYLES) - {genre}
        assert all(scale in SCALES and set(degrees) <= set("1234567") for scale, degrees in style.harmony)
        assert all(set(drums) <= set(DRUMS) and set("".join(drums.values())) <= set(".Xxo") for drums in style.drums)
        for part in style.parts:
            assert set(part.instruments) <= set(INSTRUMENTS)
            assert set("".join(part.rhythms)) <= set(".Xxom123456789")


def test_a_rhythm_has_a_length_that_divides_into_beats():
    rhythms = [rhythm for style in STYLES.values() for drums in style.drums for rhythm in drums.values()]
    rhythms += [rhythm for style in STYLES.values() for part in style.parts for rhythm in part.rhythms]
    assert {len(rhythm) for rhythm in rhythms} <= {1, 12, 16}

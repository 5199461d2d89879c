import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import conditions, robustness
from benchmarks.accuracy import over_seeds
from benchmarks.folds import folds, selection_clips
from benchmarks.recipe import recipe
from benchmarks.speed.measure import Row, Skipped, compare, line
from benchmarks.speed.rows import Bench
from genre import files, params
from genre.dataset import catalogue
from genre.errors import ParamsError
from genre.features import store
from tests.conftest import RATE, TOP, noise, sine

DEFAULTS = params.load(TOP / "params.yaml").train


@pytest.fixture
def feature_folder(tmp_path, settings) -> Path:
    """Features, as written by extract, of 60 clips of two GTZAN genres, which differ in which bands are loud."""
    rng = np.random.default_rng(0)
    tracks = catalogue.load().reset_index()
    clips = pd.concat([tracks[tracks.genre == genre][:30] for genre in ("blues", "metal")])
    levels = rng.integers(0, 120, (60, 40, 128)).astype(np.uint8)
    levels[30:, :, 64:] += 100
    levels[:30, :, :64] += 100
    folder = tmp_path / "features"
    folder.mkdir()
    np.save(folder / "frames.npy", levels.reshape(-1, 128))
    table = clips.assign(first_frame=np.arange(60) * 40, n_frames=40, seconds=3.0)
    files.write_table(folder / "clips.csv", table[store.CLIP_COLUMNS])
    facts = {"dataset": {"name": "GTZAN"}, "settings": asdict(settings)}
    files.write_json(folder / "features.json", facts)
    return folder


def run(module: str, *options: object) -> dict:
    """Run a benchmark and return the last line of its output."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, options)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_accuracy_reports_every_seed_and_the_mean_with_its_interval(feature_folder, tmp_path):
    options = ["--seeds", "0", "1", "--epochs", "12", "--set", "train.segment_seconds=3", "--set", "train.batch_size=8"]
    options += ["--set", "train.augment.degrade.share=0"]
    options += ["--predictions", tmp_path / "p.csv", "--confusion", tmp_path / "c.png"]
    report = run("accuracy", "--features", feature_folder, *options)
    assert report["protocol"] == "random" and report["architecture"] == DEFAULTS.architecture
    assert report["seeds"] == [0, 1] and len(report["accuracy"]) == len(report["val_accuracy"]) == 2
    assert report["n_test"] == 9 and report["parameters"] > 0 and report["train_seconds_mean"] > 0
    assert report["accuracy_mean"] > 0.8
    table = pd.read_csv(tmp_path / "p.csv")
    by_seed = [(table[table.seed == seed].genre == table[table.seed == seed].predicted).mean() for seed in (0, 1)]
    assert by_seed == pytest.approx(report["accuracy"], abs=1e-4)
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"


def test_the_interval_of_a_mean_is_students():
    report = over_seeds("x", [0.6, 0.7, 0.8])
    assert report["x_mean"] == 0.7 and report["x_sd"] == 0.1
    assert report["x_interval"] == pytest.approx([0.7 - 0.2484, 0.7 + 0.2484], abs=1e-4)  # t(2) = 4.303
    assert over_seeds("x", [0.6])["x_interval"] is None


def test_an_invalid_option_is_named():
    with pytest.raises(ParamsError, match=r"^--epochs: "):
        recipe(DEFAULTS, epochs=0, overrides=[])


@pytest.mark.parametrize(
    "change", ["split.seed=1", "train.augment.echo=1", "train.epochs.x=1", "train.epochs=0", "train.epochs=08"]
)
def test_an_invalid_change_of_the_recipe_is_named(change):
    with pytest.raises(ParamsError, match=f"^{re.escape(f'--set {change}: ')}"):
        recipe(DEFAULTS, overrides=[change])


def test_the_baselines_network_has_its_own_recipe():
    plain = recipe(DEFAULTS, architecture="small_alexnet", epochs=5, overrides=[])
    assert (plain.epochs, plain.segment_seconds, plain.select) == (5, 30.0, "accuracy")
    assert plain.augment.on_levels == []
    changed = recipe(DEFAULTS, architecture="small_alexnet", overrides=["train.batch_size=7"])
    assert changed.batch_size == 7 and changed.epochs == 200


def test_folds_share_no_artist_and_hold_no_test_clip_of_the_published_lists():
    tracks = catalogue.load()
    clips = tracks[["genre", "artist", "sha256"]].fillna("")
    features = store.Features(np.empty((0, 128)), clips, None, {"name": "GTZAN"})
    chosen = selection_clips(features)
    assert set(tracks.fault_filtered_split[chosen.index]) == {"train", "validation"} and len(chosen) == 640
    dealt = list(folds(chosen, n_folds=5, seed=0))
    tested = pd.concat([parts[parts == "test"] for parts in dealt])
    assert sorted(tested.index) == sorted(chosen.index)
    for parts in dealt:
        artists = [set(chosen.artist[parts == part]) - {""} for part in ("train", "validation", "test")]
        assert not (artists[0] & artists[1] or artists[0] & artists[2] or artists[1] & artists[2])
        assert (pd.crosstab(chosen.genre, parts) > 0).all(axis=None)


def test_random_folds_ignore_artists_and_keep_the_same_bytes_together():
    # 15 files, each of them four times
    clips = pd.DataFrame({"genre": ["jazz", "rock"] * 30, "artist": "one", "sha256": [str(n // 4) for n in range(60)]})
    dealt = list(folds(clips, protocol="random", n_folds=5, seed=0))
    assert sorted(np.concatenate([parts.index[parts == "test"] for parts in dealt])) == list(clips.index)
    for parts in dealt:
        assert len(set(zip(clips.sha256, parts, strict=True))) == 15


@pytest.mark.slow
def test_folds_compare_settings(feature_folder):
    options = ["--epochs", "2", "--set", "train.segment_seconds=3", "--set", "train.architecture=small_alexnet"]
    options += ["--folds", "2"]
    report = run("folds", "--features", feature_folder, *options, "train.learning_rate=0.00000001")
    assert list(report["settings"]) == ["the recipe", "train.learning_rate=0.00000001"]
    ours, changed = report["settings"].values()
    assert ours["accuracy_mean"] + changed["difference"] == pytest.approx(changed["accuracy_mean"], abs=2e-4)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def in_decibels(power: float) -> float:
    return float(10 * np.log10(power))


def test_noise_has_the_stated_ratio_and_slope(rng):
    music = sine(440, seconds=4)
    degraded, rate = conditions.CONDITIONS["pink noise, 10 dB below"](music, RATE, rng)
    hiss = degraded - music
    assert rate == RATE and in_decibels(np.mean(music**2) / np.mean(hiss**2)) == pytest.approx(10, abs=0.01)
    power = np.abs(np.fft.rfft(hiss)) ** 2
    octaves = [power[int(4 * low) : int(8 * low)].mean() for low in (500, 1000, 2000, 4000)]  # bins of 1/4 Hz
    assert np.diff([in_decibels(value) for value in octaves]) == pytest.approx(-3.01, abs=0.5)


def test_a_telephone_passes_its_band_only(rng):
    telephone = conditions.CONDITIONS["telephone, 300 to 3,400 Hz"]
    gains = {hz: np.std(telephone(sine(hz), RATE, rng)[0]) / np.std(sine(hz)) for hz in (75, 1000, 8000)}
    assert gains[75] < 0.01 and gains[1000] == pytest.approx(1, abs=0.01) and gains[8000] < 0.05


def test_a_room_decays_by_60_dB_in_the_stated_time(rng):
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    response = conditions.room(0.5)(click, RATE, rng)[0].astype(float) ** 2
    early, late = (response[int(t * RATE) : int((t + 0.05) * RATE)].mean() for t in (0.05, 0.3))
    assert in_decibels(early / late) == pytest.approx(60 * 0.25 / 0.5, abs=4)
    assert in_decibels(response[0] / response[1:].sum()) == pytest.approx(0, abs=0.1)


def test_clipping_speed_and_excerpts_have_the_stated_effect(rng):
    assert np.mean(np.abs(conditions.clipped(12)(sine(440), RATE, rng)[0]) == 1) > 0.7
    faster, rate = conditions.played(1.05)(sine(1000), RATE, rng)
    assert rate == RATE and len(faster) == pytest.approx(2 * RATE / 1.05, abs=1)
    assert np.abs(np.fft.rfft(faster)).argmax() * RATE / len(faster) == pytest.approx(1050, abs=1)
    assert len(conditions.excerpt(1)(sine(440), RATE, rng)[0]) == RATE


def test_changed_clips_are_counted_and_named():
    clean = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.45, 0.44, 0.11]])
    degraded = np.array([[0.4, 0.35, 0.25], [0.1, 0.3, 0.6], [0.1, 0.85, 0.05]])
    names, genres = ["a", "b", "c"], ["blues", "pop", "rock"]
    assert robustness.changes(degraded, clean, names, genres) == ["c: blues 0.45, pop 0.44 -> pop 0.85, blues 0.10"]
    clips = robustness.Clips([], np.array(["blues", "rock", "blues"]), np.array(["train", "test", "test"]))
    counts = robustness.compare(degraded, clean, clips, genres)
    assert (counts.clips, counts.same_genre, counts.right) == (3, 2, 2)
    assert (counts.changed_called_sure, counts.changed_called_fairly_sure) == (1, 0)
    assert (counts.test_clips, counts.same_genre_test, counts.learned_clips) == (2, 1, 1)


def test_the_robustness_benchmark_measures_every_condition(write_audio, tmp_path):
    for name in ("blues/blues.00000.wav", "rock/rock.00050.wav"):
        write_audio(f"audio/{name}", noise(seconds=3))
    report = run("robustness", "--audio", tmp_path / "audio")["conditions"]
    assert set(report) - {robustness.AAC} == {"clean", *conditions.CONDITIONS, *conditions.OTHER_CLIP}
    assert all(counts["clips"] == 2 for counts in report.values())
    assert report["6 dB quieter"]["same_genre"] == report["clean"]["same_genre"] == 2


def test_a_clip_without_stored_features_is_not_compared(feature_folder, write_audio, tmp_path):
    write_audio("audio/rock/rock.00050.wav", noise(seconds=3))
    command = [
        sys.executable,
        "-m",
        "benchmarks.robustness",
        "--audio",
        tmp_path / "audio",
        "--features",
        feature_folder,
    ]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 1 and "lacks 1 of the clips, such as rock.00050" in done.stderr, done.stderr


def row(ours, theirs, *, goal="times faster", limit=2.0) -> Row:
    return Row("name", "this", "that", goal, limit, ours, theirs)


def test_a_row_and_its_reference_are_interleaved_and_their_medians_compared():
    calls = []
    result = compare(row(lambda n: calls.append("A") or [1, 2, 9][n], lambda n: calls.append("B") or [3, 8, 4][n]), 3)
    assert calls == ["A", "B"] * 3
    assert result["ratio"] == 2 and result["met"] is True


@pytest.mark.parametrize(
    ("goal", "limit", "ours", "theirs", "met"),
    [
        ("times faster", 2.0, 5.0, 9.0, False),
        ("times faster", 2.0, float("inf"), 9.0, False),
        ("at most", 1.5, 3.0, 2.0, True),
        ("at most", 1.5, 4.0, 2.0, False),
        ("at least", 0.85, 0.9, 1.0, True),
        ("at least", 0.85, 0.8, 1.0, False),
    ],
)
def test_a_target_is_met_or_not(goal, limit, ours, theirs, met):
    measured = row(lambda _: ours, lambda _: theirs, goal=goal, limit=limit)
    result = compare(measured, 1)
    assert result["met"] is met
    assert ("yes" if met else "**no**") in line(measured, result)
    json.dumps(result, allow_nan=False)


def test_a_row_that_cannot_be_measured_says_why():
    def absent(_: int) -> float:
        raise Skipped("nothing to measure")

    assert compare(row(absent, absent), 3)["skipped"] == "nothing to measure"


def test_clips_are_repeated_under_new_names(write_audio, tmp_path):
    for genre in ("pop", "rock"):
        write_audio(f"audio/{genre}/{genre}.wav", noise())
    bench = Bench(audio=tmp_path / "audio", features=tmp_path, work=tmp_path / "work", n_clips=5)
    raw = Path(bench.raw(5))
    table = files.read_table(raw / "clips.csv")
    assert table.clip_id.is_unique and len(table) == 5 and all((raw / path).is_file() for path in table.path)


@pytest.mark.slow
def test_the_speed_benchmark_prints_a_table_and_json(write_audio, tmp_path):
    for genre in ("pop", "rock"):
        write_audio(f"audio/{genre}/{genre}.wav", noise(seconds=5))
    command = [sys.executable, "-m", "benchmarks.speed", "--audio", tmp_path / "audio", "--repeats", "1"]
    options = ["--only", "extract", "decode", "start-split", "reach", "--clips", "20"]
    options += ["--features", tmp_path / "none"]
    done = subprocess.run([*command, *options], cwd=TOP, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    names = ["extract", "extract-baseline", "decode", "reach", "start-split"]
    assert [result["row"] for result in report["rows"]] == names
    assert all(f"`{result['row']}`" in done.stdout for result in report["rows"])
    assert report["rows"][0]["ratio"] > 0 and "needs --features" in report["rows"][3]["skipped"]

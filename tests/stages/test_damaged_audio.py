"""Hundreds of damaged or unusual audio files: each is read or refused, in bounded time and memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from genre import params
from genre.dataset.raw import sha256
from tests import damaged_audio
from tests.conftest import RATE, TOP, noise, sine

# Limits for one file (memory: in addition to that before it); extract reads half a minute, predict the whole file.
SECONDS, MEGABYTES = 30.0, 400.0  # a loaded machine takes many times longer than an idle one
# Reads the files in a separate process, which may crash, and prints the result for each.
READ_EACH = """
import json, sys, time
from pathlib import Path
from genre import params
from genre.features import spectrogram
from genre.features.settings import FeatureSettings
from genre.model.exported import RELEASED
from genre.songs.answers import answer_file, load_network

def memory(name):  # of this process, in MB
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

if sys.argv[1] == "extract":
    settings = FeatureSettings.of(params.load().extract)
    def refusal(path):
        result = spectrogram.read_clip(path, settings)
        return result if isinstance(result, str) else None
else:
    network, info, _ = load_network(RELEASED)
    def refusal(path):
        return answer_file(path, network, info).error or None

assert refusal(Path(sys.argv[2])) is None  # first use imports modules
for path in map(Path, sys.argv[3:]):
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    before, begin = memory("VmRSS"), time.monotonic()
    reason = refusal(path)
    took = time.monotonic() - begin
    print(json.dumps({"name": path.name, "reason": reason, "seconds": took, "mb": memory("VmHWM") - before}))
"""


@pytest.fixture(scope="module")
def variants(tmp_path_factory) -> list[Path]:
    return damaged_audio.write(tmp_path_factory.mktemp("damaged"))


def test_there_are_hundreds_of_variants(variants):
    hashes = {sha256(path) for path in variants if path.stat().st_size < 10_000_000}
    assert len(hashes) >= 550  # and some more where ffmpeg is installed


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process its peak of memory")
@pytest.mark.parametrize("stage", ["extract", "predict"])
def test_each_is_read_or_refused_with_a_reason_in_little_time_and_memory(variants, stage):
    good = next(path for path in variants if path.name == "pcm_16.wav")
    command = [sys.executable, "-c", READ_EACH, stage, *map(str, [good, *variants])]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    results = pd.DataFrame([json.loads(line) for line in done.stdout.splitlines()]).set_index("name")
    assert list(results.index) == [path.name for path in variants]
    assert results.seconds.max() < SECONDS, results.seconds.nlargest(5)
    assert results.mb.max() < MEGABYTES, results.mb.nlargest(5)
    refused = results.reason.dropna()
    assert (refused.str.len() > 5).all() and not refused.str.contains(str(variants[0].parent)).any()
    read = results.index[results.reason.isna()]
    # Half a second of sound and then silence, which predict leaves out.
    long = ("1_hour.wav", "768_khz_and_8_channels_for_a_minute.wav") if stage == "extract" else ()
    for name in (*long, "1_hour_of_sound.wav", "8_channels.wav", "pcm_u8.wav",
                 "pcm_24.wav", "pcm_32.wav", "float.wav", "clipping.wav",
                 "really_flac.wav", "2147483647_bytes_claimed.wav"):  # fmt: skip
        assert name in read, refused[name]
    for name, said in {
        "nothing.wav": "cannot be decoded", "0_hz.wav": "", "1000000_hz.wav": "sample rate", "nan_once.wav": "NaN",
        "infinities_that_cancel.wav": "infinite", "silence.flac": "silent", "10_ms.wav": "too short",
        "1e30_once.wav": "not audio", "playlist.m4a": "",
    }.items():  # fmt: skip
        assert said in refused[name], name


@pytest.mark.slow
def test_the_stage_gets_through_all_of_them_and_the_good_clips_stay_as_they_were(variants, tmp_path):
    values = params.load(TOP / "params.yaml").model_dump()
    values["extract"] |= {"max_skipped": 1.0, "n_jobs": 2}
    (tmp_path / "params.yaml").write_text(json.dumps(values))  # JSON is YAML
    raw = tmp_path / "data/raw"
    (raw / "good").mkdir(parents=True)
    (raw / "dataset.json").write_text('{"name": "mine"}')
    good = []
    for number, samples in enumerate((sine(440.0), noise(), noise(seed=1))):
        soundfile.write(raw / f"good/{number}.wav", samples, RATE)
        good.append(f"good/{number}.wav")

    def features_of(paths: list[str]) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
        table = pd.DataFrame({"clip_id": paths, "genre": "a", "path": paths, "bytes": 0, "sha256": "", "artist": ""})
        table.to_csv(raw / "clips.csv", index=False)
        done = subprocess.run(
            [sys.executable, "-m", "stages.extract"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(TOP)},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-3000:]
        out = tmp_path / "data/features"
        return np.load(out / "frames.npy"), pd.read_csv(out / "clips.csv"), pd.read_csv(out / "skipped.csv")

    before, _, _ = features_of(good)
    (raw / "bad").symlink_to(variants[0].parent)
    bad = [f"bad/{path.name}" for path in variants]
    frames, clips, skipped = features_of([good[0], *bad[::2], good[1], *bad[1::2], good[2]])
    clips = clips.set_index("clip_id")
    after = [frames[first : first + n] for first, n in clips.loc[good, ["first_frame", "n_frames"]].to_numpy()]
    np.testing.assert_array_equal(np.concatenate(after), before)
    assert set(clips.index) | set(skipped.path) == {*good, *bad} and len(clips) + len(skipped) == len(good + bad)
    assert skipped.reason.notna().all()


@pytest.mark.slow
def test_predict_gets_through_a_folder_of_all_of_them_with_an_answer_for_each(variants):
    folder = variants[0].parent
    good = folder / "pcm_16.wav"

    def answers(path: Path) -> dict[str, dict]:
        done = subprocess.run(
            [sys.executable, "-m", "genre", "predict", "--json", path], cwd=TOP, capture_output=True, text=True,
            timeout=600,
        )  # fmt: skip
        assert done.returncode == (1 if path == folder else 0) and "Traceback" not in done.stderr, done.stderr[-3000:]
        return {answer["path"]: answer for answer in map(json.loads, done.stdout.splitlines())}

    found = answers(folder)
    assert list(found) == [str(path) for path in variants]
    assert all(len(answer.get("error", "a genre")) > 5 for answer in found.values())
    assert found[str(good)] == answers(good)[str(good)]

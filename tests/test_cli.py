"""The command `genre` as its users run it, with the released model."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.card import model_card
from genre import cli
from genre.model import exported, model_file
from genre.model.exported import RELEASED
from genre.songs.answers import Answer, answer_file, answer_files, load_network
from tests.conftest import RATE, TOP, noise, sine
from tests.models import build, info_of


def predict(*arguments, code: int = 0, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "genre", "predict", *map(str, arguments)]
    options = {"cwd": TOP, "env": os.environ} | options
    options["env"] = options["env"] | {"PYTHONPATH": f"{TOP}{os.pathsep}{options['env'].get('PYTHONPATH', '')}"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def music(write_audio):
    """A folder with two songs, one of them in a subfolder, and files that are not songs."""
    write_audio("music/b.wav", noise(seconds=3))
    folder = write_audio("music/album/a.ogg", sine(440.0, seconds=3), 44100).parent.parent
    (folder / "cover.jpg").write_bytes(b"no music")
    write_audio("music/.hidden.wav", noise())
    return folder


def test_a_song_is_described_by_three_bars_its_sureness_and_its_changes_over_time(write_audio):
    lines = predict(write_audio("a.wav", noise(seconds=3))).stdout.splitlines()
    assert len(lines) == 5 and lines[0].endswith("a.wav  0:03")
    shares = [int(re.fullmatch(r"  \w+ +█*[▏▎▍▌▋▊▉]? *(\d+) %", line)[1]) for line in lines[1:4]]
    assert shares == sorted(shares, reverse=True)
    assert re.match("  (sure|fairly sure|unsure: .*); .* throughout", lines[4])


def test_json_has_one_object_per_file_in_order_and_nothing_else(music):
    done = predict(music, "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["path"] for answer in answers] == [str(music / "album/a.ogg"), str(music / "b.wav")]
    for answer in answers:
        assert answer["genre"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert (
            sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5) and len(answer["probabilities"]) == 10
        )
        assert answer["seconds"] == pytest.approx(3 if answer["path"].endswith("wav") else 1.5, abs=0.01)
        assert answer["moments"][0]["start"] == 0
    assert done.stderr == ""


def test_a_broken_file_is_reported_and_does_not_stop_the_others(music):
    (music / "broken.mp3").write_bytes(b"this is not music" * 100)
    done = predict(music, music / "nowhere.wav", "--json", code=1)
    answers = {Path(answer["path"]).name: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert set(answers) == {"a.ogg", "b.wav", "broken.mp3", "nowhere.wav"}
    assert "cannot be decoded" in answers["broken.mp3"]["error"] and "genre" not in answers["broken.mp3"]
    assert answers["nowhere.wav"]["error"] == "does not exist"
    assert "genre" in answers["b.wav"]
    plain = predict(music, code=1)
    assert "broken.mp3: cannot be decoded" in plain.stderr and "1 of 3 files could not be used" in plain.stderr
    assert plain.stdout.count("throughout") == 2


def test_csv_has_a_line_for_each_file(music, write_audio, tmp_path):
    (music / "broken.mp3").write_bytes(b"")
    write_audio("music/dull.wav", noise(rate=8_000), 8_000)
    predict(music, "--csv", tmp_path / "out.csv", code=1)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = {Path(row["path"]).name: row for row in csv.DictReader(file)}
    assert set(rows) == {"a.ogg", "b.wav", "broken.mp3", "dull.wav"}
    assert rows["dull.wav"]["notes"].startswith("little above 4.1 kHz: less sure") and not rows["dull.wav"]["error"]
    assert float(rows["b.wav"]["probability"]) == float(rows["b.wav"][f"p_{rows['b.wav']['genre']}"])
    assert rows["broken.mp3"]["error"] and not rows["broken.mp3"]["genre"]


def test_csv_has_paths_that_lead_to_the_files(write_audio, tmp_path):
    songs = [write_audio(name, noise()) for name in ("宇多田\u3000ヒカル.wav", "est-il\u00a0?.wav", "a\nb.wav")]
    predict(*songs, "--csv", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [Path(row["path"]) for row in csv.DictReader(file)] == songs


def test_a_link_to_itself_does_not_stop_other_songs(music):
    (music / "loop.mp3").symlink_to("loop.mp3")
    done = predict(music, code=1)
    assert "loop.mp3: does not exist" in done.stderr and done.stdout.count("throughout") == 2
    assert "remove the link" in predict(music / "b.wav", "--model", music / "loop.mp3", code=1).stderr
    assert "does not exist" in predict(music / "b.wav", "--model", music / "b.wav/x", code=1).stderr


def test_plot_draws_one_song_whatever_bytes_the_names_are_made_of(write_audio, tmp_path):
    song, picture = (os.fsdecode(os.fsencode(tmp_path) + name) for name in (b"/bj\xf6rk.wav", b"/bj\xf6rk.PNG"))
    write_audio("plain.wav", noise()).rename(song)
    predict(song, "--plot", picture, "--csv", picture + ".csv")
    assert Path(picture).read_bytes()[:4] == b"\x89PNG" and "udcf6rk" in Path(picture + ".csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["predict"], "required: PATH"),
        (["predict", "--no-such-option"], "required: PATH"),
        (["predict", ""], "PATH: an empty name"),
        (["predict", "a.wav", "--model", ""], "--model: an empty name"),
        (["predict", "music", "--plot", "two.png"], "--plot draws one song, and there are 2 files"),
        (["predict", "music/b.wav", "--plot", "music/b.wav"], "does not end with .png"),
        (["predict", "music", "--csv", "music"], "--csv writes a file, and music is a folder or a device"),
        (["predict", "music", "--csv", "pipe"], "is a folder or a device"),
        (["predict", "music", "--csv", "music/album/../b.wav"], "would overwrite"),
        (["predict", "music", "--csv", "link.csv"], "would overwrite"),
        (["predict", "music", "--csv", "music/b.wav/out.csv"], "whose folder is a file"),
        (["predict", "music/b.wav", "--csv", "out.png", "--plot", "out.png"], "name the same file"),
    ],
)
def test_an_invalid_command_exits_with_2_and_the_reason(arguments, message, music, tmp_path, monkeypatch, capsys):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.csv").symlink_to(music / "b.wav")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.arguments(arguments)
    assert ended.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["empty"], "no audio file in empty"),
        (["music/b.wav", "--csv", "a" * 300], "choose a shorter name"),
        (["music/b.wav", "--model", "typo.tflite"], "error: typo.tflite does not exist"),
        (["music/b.wav", "--model", "music"], "is a folder"),
        (["a" * 300], "File name too long"),
    ],
)
def test_a_path_that_cannot_be_used_exits_with_1_and_one_line(arguments, message, music, tmp_path):
    (tmp_path / "empty").mkdir()
    done = predict(*arguments, code=1, cwd=tmp_path)
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_folder_that_cannot_be_read_is_reported_like_a_file(music, tmp_path):
    (music / "gone").symlink_to(tmp_path / "nowhere")
    answers = [json.loads(line) for line in predict(music, "--json", code=1).stdout.splitlines()]
    assert len(answers) == 3 and answers[0] == {"path": str(music / "gone"), "error": "No such file or directory"}


def test_the_table_is_written_to_the_target_of_a_link(write_audio, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    predict(write_audio("a.wav", noise()), "--csv", tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and "a.wav" in (tmp_path / "there.csv").read_text(encoding="utf-8")


def test_a_decoders_own_warnings_are_suppressed(tmp_path):
    junk = np.random.default_rng(1).bytes(3000)
    (tmp_path / "junk.mp3").write_bytes(junk)
    lines = predict(tmp_path, code=1).stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(str(tmp_path / "junk.mp3"))


def test_a_closed_pipe_is_not_an_error_and_the_table_is_complete(music, tmp_path):
    command = f"{sys.executable} -m genre predict {music} {music} --json"
    for options, status in ((f"--csv {tmp_path}/out.csv", 0), ("", 141)):
        script = f"set -o pipefail; {command} {options} | head -n 0"
        done = subprocess.run(["bash", "-c", script], cwd=TOP, capture_output=True, text=True)
        assert (done.stderr, done.returncode) == ("", status)
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "out.csv"]


def test_plot_needs_nothing_but_the_extra_plot(write_audio, tmp_path):
    for name in ("pandas", "sklearn", "joblib", "pydantic", "yaml", "keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError(name='{name}')")
    song = write_audio("song.wav", noise(seconds=2))
    predict(song, "--plot", tmp_path / "p.png", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (tmp_path / "p.png").exists()


def test_without_matplotlib_plot_says_which_extra_has_it(write_audio, tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError(name='matplotlib')")
    song = write_audio("a.wav", noise())
    done = predict(song, "--plot", "p.png", code=1, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert "matplotlib is not installed" in done.stderr and "pip install '.[plot]'" in done.stderr


def test_without_keras_a_keras_model_names_the_extra_to_install(write_audio, tmp_path):
    (tmp_path / "keras.py").write_text("raise ModuleNotFoundError(name='keras')")
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util; find = util.find_spec; "
        "util.find_spec = lambda name, *rest: None if name == 'tensorflow' else find(name, *rest)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    arguments = [write_audio("a.wav", noise()), "--model", "m.keras"]
    done = predict(*arguments, code=1, env=environment | {"PYTHONPATH": str(tmp_path)})
    assert "keras is not installed" in done.stderr and "pip install '.[pipeline]'" in done.stderr


def test_a_name_that_cannot_be_printed_is_escaped(write_audio):
    path = write_audio("plain.wav", noise())
    strange = os.fsencode(path.parent) + b"/\xff\x1b[31mred\n.wav"
    path.rename(os.fsdecode(strange))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = predict(path.parent, env=environment)
    assert "\x1b" not in done.stdout and "red\\n.wav" in done.stdout and "#" in done.stdout
    assert json.loads(predict(path.parent, "--json").stdout)["path"] == os.fsdecode(strange)


def test_prediction_imports_nothing_heavy(write_audio):
    code = (
        "import sys; from genre import cli; sys.argv = ['genre', 'predict', sys.argv[1]]; cli.run(); "
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib', 'pydantic', 'yaml', 'requests', 'joblib'}; "
        "print(heavy & {*sys.modules})"
    )
    command = [sys.executable, "-c", code, write_audio("a.wav", noise())]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_several_threads_keep_the_order_and_change_nothing(write_audio):
    paths = [write_audio(f"{n}.wav", noise(seconds=2, seed=n)) for n in range(30)]
    network, info, _ = load_network(RELEASED)

    def answers(threads: int) -> list[Answer]:
        return list(answer_files(paths, lambda path: answer_file(path, network, info), threads=threads))

    many = [Path(str(number)) for number in range(200)]  # more than are worked on at a time
    assert [answer.path for answer in answer_files(many, lambda path: Answer(path, None), threads=3)] == many
    for one, other in zip(answers(1), answers(3), strict=True):
        assert one.path == other.path
        np.testing.assert_array_equal(one.song.probabilities, other.song.probabilities)


def test_the_released_model_is_small_fits_the_defaults_and_is_the_one_on_its_card(settings):
    card = json.loads((TOP / "genre/released/card.json").read_text(encoding="utf-8"))
    info = exported.load(RELEASED)[1]
    content = RELEASED.read_bytes()
    assert len(content) == card["bytes"] < 4_000_000
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    assert info.settings == settings and info.protocol == "fault_filtered"
    assert (TOP / "genre/released/README.md").read_text(encoding="utf-8") == model_card(card)


@pytest.mark.slow
def test_a_keras_file_gives_the_same_as_its_export(write_audio, tmp_path, settings):
    model = build("two_branch")
    info = replace(info_of(model, settings), genres=["a", "b", "c"])
    model_file.save(model, info, tmp_path / "m.keras")
    exported.save(model, info, tmp_path / "m.tflite")
    song = write_audio("a.wav", noise(seconds=5), RATE)
    one, other = (
        json.loads(predict(song, "--json", "--model", tmp_path / f"m.{kind}").stdout) for kind in ("keras", "tflite")
    )
    assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)

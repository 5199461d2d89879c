"""Exit codes, and one line instead of a traceback for errors that the user can do something about."""

import os
import runpy
import signal
import subprocess
import sys

import pytest

from genre import console
from tests.conftest import TOP

STAGES = sorted(path.stem for path in (TOP / "stages").glob("[a-z]*.py"))
WAIT = "import time; print('here', flush=True); time.sleep(600)"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", f"from genre import console; console.start(); {code}"]


def interrupted(command: list[str], **environment: str) -> tuple[int, str]:
    """The status and stderr of a program that gets Ctrl-C once it has written a line."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    process = subprocess.Popen(
        command, cwd=TOP, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=60), process.communicate()[1]


@pytest.mark.parametrize("module", ["stages.train", "stages.export", "benchmarks.accuracy"])
def test_ctrl_c_while_a_program_still_imports_ends_it_without_a_traceback(module, tmp_path):
    (tmp_path / "keras.py").write_text(WAIT)
    assert interrupted([sys.executable, "-m", module], PYTHONPATH=str(tmp_path)) == (-signal.SIGINT, "")


def test_ctrl_c_at_work_is_one_line_and_130():
    code = f"console.run(lambda: exec({WAIT!r}))"
    assert interrupted(program(code)) == (130, "interrupted\n")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_a_help_text_and_takes_no_other_argument(stage, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)  # a stage that runs finds no parameters there
    for argument, status in (("--help", 0), ("--epochs=5", 2)):
        monkeypatch.setattr(sys, "argv", [stage, argument])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOP / "stages" / f"{stage}.py"), run_name="__main__")
        assert ended.value.code == status
    said = capsys.readouterr()
    assert f"python -m stages.{stage}" in said.out and "unrecognized arguments: --epochs=5" in said.err


def test_importing_a_stage_leaves_ctrl_c_and_errors_as_they_are():
    code = "import signal, sys; before = signal.getsignal(signal.SIGINT); import stages.split, benchmarks; "
    code += "assert signal.getsignal(signal.SIGINT) is before and sys.excepthook is sys.__excepthook__"
    subprocess.run([sys.executable, "-c", code], cwd=TOP, check=True)


def test_a_package_that_is_not_installed_is_named_with_the_extra_that_brings_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-S", "-m", "stages.split"], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "is not installed" in done.stderr and "pip install '.[pipeline]'" in done.stderr


def test_a_bug_keeps_its_traceback():
    other_pipe = "import os; read, write = os.pipe(); os.close(read); console.run(lambda: os.write(write, b'1'))"
    for code in ("1 / 0", "console.run(lambda: 1 / 0)", "import genre.nothing", other_pipe):
        done = subprocess.run(program(code), cwd=TOP, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr.startswith("Traceback")


def test_output_to_a_closed_stdout_is_dropped_and_reaches_no_file(tmp_path):
    code = f"file = open({str(tmp_path / 'data')!r}, 'w'); console.run(lambda: print('lost') or os.write(1, b'lost'))"
    command = [*program(f"import os; {code}")]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], cwd=TOP, capture_output=True, text=True)
    assert done.stderr == "" and (tmp_path / "data").read_bytes() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_behind_stdout_is_one_line():
    command = program("console.run(lambda: print('x'))")
    done = subprocess.run(["sh", "-c", '"$@" >/dev/full', "sh", *command], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("depth", [[], ["--depth", "1"]], ids=["whole", "shallow"])
def test_a_stage_warns_in_a_copy_of_a_shallow_clone_whose_results_dvc_would_lose(tmp_path, monkeypatch, capsys, depth):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", tmp_path / "origin"]
    subprocess.run(["git", "init", "-q", tmp_path / "origin"], check=True)
    for text in ("one", "two"):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", text], check=True)
    origin = f"file://{tmp_path}/origin"
    subprocess.run(["git", "clone", "-q", *depth, origin, tmp_path / "clone"], check=True)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    with pytest.raises(SystemExit):
        console.run(lambda: 0)
    assert capsys.readouterr().err == ""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        console.run(lambda: 0)
    assert ("git fetch --unshallow" in capsys.readouterr().err) == bool(depth)


@pytest.mark.parametrize(
    "name", ["宇多田\u3000ヒカル", "est-il\u00a0?", "می\u200cخواهم", "👨\u200d👩\u200d👧", "Süße Grüße"]
)
def test_letters_and_spaces_of_every_language_are_printed_as_they_are(name):
    assert console.printable(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u2028b", r"a\u2028b"),
        ("a\u202egpm.b", r"a\u202egpm.b"),
        ("\udcff", r"\udcff"),
    ],
)
def test_line_breaks_and_control_characters_are_escaped(name, shown):
    assert console.printable(name) == shown

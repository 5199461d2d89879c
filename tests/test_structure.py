"""The rooms and the arrows: what may import what, and what dvc.yaml must know of it."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from tests.conftest import TOP
from tests.imports import direct_imports, imported_files

STAGES = yaml.safe_load((TOP / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = [path.relative_to(TOP) for room in ("genre", "stages", "benchmarks") for path in (TOP / room).rglob("*.py")]


# Modules beside the packages that change no result: they read parameters, name paths and write messages.
NO_RESULT = {"genre/__init__.py", "genre/console.py", "genre/errors.py", "genre/params.py", "genre/paths.py"}
# From the top down: a package imports only those below it.
LAYERS = [["cli"], ["app"], ["report"], ["songs", "training"], ["model"], ["features"], ["dataset"]]


def room(path: Path) -> str:
    """The package of a module of `genre`, or the module itself where it is in none."""
    return path.parts[1].removesuffix(".py")


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_depends_on_all_project_code_that_it_imports(name):
    imported = {path.as_posix() for path in imported_files(TOP, Path(f"stages/{name}.py"))}
    # stages/__init__.py starts the console, and a package's own holds its docstring only.
    imported = {path for path in imported - NO_RESULT if not path.endswith("/__init__.py") or "/sample/" in path}
    listed = {dep for dep in STAGES[name]["deps"] if dep.startswith(("genre/", "stages/"))}
    lacking = {path for path in imported if not any(path == dep or path.startswith(f"{dep}/") for dep in listed)}
    idle = {dep for dep in listed if not any(path == dep or path.startswith(f"{dep}/") for path in imported)}
    assert not lacking and not idle


def test_dvc_yaml_lists_no_more_than_thirty_code_dependencies():
    assert sum(dep.startswith(("genre/", "stages/")) for stage in STAGES.values() for dep in stage["deps"]) <= 30


@pytest.mark.parametrize("module", ["audio", "decoding", "spectrogram", "workers"])
def test_training_hangs_on_the_features_not_on_the_code_that_computes_them(module):
    assert not {"genre/features", f"genre/features/{module}.py"} & set(STAGES["train"]["deps"])


def test_imports_run_downwards_through_the_packages():
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    for module in MODULES:
        if module.parts[0] != "genre" or room(module) not in level:
            continue
        for other in direct_imports(TOP, module):
            if room(other) in level and room(other) != room(module):
                assert level[room(other)] > level[room(module)], f"{module} imports {other}"


def test_the_modules_beside_the_packages_import_no_package():
    for module in MODULES:
        if module.parts[0] == "genre" and len(module.parts) == 2 and room(module) not in ("cli", "__main__"):
            assert all(len(path.parts) == 2 for path in direct_imports(TOP, module)), module


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_is_run_as_a_module_and_says_what_it_does(name):
    assert STAGES[name]["cmd"] == f"python -m stages.{name}"
    assert len(STAGES[name]["desc"]) > 20


def test_genre_never_imports_stages_and_no_stage_imports_another():
    for module in MODULES:
        others = [path for path in direct_imports(TOP, module) if path.parts[0] == "stages" and path.stem != "__init__"]
        if module.parts[0] in ("genre", "stages"):
            assert not others, f"{module} imports {others}"


def test_no_import_goes_round_in_a_circle():
    arrows = {module: [path for path in direct_imports(TOP, module) if path.stem != "__init__"] for module in MODULES}
    TopologicalSorter(arrows).prepare()  # raises CycleError


# What takes longer to import than numpy and pandas, or half as long.
SLOW = {
    "keras",
    "tensorflow",
    "kagglehub",
    "huggingface_hub",
    "librosa",
    "numba",
    "sklearn",
    "distributed",
    "scipy.signal",
}
ROOMS = [path.stem for path in (TOP / "stages").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("name", [name for name in ROOMS if name not in ("train", "evaluate", "export")])
def test_a_stage_starts_without_what_is_slow_to_import(name):
    code = f"import sys, stages.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True).stdout
    assert not SLOW & set(loaded.split())


def test_every_parameter_is_a_dependency_of_a_stage():
    values = yaml.safe_load((TOP / "params.yaml").read_text(encoding="utf-8"))
    leaves = {f"{section}.{key}" for section, keys in values.items() for key in keys}
    listed = {key for stage in STAGES.values() for key in stage.get("params", [])}
    covered = {leaf for leaf in leaves if leaf in listed or leaf.split(".")[0] in listed}
    # How many processes work, and where, changes no output.
    assert leaves - covered == {"extract.n_jobs", "extract.backend"}

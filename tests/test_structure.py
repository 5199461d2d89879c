"""The structure of the code: what may import what, and which imports dvc.yaml must list."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from tests.conftest import TOP
from tests.imports import direct_imports, imported_files

STAGES = yaml.safe_load((TOP / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = [path.relative_to(TOP) for name in ("genre", "stages", "benchmarks") for path in (TOP / name).rglob("*.py")]
# Top-level modules that affect no result: they read parameters, name paths and write messages.
NO_RESULT = {"genre/__init__.py", "genre/console.py", "genre/errors.py", "genre/params.py", "genre/paths.py"}
# From the top down: a package imports only those below it.
LAYERS = [["cli"], ["app"], ["report"], ["songs", "training"], ["model"], ["features"], ["dataset"]]


def package_of(path: Path) -> str:
    """The package of a module of `genre`, or the name of a top-level module."""
    return path.parts[1].removesuffix(".py")


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_depends_on_all_project_code_that_it_imports(name):
    imported = {path.as_posix() for path in imported_files(TOP, Path(f"stages/{name}.py"))}
    # stages/__init__.py starts the console; those of packages have only a docstring.
    imported = {path for path in imported - NO_RESULT if not path.endswith("/__init__.py") or "/sample/" in path}
    listed = {dep for dep in STAGES[name]["deps"] if dep.startswith(("genre/", "stages/"))}
    missing = {path for path in imported if not any(path == dep or path.startswith(f"{dep}/") for dep in listed)}
    unused = {dep for dep in listed if not any(path == dep or path.startswith(f"{dep}/") for path in imported)}
    assert not missing and not unused


def test_dvc_yaml_lists_no_more_than_thirty_code_dependencies():
    assert sum(dep.startswith(("genre/", "stages/")) for stage in STAGES.values() for dep in stage["deps"]) <= 30


@pytest.mark.parametrize("module", ["audio", "decoding", "spectrogram", "workers"])
def test_training_depends_on_the_features_not_on_the_code_that_computes_them(module):
    assert not {"genre/features", f"genre/features/{module}.py"} & set(STAGES["train"]["deps"])


def test_imports_run_downwards_through_the_packages():
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    for module in MODULES:
        if module.parts[0] != "genre" or package_of(module) not in level:
            continue
        for other in direct_imports(TOP, module):
            if package_of(other) in level and package_of(other) != package_of(module):
                assert level[package_of(other)] > level[package_of(module)], f"{module} imports {other}"


def test_top_level_modules_import_no_package():
    for module in MODULES:
        if module.parts[0] == "genre" and len(module.parts) == 2 and package_of(module) not in ("cli", "__main__"):
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


def test_there_are_no_circular_imports():
    imports = {module: [path for path in direct_imports(TOP, module) if path.stem != "__init__"] for module in MODULES}
    TopologicalSorter(imports).prepare()  # raises CycleError


# Packages that take at least half as long to import as numpy and pandas.
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
STAGE_MODULES = [path.stem for path in (TOP / "stages").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("name", [name for name in STAGE_MODULES if name not in ("train", "evaluate", "export")])
def test_a_stage_starts_without_slow_imports(name):
    code = f"import sys, stages.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True).stdout
    assert not SLOW & set(loaded.split())


def test_every_parameter_is_a_dependency_of_a_stage():
    values = yaml.safe_load((TOP / "params.yaml").read_text(encoding="utf-8"))
    leaves = {f"{section}.{key}" for section, keys in values.items() for key in keys}
    listed = {key for stage in STAGES.values() for key in stage.get("params", [])}
    covered = {leaf for leaf in leaves if leaf in listed or leaf.split(".")[0] in listed}
    # The number and location of processes change no output.
    assert leaves - covered == {"extract.n_jobs", "extract.backend"}

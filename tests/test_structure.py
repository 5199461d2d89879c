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


@pytest.mark.parametrize("name", list(STAGES))
def test_a_stage_depends_on_every_project_file_that_it_imports(name):
    imported = {path.as_posix() for path in imported_files(TOP, Path(f"stages/{name}.py"))}
    if "genre/catalog.py" in imported:
        imported.add("genre/gtzan.csv")
    # stages/__init__.py and an empty __init__ hold no code.
    imported = {path for path in imported if (TOP / path).stat().st_size}
    listed = {dep for dep in STAGES[name]["deps"] if dep.startswith(("genre/", "stages/")) and dep[-5:] != ".html"}
    assert listed == imported


@pytest.mark.parametrize("name", ["fetch", "split", "train", "evaluate", "export"])
def test_only_the_features_decide_whether_a_stage_runs_again_not_the_code_that_computes_them(name):
    assert not {f"genre/{module}.py" for module in ("audio", "decoding", "features", "mel")} & set(STAGES[name]["deps"])


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
SLOW = {"keras", "tensorflow", "kagglehub", "pooch", "librosa", "numba", "sklearn", "distributed", "scipy.signal"}
ROOMS = [path.stem for path in (TOP / "stages").glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("name", [name for name in ROOMS if name not in ("train", "evaluate", "export")])
def test_a_stage_starts_without_what_is_slow_to_import(name):
    code = f"import sys, stages.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True).stdout
    needed = {"sklearn"} if name == "report" else set()  # for the interval of the macro F1
    assert not (SLOW - needed) & set(loaded.split())


def test_every_parameter_is_a_dependency_of_a_stage():
    values = yaml.safe_load((TOP / "params.yaml").read_text(encoding="utf-8"))
    leaves = {f"{section}.{key}" for section, keys in values.items() for key in keys}
    listed = {key for stage in STAGES.values() for key in stage.get("params", [])}
    covered = {leaf for leaf in leaves if leaf in listed or leaf.split(".")[0] in listed}
    # How many processes work, and where, changes no output.
    assert leaves - covered == {"extract.n_jobs", "extract.backend"}

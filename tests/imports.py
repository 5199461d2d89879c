"""The project files that a module imports, found by parsing its source."""

import ast
from pathlib import Path

PACKAGES = ("genre", "stages", "benchmarks")


def imported_files(top: Path, start: Path) -> set[Path]:
    """Every project file that `start` imports, directly or indirectly, and `start` itself; relative to `top`."""
    found, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += direct_imports(top, path)
    return found


def direct_imports(top: Path, path: Path) -> list[Path]:
    """The project files that one file's import statements name, with the `__init__` of their packages."""
    names = set()
    for node in ast.walk(ast.parse((top / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = set()
    for name in names:
        parts = name.split(".")
        if parts[0] not in PACKAGES:
            continue
        for depth in range(1, len(parts) + 1):
            place = Path(*parts[:depth])
            files |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if (top / file).is_file()}
    return sorted(files)

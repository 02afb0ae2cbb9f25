"""A directory is a permission: what each part of the code may import."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import goodword

ROOT = Path(goodword.__file__).parent
STANDARD = frozenset(sys.stdlib_module_names) - {
    "asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "select", "shutil", "socket",
    "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip

PURE = {
    "engine": STANDARD | {"msgspec", "goodword.engine", "goodword.program"},
    "metrics": STANDARD | {"msgspec", "numpy", "sqlglot", "goodword.metrics", "goodword.program"},
    "program": STANDARD | {"urllib.parse", "babel", "pydantic", "ruamel", "goodword.program"},
}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def ours_in(path: Path) -> set[str]:
    """The modules of ours that a file imports: of what is imported from a package, the modules in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.partition(".")[0] == goodword.__name__}


def shortened(module: str) -> str:
    if module == "urllib.parse":  # takes addresses apart and opens none
        return module
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "goodword" else parts[0]


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_import_nothing_with_io(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    strangers = {
        f"{path.name}: {module}"
        for path in files
        for module in imports_of(path)
        if shortened(module) not in PURE[room] and shortened(module) != "__future__"
    }
    assert strangers == set()


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ROOT.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Also not for types alone: what two of them need stands in a file of its own."""
    files = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): ours_in(path) for name, path in files.items()}
    assert "goodword.warehouse.engine" in modules["goodword.warehouse.duck"]
    TopologicalSorter({name: imported & modules.keys() for name, imported in modules.items()}).prepare()


def test_the_engine_opens_nothing_and_asks_no_clock() -> None:
    forbidden = {"open", "print", "input", "eval", "exec"}
    calls = [
        f"{path.name}:{node.lineno}: {node.func.id}"
        for path in (ROOT / "engine").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden
    ]
    assert calls == []


def test_the_edge_never_sees_tables_and_needs_no_web_framework() -> None:
    imported = {module for path in (ROOT / "edge").rglob("*.py") for module in imports_of(path)}
    assert "goodword.storage.tables" not in imported
    strangers = {shortened(module) for module in imported} & {
        "goodword.web",
        "goodword.pipeline",
        "fastapi",
        "starlette",
    }
    assert strangers == set()


def test_pages_never_see_tables() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "web").rglob("*.py")
        if "goodword.storage.tables" in imports_of(path)
    ]
    assert guilty == []

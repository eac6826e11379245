"""The table of docs/architecture.md, section 3, kept true from the code's own imports and sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*(ROOT / "graphrec_neo4j").rglob("*.py"), *(ROOT / "loaders").rglob("*.py")])

WINGS = ("walks", "models", "training", "sampling", "ranking", "explain")
GROUND_FOR_WINGS = {
    "snapshot",
    "ids",
    "errors",
    "results",
    "meta_path",
    "progress",
    "schema",
    "threads",
    "edge_times",
    "foresee",
    "graph_changes",
}
ROOF = {
    "sync",
    "fitting",
    "tuning",
    "learning",
    "updating",
    "affected",
    "answers",
    "asking",
    "verifying",
    "monitoring",
    "doctor",
    "reading",
    "run_cache",
    "evaluating",
    "report",
    "demo",
    "desk",
    "picture",
    "notebook",
    "subgraph",
}
TORCH_LOADERS = {"to_pyg.py", "stream.py", "stream_stores.py", "stream_sampler.py"}
MAY_IMPORT = {
    "walks": {"ranking"},
    "training": {"models", "ranking", "sampling"},
    "models": {"walks", "training", "sampling", "ranking", "explain"},
    "sampling": set(),
    "ranking": set(),
    "explain": set(),
}


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "loaders":
        return "loaders"
    if len(parts) > 2:
        return parts[1] if parts[1] in (*WINGS, "cli") else "roof" if parts[1] in ROOF else "ground"
    return "roof" if parts[1] in ROOF else "ground"


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_rooms(path: Path) -> set[tuple[str, str]]:
    """(room, module) of every import of ours."""
    found = set()
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "loaders":
            found.add(("loaders", name))
        elif parts[0] == "graphrec_neo4j" and len(parts) > 1:
            place = parts[1]
            kind = place if place in (*WINGS, "cli") else "roof" if place in ROOF else "ground"
            found.add((kind, place))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_only_what_they_may(path: Path) -> None:
    here = room(path)
    for there, module in own_rooms(path):
        where = f"{path.relative_to(ROOT)} imports {module}"
        if here == "ground":
            assert there == "ground", where
        elif here == "loaders":
            assert there in ("ground", "loaders"), where
        elif here in WINGS:
            allowed = there == here or there in MAY_IMPORT[here] or (there == "ground" and module in GROUND_FOR_WINGS)
            assert allowed or module == "__version__", where
        elif here == "roof":
            assert there != "cli", where


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_database_imports_the_driver_and_only_wings_and_loaders_import_torch(path: Path) -> None:
    names = {name.split(".")[0] for name in imported(path)}
    relative = path.relative_to(ROOT).as_posix()
    if relative != "graphrec_neo4j/database.py":
        assert "neo4j" not in names, relative
    if names & {"torch", "torch_geometric"}:
        assert room(path) in ("models", "training", "sampling") or path.name in TORCH_LOADERS, relative


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_within_their_budgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300, f"{path} is over 300 lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            start = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
            assert start is not None
            assert node.end_lineno - start <= 40, f"{path}:{node.lineno} {node.name} is over 40 lines"


@pytest.mark.parametrize(
    "command", ["import graphrec_neo4j", "import graphrec_neo4j.cli; graphrec_neo4j.cli.cli(['--help'])"]
)
def test_start_up_loads_neither_torch_nor_the_driver_nor_numba(command: str) -> None:
    code = (
        f"import sys\ntry:\n    {command}\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'neo4j', 'numba', 'scipy', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().splitlines()[-1] == "[]"

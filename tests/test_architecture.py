"""The structure rules of CONTRIBUTING.md, as tests: sizes, docstrings, names, boundaries, nothing of this machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for folder in ("packages/*/src", "examples", "benchmarks", "scripts")
    for base in ROOT.glob(folder)
    for path in base.rglob("*.py")
)
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
#: The one module of each package that may catch broadly, and why a test may name it.
BOUNDARIES = {
    "hiveloop": {"_safety.py"},
    "hiveloop_langchain": set(),
    "hiveloop_crewai": set(),
    "hiveloop_autogen": set(),
    "hiveloop_tenacity": set(),
    "hiveboard": {"boundary.py"},
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code from the first statement on: signature and docstring are documentation, not length."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    last = node.end_lineno or node.lineno
    return last - body[0].lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_short_documented_and_well_named(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= MAX_FILE_LINES, "split it by concept"
    assert path.stem.strip("_") not in VAGUE_NAMES, "name what it does"
    docstring = ast.get_docstring(tree)
    assert docstring, "one sentence: what lives here"
    for node in functions(tree):
        assert body_lines(node) <= MAX_FUNCTION_LINES, f"{node.name} is too long"


def broad_handlers(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            named = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
            for kind in named:
                if kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")):
                    reraises = any(
                        isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)
                    )
                    if not reraises:
                        yield node.lineno


@pytest.mark.parametrize("package", sorted(BOUNDARIES))
def test_one_safety_boundary_a_package(package: str) -> None:
    base = next(ROOT.glob(f"packages/*/src/{package}"))
    found = {
        f"{path.name}:{line}"
        for path in base.rglob("*.py")
        if path.name not in BOUNDARIES[package]
        for line in broad_handlers(ast.parse(path.read_text()))
    }
    # A generator wrapper hands what was thrown into it on to the user's generator; it swallows nothing.
    assert {entry for entry in found if not entry.startswith("_track.py")} == set()


def test_no_event_name_is_spelled_outside_the_catalogue() -> None:
    from hiveloop.events import EVENT_TYPES

    names = set(EVENT_TYPES) - {"custom", "escalated", "heartbeat"}
    base = ROOT / "packages/hiveloop-core/src/hiveloop"
    offenders = [
        f"{name_of(path)}:{node.lineno}: {node.value}"
        for path in base.rglob("*.py")
        if path.name not in ("events.py", "conformance.py")
        for statement in ast.parse(path.read_text()).body
        if not is_list_of_names(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
    assert offenders == []


def is_list_of_names(statement: ast.stmt) -> bool:
    """``__all__``: what stands there are names of this module's own, functions that make such events included."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "__all__"
    )


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


#: Paths of somebody's machine and hosts of package registries have no place in a project.
FOREIGN = re.compile(
    r"(/work/|/root/|/home/[a-z]+/|/tmp/[a-z]+_|pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)"
)


def test_the_project_speaks_of_itself_alone() -> None:
    offenders = []
    for path in tracked_files():
        if path.suffix in {".png", ".gz", ".woff2", ".ico"} or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if FOREIGN.search(line):
                offenders.append(f"{name_of(path)}:{number}: {line.strip()[:120]}")
    assert offenders == []


def test_pins_are_names_and_versions_only() -> None:
    for line in (ROOT / "pins.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==[^\s/]+( ; .+)?", line), line
    lock = ROOT / "packages/hiveboard/web/package-lock.json"
    packages = json.loads(lock.read_text())["packages"]
    assert not [
        name for name, entry in packages.items() if "resolved" in entry and "://" in entry["resolved"]
    ]
    names = {path.name for path in tracked_files()}
    assert "uv.lock" not in names


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100

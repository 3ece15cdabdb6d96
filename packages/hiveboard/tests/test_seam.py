"""Nothing above the store knows which database it rests on."""

from __future__ import annotations

import ast
from pathlib import Path

import hiveboard
import pytest
from hiveboard.settings import MEMORY, Limits, Settings, SettingsError, store_address
from hiveboard.store import StoreFailedError
from hiveboard.store.opening import open_store
from hiveboard.verify import verify_store

from .conftest import event, running

SOURCE = Path(hiveboard.__file__).parent
#: Commands may work on the file itself.
ON_THE_FILE = ("cli", "store", "rebuild.py", "verify.py")


def imported(path: Path) -> set[str]:
    """Every module and name that a file imports, in any of its functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return found


def test_sqlite_is_known_to_the_store_alone() -> None:
    above = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in ON_THE_FILE]
    assert len(above) > 50
    assert {
        f"{path.name}: {name}" for path in above for name in imported(path) if "sqlite" in name.lower()
    } == set()


def test_the_store_in_memory_knows_no_sql() -> None:
    modules = [*(SOURCE / "store").glob("memory*.py"), SOURCE / "store" / "summaries.py"]
    assert len(modules) > 5
    assert {name for path in modules for name in imported(path) if "sql" in name.lower()} == set()


def test_a_collector_in_memory_works_and_keeps_nothing() -> None:
    for _ in range(2):
        with running(MEMORY) as collector:
            assert collector.get("/v1/tasks").json["data"] == []
            collector.store([event("task_started", task_id="t", task_run_id="r")])
            assert [row["task_id"] for row in collector.get("/v1/tasks").json["data"]] == ["t"]
            assert collector.get("/v1/tasks/t/timeline").status == 200


def test_what_the_store_option_names(tmp_path: Path) -> None:
    assert store_address("memory:") == MEMORY
    assert store_address("hive.db") == Path("hive.db")
    for wrong in ("postgresql://host/db", ""):
        with pytest.raises(SettingsError, match="--store"):
            store_address(wrong)
    with pytest.raises(SettingsError):
        verify_store(MEMORY, lambda done: None)
    with pytest.raises(SettingsError):
        open_store("elsewhere:", Limits(), lambda told: None)
    (tmp_path / "other.db").write_bytes(b"not a database at all, whatever it is called" * 99)
    with pytest.raises(StoreFailedError):
        open_store(tmp_path / "other.db", Limits(), lambda told: None)
    assert Settings(store=MEMORY).store == MEMORY

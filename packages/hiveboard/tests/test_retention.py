"""``hiveboard prune`` and ``hiveboard erase``: what they remove is gone, from the answers and from the file's bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hiveboard.cli import app
from hiveboard.retention import apply_retention
from hiveboard.setup.preferences import PreferenceChange, Preferences, change_preferences
from hiveboard.store.care import erase_user, prune_store
from hiveboard.store.errors import StoreFailedError
from hiveboard.store.rows import EventFilter
from hiveboard.store.sqlite import SqliteStore
from hiveboard.store.sqlite_verify import verify_store
from hiveboard.store.week import WEEK_US
from typer.testing import CliRunner

from .conftest import event, kind, running
from .contract_opened import NOW, batch, put
from .test_partitions import WEEK_MS, store, weeks_of_runs

__all__ = ["store"]

SECRET = "PERSONAL-4f1d0c"


def differing(file: Path) -> list[str]:
    return [report.table for report in verify_store(file, lambda done: None)[1] if report.different]


def run_for(user: str, number: int) -> list[dict[str, Any]]:
    """A run with traces of its user in every corner: inputs, results, errors, issues, approvals, to-dos."""
    said = f"{SECRET} of {user}"
    task = {"task_id": f"{user}-{number}", "task_run_id": "r", "project_id": "p"}
    start = {"summary": "s", "user_id": user, "session_id": f"session of {user}", "inputs": {"text": said}}
    return [
        event("task_started", number * 100, payload=start, **task),
        kind("llm_call", number * 100 + 1, data={"name": "n", "model": "m", "prompt_preview": said}, **task),
        event("approval_requested", number * 100 + 2, payload={"summary": said}, **task),
        kind("issue", number * 100 + 3, summary=said, data={"severity": "low", "action": "reported"}, **task),
        kind("todo", number * 100 + 4, summary=said, data={"todo_id": said, "action": "created"}, **task),
        event("action_failed", number * 100 + 5, payload={"action_name": said}, severity="error", **task),
        event("task_failed", number * 100 + 6, payload={"exception_message": said}, **task),
    ]


def test_erasing_a_user_leaves_no_byte_of_theirs(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with running(file) as collector:
        for number in range(30):
            for user in ("ann", "bob"):
                collector.store(run_for(user, number))
    assert b"of ann" in file.read_bytes()

    result = CliRunner().invoke(app, ["erase", "--user", "ann", "--yes", "--store", str(file)])
    assert result.exit_code == 0, result.output
    assert "30 runs with 210 events were erased; 210 events are left" in result.stderr

    everything = b"".join(part.read_bytes() for part in tmp_path.iterdir())
    assert b"of ann" not in everything
    assert b"ann-1" not in everything
    assert b"of bob" in everything
    assert differing(file) == []
    with running(file) as collector:
        left = collector.get("/v1/tasks", limit=200).json["data"]
        assert {row["task_id"].split("-")[0] for row in left} == {"bob"}
        assert "ann" not in str(collector.get("/v1/pipeline").json)


def test_erasing_asks_first_and_says_when_nobody_is_known(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with running(file) as collector:
        collector.store(run_for("ann", 1))
    refused = CliRunner().invoke(app, ["erase", "--user", "ann", "--store", str(file)], input="n\n")
    assert refused.exit_code != 0
    unknown = CliRunner().invoke(app, ["erase", "--user", "zoe", "--yes", "--store", str(file)])
    assert unknown.exit_code == 2
    assert "no run" in unknown.stderr
    assert b"of ann" in file.read_bytes()


def test_a_file_in_use_is_not_erased_from(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with running(file) as collector:
        collector.store(run_for("ann", 1))
        with pytest.raises(StoreFailedError, match="has it open"):
            erase_user(file, "ann", None, lambda done, total: None)
        assert len(collector.get("/v1/events", limit=200).json["data"]) == 7


def test_pruning_beside_a_running_collector_costs_no_event(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with running(file) as collector:
        collector.store(weeks_of_runs(6))
        before = 1_770_000_000_000_000 + 3 * WEEK_MS * 1000
        removed = prune_store(file, before, lambda done: None)
        assert 18 <= removed <= 27
        # The collector goes on with what it remembers of tables that are gone.
        late = event("task_started", 0, task_id="late")
        assert collector.store([late, event("task_started", 5 * WEEK_MS, task_id="new")])["accepted"] == 2
        tasks = {row["task_id"] for row in collector.get("/v1/tasks", limit=200).json["data"]}
        assert {"late", "new", "w5-0"} <= tasks
        assert "w0-0" not in tasks
    assert differing(file) == []


def anyhow(_: Preferences) -> None:
    """Whatever the settings were."""


async def test_the_longest_retention_that_anybody_set_counts(store: SqliteStore) -> None:
    now = NOW + 20 * WEEK_US
    await put(store, batch(weeks_of_runs(20), tenant="live"))
    await put(store, batch([event("task_started", 0, task_id="t")], tenant="other"))
    assert await apply_retention(store, now) == 0, "nobody set any"
    await change_preferences(store, "live", PreferenceChange(retention_days=70), now, anyhow)
    assert await apply_retention(store, now) == 0, "the other namespace keeps everything"
    await change_preferences(store, "other", PreferenceChange(retention_days=14), now, anyhow)
    assert await apply_retention(store, now) > 80
    left, _ = await store.events("live", EventFilter(limit=200))
    assert min(one.record.ts for one in left) <= now - 70 * 86_400_000_000
    assert await apply_retention(store, now) == 0


def test_prune_says_what_it_removed_and_gives_space_back(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with running(file) as collector:
        for _ in range(8):
            collector.store(weeks_of_runs(2, per_week=60))
    size = file.stat().st_size
    arguments = ["prune", "--keep", "2026-02-09", "--compact", "--store", str(file)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "1,440 events from before 2026-02-09 were removed" in result.stderr
    assert file.stat().st_size < size * 0.7
    assert differing(file) == []
    wrong = CliRunner().invoke(app, ["prune", "--keep", "soon", "--store", str(file)])
    assert wrong.exit_code == 2
    assert "--keep" in wrong.stderr

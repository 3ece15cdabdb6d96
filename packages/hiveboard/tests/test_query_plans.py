"""Walks that must end where enough is found, however much is stored."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hiveboard.store.rows import EventFilter
from hiveboard.store.sqlite_connect import connect_reader
from hiveboard.store.sqlite_events import list_events

from .conftest import event, running


def plans(connection: sqlite3.Connection, want: EventFilter) -> list[str]:
    """How SQLite does what is asked for."""
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    list_events(connection, "live", want, 1_000)
    connection.set_trace_callback(None)
    walks = [sql for sql in asked if "MATERIALIZED" in sql]
    assert walks
    return [row[3] for sql in walks for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.mark.parametrize(
    ("want", "index"),
    [
        ({"severities": ("error",)}, "trouble (tenant_id=? AND severity=? AND ts>?)"),
        ({"severities": ("warn", "error")}, "trouble (tenant_id=? AND severity=? AND ts>?)"),
        (
            {"event_types": ("heartbeat",), "exclude_heartbeats": False},
            "label (tenant_id=? AND label=? AND ts>?)",
        ),
        ({"agent_id": "a"}, "agent (tenant_id=? AND agent_id=? AND ts>?)"),
        ({"model": "m"}, "model (tenant_id=? AND model=? AND ts>?)"),
    ],
)
def test_the_feed_walks_along_an_index(tmp_path: Path, want: dict[str, Any], index: str) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store([event("action_failed", severity="error"), event("heartbeat")])
        connection = connect_reader(tmp_path / "s.db")
        found = plans(connection, EventFilter(since=1, **want))
        connection.close()
    assert any(step.startswith("SEARCH e ") and step.endswith(index) for step in found), found

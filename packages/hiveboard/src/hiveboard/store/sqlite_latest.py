"""Rows of which only the latest counts (queue, schedule, to-do items, heartbeat), and the projects and scopes seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from .fold_issue import issue_key
from .records import EventRecord
from .values import dict_of, text_in

__all__ = ["LATEST_KINDS", "save_latest", "save_projects", "save_scopes"]

#: Custom kinds of which the latest event per item is the state.
LATEST_KINDS = frozenset({"queue_snapshot", "scheduled", "todo"})

# At the same time the one that arrives now is the later one.
_NEWER = "excluded.ts >= latest.ts"
_UPSERT_LATEST = f"""
INSERT INTO latest (tenant, agent_id, kind, item_key, ts, first_ts, events, project_id, task_id, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, agent_id, kind, item_key) DO UPDATE SET
  first_ts = min(latest.first_ts, excluded.first_ts), events = latest.events + excluded.events,
  project_id = CASE WHEN {_NEWER} THEN excluded.project_id ELSE latest.project_id END,
  task_id = CASE WHEN {_NEWER} THEN excluded.task_id ELSE latest.task_id END,
  payload = CASE WHEN {_NEWER} THEN excluded.payload ELSE latest.payload END,
  ts = max(latest.ts, excluded.ts)
"""
_UPSERT_PROJECT = """
INSERT INTO projects (tenant, project_id, agent_id, first_ts, last_ts, events) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, project_id, agent_id) DO UPDATE SET
  first_ts = min(first_ts, excluded.first_ts), last_ts = max(last_ts, excluded.last_ts),
  events = events + excluded.events
"""


def save_latest(
    connection: sqlite3.Connection, items: list[tuple[str, tuple[EventRecord, dict[str, Any] | None]]]
) -> None:
    """Keep of each (agent, kind, item) the newest event (of equal times the last given), when the first came and how many there were."""
    rows: dict[tuple[str, str, str, str], tuple[EventRecord, int, int]] = {}
    for kind, (record, payload) in items:
        key = (record.tenant, record.agent_id, kind, _item_key(kind, payload))
        have = rows.get(key)
        if have is None:
            rows[key] = (record, record.ts, 1)
        else:
            newest = record if record.ts >= have[0].ts else have[0]
            rows[key] = (newest, min(have[1], record.ts), have[2] + 1)
    connection.executemany(
        _UPSERT_LATEST,
        [
            (
                *key,
                newest.ts,
                first,
                count,
                newest.project_id,
                newest.task_id,
                newest.payload,
            )
            for key, (newest, first, count) in rows.items()
        ],
    )


def _item_key(kind: str, payload: dict[str, Any] | None) -> str:
    if kind != "todo":
        return ""
    todo_id = text_in(dict_of((payload or {}).get("data")), "todo_id")
    return todo_id or issue_key(None, text_in(payload, "summary"))


def save_projects(connection: sqlite3.Connection, projects: dict[tuple[str, str, str], list[int]]) -> None:
    """Widen the time span and raise the count of each (project, agent)."""
    connection.executemany(_UPSERT_PROJECT, [(*key, *values) for key, values in projects.items()])


def save_scopes(connection: sqlite3.Connection, activity: Iterable[tuple[Any, ...]]) -> None:
    """Note the scopes in which agents were active, from the keys of the finest counters of activity."""
    seen = {(tenant, agent_id, scope_id) for tenant, _, _, agent_id, scope_id in activity}
    connection.executemany("INSERT OR IGNORE INTO agent_scopes VALUES (?, ?, ?)", seen)

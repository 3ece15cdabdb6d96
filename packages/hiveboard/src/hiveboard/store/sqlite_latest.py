"""Rows of which only the latest counts (queue, schedule, to-do items, heartbeat), and the projects, scopes and processes seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from .fold_latest import newest_by_item
from .stretch import Stored

__all__ = ["save_latest", "save_processes", "save_projects", "save_scopes"]

# At the same time the one that arrives now is the later one.
_NEWER = "excluded.ts >= latest.ts"
_UPSERT_LATEST = f"""
INSERT INTO latest (tenant, agent_id, kind, item_key, ts, first_ts, events, project_id, task_id, payload, scope_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, agent_id, kind, item_key) DO UPDATE SET
  first_ts = min(latest.first_ts, excluded.first_ts), events = latest.events + excluded.events,
  project_id = CASE WHEN {_NEWER} THEN excluded.project_id ELSE latest.project_id END,
  task_id = CASE WHEN {_NEWER} THEN excluded.task_id ELSE latest.task_id END,
  payload = CASE WHEN {_NEWER} THEN excluded.payload ELSE latest.payload END,
  scope_id = CASE WHEN {_NEWER} THEN excluded.scope_id ELSE latest.scope_id END,
  ts = max(latest.ts, excluded.ts)
"""
_UPSERT_PROJECT = """
INSERT INTO projects (tenant, project_id, agent_id, first_ts, last_ts, events) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, project_id, agent_id) DO UPDATE SET
  first_ts = min(first_ts, excluded.first_ts), last_ts = max(last_ts, excluded.last_ts),
  events = events + excluded.events
"""
_UPSERT_PROCESS = """
INSERT INTO processes (tenant, process, last_received) VALUES (?, ?, ?)
ON CONFLICT (tenant, process) DO UPDATE SET last_received = max(last_received, excluded.last_received)
"""


def save_latest(connection: sqlite3.Connection, items: list[tuple[str, Stored]]) -> None:
    """Keep of each (agent, kind, item) the newest event, when the first came and how many there were."""
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
                newest.scope_id,
            )
            for key, (newest, first, count) in newest_by_item(items).items()
        ],
    )


def save_projects(connection: sqlite3.Connection, projects: dict[tuple[str, str, str], list[int]]) -> None:
    """Widen the time span and raise the count of each (project, agent)."""
    connection.executemany(_UPSERT_PROJECT, [(*key, *values) for key, values in projects.items()])


def save_processes(connection: sqlite3.Connection, heard: dict[tuple[str, str], int]) -> None:
    """Note when each (tenant, process) was heard last."""
    connection.executemany(_UPSERT_PROCESS, [(*key, received) for key, received in heard.items()])


def save_scopes(connection: sqlite3.Connection, activity: Iterable[tuple[Any, ...]]) -> None:
    """Note the scopes in which agents were active, from the keys of the finest counters of activity."""
    seen = {(tenant, agent_id, scope_id) for tenant, _, _, agent_id, scope_id in activity}
    connection.executemany("INSERT OR IGNORE INTO agent_scopes VALUES (?, ?, ?)", seen)

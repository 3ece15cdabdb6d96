"""Keeping sessions in SQLite: what the runs of one commit add to them and take away."""

from __future__ import annotations

import sqlite3

from .session_changes import SessionChanges
from .sessions import SESSION_COUNTERS

__all__ = ["save_sessions"]

_KEY = "tenant, session_id, agent_id, user_id, scope_id"
_SUMS = ", ".join(f"{name} = {name} + excluded.{name}" for name in SESSION_COUNTERS)
_ADD = (
    f"INSERT INTO session_parts ({_KEY}, first_ts, last_ts, {', '.join(SESSION_COUNTERS)}) "
    f"VALUES ({', '.join('?' * (7 + len(SESSION_COUNTERS)))}) ON CONFLICT ({_KEY}) DO UPDATE SET "
    f"first_ts = min(first_ts, excluded.first_ts), last_ts = max(last_ts, excluded.last_ts), {_SUMS}"
)
_OF_PART = "tenant = ?1 AND session_id = ?2 AND agent_id = ?3 AND user_id = ?4 AND scope_id = ?5"
_DROP = f"DELETE FROM session_parts WHERE {_OF_PART} AND runs = 0"
_RUNS = "FROM tasks WHERE tenant = ?1 AND session_id = ?2 AND agent_id = ?3 AND coalesce(user_id, '') = ?4 AND scope_id = ?5"
_REPAIR = (
    f"UPDATE session_parts SET first_ts = (SELECT min(first_ts) {_RUNS}), last_ts = (SELECT max(last_ts) {_RUNS}) "
    f"WHERE {_OF_PART}"
)


def save_sessions(connection: sqlite3.Connection, changes: SessionChanges) -> None:
    """Write the changes; after the runs themselves."""
    connection.executemany(
        _ADD, [(*key, *changes.bounds[key], *counts) for key, counts in changes.counts.items()]
    )
    # A run that turned out to be of another session took its times with it: those are looked up again.
    connection.executemany(_DROP, changes.left)
    connection.executemany(_REPAIR, changes.left)

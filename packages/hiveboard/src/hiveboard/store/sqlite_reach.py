"""How far back each summary row reaches: what retention removes, and what can still be recounted after it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from .sqlite_schema import SUMMARY_TABLES

__all__ = ["REACH", "Reach", "recountable_since", "retained_since"]


class Reach(NamedTuple):
    """When what a row says began and when it was last true, as SQL over the row; None where a row says no time."""

    began: str | None
    ended: str | None


_LATEST_OF_ISSUE = "max(first_ts, ifnull(reported_ts, first_ts), ifnull(closed_ts, first_ts))"
_STATES = {
    "agents": Reach("first_ts", "max(last_received, ifnull(active_ts, last_received))"),
    "tasks": Reach("first_ts", "last_ts"),
    "session_parts": Reach("first_ts", "last_ts"),
    "issues": Reach("first_ts", _LATEST_OF_ISSUE),
    "issue_tasks": Reach(None, None),
    "approvals": Reach("ts", "ts"),
    "latest": Reach("first_ts", "ts"),
    "projects": Reach("first_ts", "last_ts"),
    "processes": Reach("last_received", "last_received"),
    "agent_scopes": Reach(None, None),
}
#: By summary table; what is not a state is a counter per stretch of time.
REACH = {table: _STATES.get(table, Reach("bucket", "bucket")) for table in SUMMARY_TABLES}


def retained_since(connection: sqlite3.Connection) -> int | None:
    """Before this moment (microseconds) events have been removed; None when none ever were."""
    row = connection.execute("SELECT since FROM retained").fetchone()
    return None if row is None else int(row[0])


def recountable_since(connection: sqlite3.Connection) -> int | None:
    """Rows that reach back before this moment cannot be recounted; None when all can.

    That is later than the oldest event where a run began before it: what such a run counts for is in its last hour.
    """
    since = retained_since(connection)
    if since is None:
        return None
    row = connection.execute(
        "SELECT max(ifnull(end_ts, last_ts)) FROM tasks WHERE first_ts < ?", (since,)
    ).fetchone()
    return since if row[0] is None else max(since, int(row[0]) + 1)

"""Retention: weeks of events are dropped whole, and the summaries of what ended before them go with them."""

from __future__ import annotations

import sqlite3

from .sqlite_partitions import Partition, partitions
from .sqlite_reach import REACH, retained_since

__all__ = ["prunable", "prune_step"]

#: Rows that say no time go with those they belong to.
_ORPHANS = {
    "agent_scopes": "NOT EXISTS (SELECT 1 FROM agents a WHERE a.tenant = s.tenant AND a.agent_id = s.agent_id)",
    "issue_tasks": "NOT EXISTS (SELECT 1 FROM tasks t WHERE t.tenant = s.tenant AND t.task_id = s.task_id "
    "AND t.task_run_id = s.task_run_id)",
}
#: Rows removed in one transaction: those who wait to write wait for no more than these.
_ROWS = 2_000


def prunable(connection: sqlite3.Connection, before: int) -> list[Partition]:
    """The tables that lie wholly before a moment, the oldest first."""
    return [table for table in reversed(partitions(connection, None, before)) if table.until <= before]


def prune_step(connection: sqlite3.Connection, before: int) -> int | None:
    """Do the next bounded part of removing what lies wholly before a moment, in the transaction under way.

    Returns how many events were removed, None when there is nothing more to do.
    """
    tables = prunable(connection, before)
    if tables:
        return _drop(connection, tables[0])
    since = retained_since(connection)
    if since is None:
        return None
    ended = {name: f"{reach.ended} < {since}" for name, reach in REACH.items() if reach.ended is not None}
    return 0 if any(_remove(connection, *one) for one in (ended | _ORPHANS).items()) else None


def _drop(connection: sqlite3.Connection, table: Partition) -> int:
    events = int(connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])
    connection.execute(f"DROP TABLE {table.name}")
    connection.execute("DELETE FROM partitions WHERE name = ?", (table.name,))
    connection.execute(
        "INSERT INTO retained VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET since = max(since, ?1)",
        (table.until,),
    )
    return events


def _remove(connection: sqlite3.Connection, table: str, condition: str) -> bool:
    """Remove a bounded number of rows. Returns whether there were any."""
    columns = connection.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")
    key = ", ".join(name for (name,) in columns)
    chosen = f"SELECT {key} FROM {table} s WHERE {condition} LIMIT {_ROWS}"
    return connection.execute(f"DELETE FROM {table} WHERE ({key}) IN ({chosen})").rowcount > 0

"""Events lie in one table per week: what is old is dropped whole, and indexes stay small enough to be quick."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from .sqlite_codec import FREQUENT_LABELS, HEARTBEAT_LABEL, TROUBLE
from .week import FOREVER, week_of

__all__ = ["INDEXED_BY_LABEL", "Partition", "Partitions", "last_seq", "partition_of", "partitions"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What a query must say for the index by label to hold what it asks for.
INDEXED_BY_LABEL = f"label NOT IN ({', '.join(map(str, FREQUENT_LABELS))})"


class Partition(NamedTuple):
    """A table of events, named by the day its week begins, and the times it holds: from ``since`` to before ``until``."""

    name: str
    since: int
    until: int

    def indexed(self, name: str) -> str:
        """One of this table's indexes."""
        return f"{self.name}_{name}"


def partition_of(ts: int) -> Partition:
    """Where an event of this time belongs."""
    since, until = week_of(ts)
    if since == -FOREVER:
        return Partition("events_early", since, until)
    if until == FOREVER:
        return Partition("events_late", since, until)
    return Partition(f"events_{_EPOCH + timedelta(microseconds=since):%Y%m%d}", since, until)


def partitions(
    connection: sqlite3.Connection, since: int | None = None, until: int | None = None
) -> list[Partition]:
    """The tables that hold events of a stretch of time, the latest first."""
    sql = "SELECT name, since, until FROM partitions WHERE until > ? AND since < ? ORDER BY since DESC"
    rows = connection.execute(
        sql, (-FOREVER if since is None else since, FOREVER if until is None else until)
    )
    return [Partition(*row) for row in rows]


def last_seq(connection: sqlite3.Connection) -> int:
    """The number of the newest event ever stored, 0 in a new store."""
    return int(connection.execute("SELECT last FROM sequence").fetchone()[0])


class Partitions:
    """The tables as the writer knows them; makes those that are missing. Lives as long as the writer."""

    def __init__(self) -> None:
        self._known: list[Partition] = []

    def require(self, connection: sqlite3.Connection, ts: int) -> Partition:
        """The table for an event of this time, which is there afterwards."""
        for known in self._known:
            if known.since <= ts < known.until:
                return known
        self._known = partitions(connection)
        wanted = partition_of(ts)
        if wanted not in self._known:
            _create(connection, wanted)
            self._known.append(wanted)
        return wanted

    def others(self, own: Partition) -> list[Partition]:
        """Every other table."""
        return [known for known in self._known if known != own]

    def clear(self) -> None:
        """Forget everything; after a rollback a table may not exist."""
        self._known = []


def _create(connection: sqlite3.Connection, partition: Partition) -> None:
    name, index = partition.name, partition.indexed
    # One by one: executescript would commit what is under way.
    for statement in (
        f"""CREATE TABLE {name} (
          seq INTEGER PRIMARY KEY,
          tenant_id INTEGER NOT NULL, event_id TEXT NOT NULL, ts INTEGER NOT NULL, agent_id TEXT NOT NULL,
          task_id TEXT, task_run_id TEXT NOT NULL, label INTEGER NOT NULL, severity INTEGER NOT NULL,
          scope_id INTEGER NOT NULL, model TEXT, body BLOB NOT NULL)""",
        f"CREATE UNIQUE INDEX {index('id')} ON {name} (tenant_id, event_id)",
        f"CREATE INDEX {index('tail')} ON {name} (tenant_id, ts) WHERE label <> {HEARTBEAT_LABEL}",
        f"CREATE INDEX {index('agent')} ON {name} (tenant_id, agent_id, ts)",
        f"CREATE INDEX {index('task')} ON {name} (tenant_id, task_id, ts) WHERE task_id IS NOT NULL",
        f"CREATE INDEX {index('label')} ON {name} (tenant_id, label, ts) WHERE {INDEXED_BY_LABEL}",
        f"CREATE INDEX {index('trouble')} ON {name} (tenant_id, severity, ts) WHERE severity >= {TROUBLE}",
        f"CREATE INDEX {index('model')} ON {name} (tenant_id, model, ts) WHERE model IS NOT NULL",
    ):
        connection.execute(statement)
    connection.execute("INSERT INTO partitions (name, since, until) VALUES (?, ?, ?)", partition)

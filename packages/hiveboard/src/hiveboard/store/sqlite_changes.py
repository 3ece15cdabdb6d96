"""Which buckets of the counters changed, and with which event last: what was added up earlier and is right no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from .rollup import FINEST, Counters

__all__ = ["CHANGES_SCHEMA", "changes_after", "save_changes"]

CHANGES_SCHEMA = """
CREATE TABLE IF NOT EXISTS changed_buckets (
  tenant TEXT NOT NULL, bucket INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (tenant, bucket)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS changed_buckets_newest ON changed_buckets (seq);
"""


def save_changes(connection: sqlite3.Connection, counters: Iterable[Counters], seq: int) -> None:
    """Note which of the finest buckets a commit changed; ``seq`` is its last event."""
    changed = {(key[0], key[2]) for table in counters for key in table if key[1] == FINEST}
    connection.executemany(
        "INSERT OR REPLACE INTO changed_buckets VALUES (?, ?, ?)",
        [(tenant, bucket, seq) for tenant, bucket in changed],
    )


def changes_after(connection: sqlite3.Connection, seq: int) -> list[tuple[str, int, int]]:
    """(tenant, bucket, event) of the buckets that changed after an event, in order of the event."""
    return connection.execute(
        "SELECT tenant, bucket, seq FROM changed_buckets WHERE seq > ? ORDER BY seq", (seq,)
    ).fetchall()

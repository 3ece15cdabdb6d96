"""Writing every summary of a SQLite store anew from its events, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from .sqlite_exclusive import exclusive, in_transaction
from .sqlite_partitions import last_seq
from .sqlite_schema import SUMMARY_TABLES
from .sqlite_verify import recount

__all__ = ["count_anew", "rebuild_store"]


def rebuild_store(path: Path, on_progress: Callable[[int, int], None]) -> int:
    """Recount into the store itself, in one transaction. Returns the number of events.

    ``on_progress`` is told how many events are counted, and of about how many. Raises StoreFailedError when the file
    cannot be changed, also while anything else (a collector) has it open: then nothing was changed.
    """
    with exclusive(path) as connection, in_transaction(connection):
        return count_anew(connection, on_progress)


def count_anew(connection: sqlite3.Connection, on_progress: Callable[[int, int], None]) -> int:
    """Empty every summary and count all events again, in the transaction under way. Returns how many there are."""
    total = last_seq(connection)
    for table in SUMMARY_TABLES:
        connection.execute(f"DELETE FROM {table}")
    return recount(connection, connection, lambda done: on_progress(done, total))

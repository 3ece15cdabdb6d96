"""Recounting every summary from the stored events, and saying where the store says otherwise."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from .projections.event_view import payload_of
from .store.sqlite_codec import EVENT_JOINS, EVENT_SELECT, from_row
from .store.sqlite_connect import connect_reader, require_own
from .store.sqlite_schema import SUMMARY_TABLES, create, require_readable
from .store.sqlite_summaries import Summaries

__all__ = ["TableReport", "verify_store"]

_CHUNK = 5_000


class TableReport(Struct):
    """One summary table: rows stored, rows recounted, and how many are in only one of the two."""

    table: str
    stored: int
    recounted: int
    different: int


def verify_store(path: Path, on_progress: Callable[[int], None]) -> tuple[int, list[TableReport]]:
    """Recount into a temporary store. Returns the number of events and a report per table.

    Raises sqlite3.Error when the file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="hiveboard-verify-") as folder:
        source = connect_reader(path)
        recount = sqlite3.connect(Path(folder) / "recount.db", isolation_level=None)
        try:
            require_own(source)
            require_readable(source)
            source.execute("BEGIN")  # one consistent view, also while a collector writes
            recount.execute("PRAGMA synchronous = OFF")
            recount.execute("PRAGMA journal_mode = OFF")
            create(recount)
            events = _recount(source, recount, on_progress)
            return events, [_compare(source, recount, table) for table in SUMMARY_TABLES]
        finally:
            source.close()
            recount.close()


def _recount(
    source: sqlite3.Connection, recount: sqlite3.Connection, on_progress: Callable[[int], None]
) -> int:
    total = 0
    for chunk in _chunks(source):
        events = [from_row(row) for row in chunk]
        summaries = Summaries(recount)
        summaries.fold_all(
            [(event.record, None if event.record.payload is None else payload_of(event)) for event in events]
        )
        summaries.save()
        total += len(events)
        on_progress(total)
    return total


def _chunks(source: sqlite3.Connection) -> Iterator[list[tuple[object, ...]]]:
    cursor = source.execute(f"{EVENT_SELECT} FROM events e {EVENT_JOINS} ORDER BY e.seq")
    while chunk := cursor.fetchmany(_CHUNK):
        yield chunk


def _compare(source: sqlite3.Connection, recount: sqlite3.Connection, table: str) -> TableReport:
    """Rows of both sides in key order, walked side by side: memory does not grow with the table."""
    stored, recounted, different = 0, 0, 0
    left = iter(source.execute(f"SELECT * FROM {table} ORDER BY {_order(source, table)}"))
    right = iter(recount.execute(f"SELECT * FROM {table} ORDER BY {_order(source, table)}"))
    width = len(_order(source, table).split(","))
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        side = _side(a, b, width)
        different += a != b
        if side <= 0:
            stored, a = stored + 1, next(left, None)
        if side >= 0:
            recounted, b = recounted + 1, next(right, None)
    return TableReport(table, stored, recounted, different)


def _side(a: tuple[object, ...] | None, b: tuple[object, ...] | None, width: int) -> int:
    """Which row comes first: -1 the stored one, 1 the recounted one, 0 they have the same key."""
    if a is None or b is None:
        return 1 if a is None else -1
    left, right = tuple(map(_sortable, a[:width])), tuple(map(_sortable, b[:width]))
    return (left > right) - (left < right)


def _sortable(value: object) -> tuple[bool, object]:
    # SQLite compares text by its bytes.
    return isinstance(value, str), value.encode() if isinstance(value, str) else value


def _order(connection: sqlite3.Connection, table: str) -> str:
    """The primary key, in its order."""
    columns = connection.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk")
    return ", ".join(name for (name,) in columns)

"""Recounting every summary of a SQLite store from its events, and saying where the store says otherwise."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from .errors import StoreFailedError
from .sqlite_codec import from_row
from .sqlite_connect import connect_reader, require_own
from .sqlite_events import all_events
from .sqlite_reach import REACH, recountable_since
from .sqlite_schema import SUMMARY_TABLES, create, require_readable
from .sqlite_summaries import StoredSummaries, save_summaries
from .summaries import Summaries

__all__ = ["TableReport", "recount", "verify_store"]

_CHUNK = 5_000


class TableReport(Struct):
    """One summary table: rows stored, rows recounted, how many are in only one of the two, and how many were not
    looked at because they reach back to events that retention removed."""

    table: str
    stored: int
    recounted: int
    different: int
    older: int


def verify_store(path: Path, on_progress: Callable[[int], None]) -> tuple[int, list[TableReport]]:
    """Recount into a temporary store. Returns the number of events and a report per table.

    Raises StoreFailedError when the file cannot be read.
    """
    try:
        return _verify(path, on_progress)
    except sqlite3.Error as error:
        raise StoreFailedError(str(error)) from error


def _verify(path: Path, on_progress: Callable[[int], None]) -> tuple[int, list[TableReport]]:
    with tempfile.TemporaryDirectory(prefix="hiveboard-verify-") as folder:
        source = connect_reader(path)
        target = sqlite3.connect(Path(folder) / "recount.db", isolation_level=None)
        try:
            require_own(source)
            require_readable(source)
            source.execute("BEGIN")  # one consistent view, also while a collector writes
            target.execute("PRAGMA synchronous = OFF")
            target.execute("PRAGMA journal_mode = OFF")
            create(target)
            events = recount(source, target, on_progress)
            since = recountable_since(source)
            return events, [_compare(source, target, table, since) for table in SUMMARY_TABLES]
        finally:
            source.close()
            target.close()


def recount(
    source: sqlite3.Connection, target: sqlite3.Connection, on_progress: Callable[[int], None]
) -> int:
    """Count all events of ``source`` into the summaries of ``target``, which may be the same. Returns how many."""
    total = 0
    processes = dict(source.execute("SELECT id, process FROM origins WHERE process IS NOT NULL"))
    for chunk in _chunks(source):
        records = [from_row(row).record for row in chunk]
        summaries = Summaries(StoredSummaries(target), processes)
        summaries.fold_all(
            [
                (record, None if record.payload is None else msgspec.json.decode(record.payload))
                for record in records
            ]
        )
        save_summaries(target, summaries)
        total += len(records)
        on_progress(total)
    return total


def _chunks(source: sqlite3.Connection) -> Iterator[list[tuple[object, ...]]]:
    rows = all_events(source)
    while chunk := list(itertools.islice(rows, _CHUNK)):
        yield chunk


def _compare(
    source: sqlite3.Connection, recount: sqlite3.Connection, table: str, since: int | None
) -> TableReport:
    """Rows of both sides in key order, walked side by side: memory does not grow with the table.

    Rows that began before ``since`` may differ.
    """
    report = TableReport(table, 0, 0, 0, 0)
    order = _order(source, table)
    began = REACH[table].began
    is_older = "0" if since is None else "1" if began is None else f"{began} < {since}"
    left = iter(source.execute(f"SELECT *, {is_older} FROM {table} ORDER BY {order}"))
    right = iter(recount.execute(f"SELECT *, {is_older} FROM {table} ORDER BY {order}"))
    width = len(order.split(","))
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        side = _side(a, b, width)
        if (a is not None and side <= 0 and a[-1]) or (b is not None and side >= 0 and b[-1]):
            report.older += 1
        else:
            report.different += a != b
        if side <= 0:
            report.stored, a = report.stored + 1, next(left, None)
        if side >= 0:
            report.recounted, b = report.recounted + 1, next(right, None)
    return report


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

"""Reading events from SQLite: the feed with its filters, the tail after a sequence number."""

from __future__ import annotations

import heapq
import itertools
import sqlite3
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from hiveloop.events import SEVERITIES
from hiveloop.payloads import LlmCall

from .records import StoredEvent
from .rows import EventFilter
from .sqlite_codec import (
    EVENT_JOINS,
    EVENT_SELECT,
    FREQUENT_LABELS,
    HEARTBEAT_LABEL,
    OF_TENANT,
    TROUBLE,
    TYPE_LABELS,
    from_row,
)
from .sqlite_partitions import INDEXED_BY_LABEL, Partition, partitions

__all__ = ["all_events", "events_after", "list_events"]

_FIRST_STEP = 256
Condition = tuple[str, list[Any]]
_LABEL = f"e.{INDEXED_BY_LABEL} AND e.label = (SELECT id FROM labels WHERE event_type IS ? AND kind IS ?)"
#: Types that stand for many kinds, or that are met at every step of the feed.
_HAVE_NO_INDEX = {"custom", *(name for name, label in TYPE_LABELS.items() if label in FREQUENT_LABELS)}
_SEVERITY_IDS = {severity: number for number, severity in enumerate(SEVERITIES)}


def list_events(
    connection: sqlite3.Connection, tenant: str, want: EventFilter, scan_rows: int
) -> tuple[list[StoredEvent], tuple[int, int] | None]:
    """A page, newest first, and where the next one starts (None at the end).

    At most ``scan_rows`` index entries are looked at, so a filter that matches almost nothing gives a short
    page with a cursor instead of a slow one.
    """
    want = _without_implied_kind(want)
    streams = _streams(want)
    budget = max(want.limit + 1, scan_rows // len(streams))
    until = want.until if want.before is None else want.before[0] + 1
    tables = partitions(connection, want.since, until)
    pages = [_Walk(connection, tenant, want, stream).page(tables, budget) for stream in streams]
    merged = heapq.merge(*(rows for rows, _ in pages), key=lambda e: (-e.record.ts, -e.seq))
    # What lies beyond the point where a stream ran out of budget may be incomplete.
    floor = max((stop for _, stop in pages if stop is not None), default=None)
    reliable = merged if floor is None else (e for e in merged if (e.record.ts, e.seq) >= floor)
    found = list(itertools.islice(reliable, want.limit + 1))
    if len(found) > want.limit:
        last = found[want.limit - 1]
        return found[: want.limit], (last.record.ts, last.seq)
    return found, floor


def _streams(want: EventFilter) -> list[tuple[str, Condition]]:
    """Which indexes to walk, each with the condition that selects its part."""
    if want.task_id is not None:
        return [("task", ("e.task_id = ?", [want.task_id]))]
    if want.agent_id is not None:
        return [("agent", ("e.agent_id = ?", [want.agent_id]))]
    if want.model is not None:
        return [("model", ("e.model = ?", [want.model]))]
    if want.kinds:
        return [("label", (_LABEL, ["custom", kind])) for kind in want.kinds]
    if want.event_types and _HAVE_NO_INDEX.isdisjoint(want.event_types):
        return [("label", (_LABEL, [event_type, None])) for event_type in want.event_types]
    if want.severities and set(want.severities) <= {"warn", "error"}:
        # The second condition is what the index is of. Unless told that it is of no use, SQLite walks by that one.
        condition = f"e.severity = ? AND likely(e.severity >= {TROUBLE})"
        return [("trouble", (condition, [_SEVERITY_IDS[severity]])) for severity in want.severities]
    tail: tuple[str, Condition] = ("tail", (f"e.label <> {HEARTBEAT_LABEL}", []))
    if want.exclude_heartbeats:
        return [tail]
    return [tail, ("label", (f"e.{INDEXED_BY_LABEL} AND e.label = ?", [HEARTBEAT_LABEL]))]


def _without_implied_kind(want: EventFilter) -> EventFilter:
    """Only LLM calls name a model, so to ask for their kind as well changes nothing but the work."""
    if want.model is None or LlmCall.kind not in want.kinds:
        return want
    return msgspec.structs.replace(want, kinds=())


class _Walk:
    """Walking one index of every table, the latest first, until a page is full or the budget is spent."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: str, want: EventFilter, stream: tuple[str, Condition]
    ) -> None:
        self._connection, self._tenant, self._want = connection, tenant, want
        self._index, (self._condition, self._values) = stream
        self._clauses, self._filters = _filters(want)
        self._found: list[StoredEvent] = []
        self._walked = 0

    def page(self, tables: list[Partition], budget: int) -> tuple[list[StoredEvent], tuple[int, int] | None]:
        """Events that pass the filters, and where the walk stopped when the budget ended it."""
        for table in tables:
            stopped = self._walk(table, budget)
            if stopped is not None or len(self._found) > self._want.limit:
                return self._found, stopped
        return self._found, None

    def _walk(self, table: Partition, budget: int) -> tuple[int, int] | None:
        """Walk one table to its end or until the page is full. Returns where the budget was spent before that."""
        want, before = self._want, self._want.before
        where_filters = f" WHERE {' AND '.join(self._clauses)}" if self._clauses else ""
        # Most filters are met soon: the walk goes on in growing steps, each from where the last one ended.
        step = want.limit + 1
        if self._clauses:
            step = min(budget - self._walked, max(step, _FIRST_STEP))
        while True:
            where, bound = _bounds(want, before)
            walk = (
                f"SELECT e.seq, e.ts FROM {table.name} e INDEXED BY {table.indexed(self._index)} "
                f"WHERE {OF_TENANT} AND {self._condition}{where} ORDER BY e.ts DESC, e.seq DESC LIMIT ?"
            )
            # The inner query walks the index within the step; the outer one filters what it found.
            sql = (
                f"WITH w AS MATERIALIZED ({walk}) {EVENT_SELECT} FROM w JOIN {table.name} e ON e.seq = w.seq "
                f"{EVENT_JOINS}{where_filters} ORDER BY w.ts DESC, w.seq DESC LIMIT ?"
            )
            walked = [self._tenant, *self._values, *bound]
            room = want.limit + 1 - len(self._found)
            rows = self._connection.execute(sql, [*walked, step, *self._filters, room])
            self._found.extend(map(from_row, rows))
            if len(self._found) > want.limit or not self._clauses:
                return None
            end = self._connection.execute(f"{walk} OFFSET ?", [*walked, 1, step - 1]).fetchone()
            if end is None:
                return None
            before = (end[1], end[0])
            self._walked += step
            if self._walked >= budget:
                return before
            step = min(step * 2, budget - self._walked)


def _bounds(want: EventFilter, before: tuple[int, int] | None) -> tuple[str, list[Any]]:
    sql = ""
    values: list[Any] = []
    if want.since is not None:
        sql, values = sql + " AND e.ts >= ?", [*values, want.since]
    if want.until is not None:
        sql, values = sql + " AND e.ts < ?", [*values, want.until]
    if before is not None:
        sql, values = sql + " AND (e.ts, e.seq) < (?, ?)", [*values, *before]
    return sql, values


def _filters(want: EventFilter) -> tuple[list[str], list[Any]]:
    clauses: list[str] = []
    values: list[Any] = []
    by_index = want.task_id is None and want.agent_id is None
    for column, value in (
        ("s.project_id", want.project_id),
        ("e.task_run_id", want.task_run_id),
        ("e.agent_id", want.agent_id if want.task_id is not None else None),
        ("e.model", want.model if not by_index else None),
        ("s.environment", want.environment),
        ("s.group_name", want.group),
    ):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    severities = tuple(_SEVERITY_IDS[severity] for severity in want.severities)
    chosen: tuple[Any, ...]
    for column, chosen in (
        ("l.event_type", want.event_types),
        ("l.kind", want.kinds),
        ("e.severity", severities),
    ):
        if chosen:
            clauses.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values.extend(chosen)
    if want.exclude_heartbeats:
        clauses.append(f"e.label <> {HEARTBEAT_LABEL}")
    if by_index:
        clauses, values = _without_implied(want, clauses, values)
    return clauses, values


def _without_implied(want: EventFilter, clauses: list[str], values: list[Any]) -> tuple[list[str], list[Any]]:
    """Nothing to filter when the walked index already selects exactly what is wanted."""
    others = (want.project_id, want.task_run_id, want.environment, want.group)
    picked = [bool(want.event_types), bool(want.kinds), bool(want.severities), want.model is not None]
    exact = not any(value is not None for value in others) and sum(picked) <= 1
    exact = exact and _HAVE_NO_INDEX.isdisjoint(want.event_types)
    exact = exact and (not want.severities or set(want.severities) <= {"warn", "error"})
    exact = exact and not (want.exclude_heartbeats and "heartbeat" in want.event_types)
    return ([], []) if exact else (clauses, values)


def events_after(
    connection: sqlite3.Connection, tenant: str, seq: int, limit: int, only: tuple[str, ...] = ()
) -> list[StoredEvent]:
    """Events stored after ``seq``, oldest first; ``only`` names the types and the kinds of custom events wanted."""
    wanted = ""
    if only:
        names = ", ".join("?" * len(only))
        wanted = f" AND e.label IN (SELECT id FROM labels WHERE coalesce(kind, event_type) IN ({names}))"
    # Walked by number, which is where the reader stands; an index by label would begin with the oldest event there is.
    found = [
        from_row(row)
        for table in partitions(connection)
        for row in connection.execute(
            f"{EVENT_SELECT} FROM {table.name} e NOT INDEXED {EVENT_JOINS} WHERE e.seq > ? AND {OF_TENANT}{wanted} "
            "ORDER BY e.seq LIMIT ?",
            (seq, tenant, *only, limit),
        )
    ]
    return sorted(found, key=attrgetter("seq"))[:limit]


def all_events(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The row of every event of every tenant, for :func:`from_row`, in the order they were stored."""
    tables = [
        connection.execute(f"{EVENT_SELECT} FROM {table.name} e {EVENT_JOINS} ORDER BY e.seq")
        for table in partitions(connection)
    ]
    return heapq.merge(*tables, key=itemgetter(0))

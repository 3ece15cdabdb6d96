"""Reading events from SQLite: the feed with its filters, the tail after a sequence number."""

from __future__ import annotations

import heapq
import itertools
import sqlite3
from typing import Any

import msgspec
from hiveloop.events import SEVERITIES
from hiveloop.payloads import LlmCall

from .records import StoredEvent
from .rows import EventFilter
from .sqlite_codec import EVENT_JOINS, EVENT_SELECT, HEARTBEAT_LABEL, OF_TENANT, TROUBLE, from_row

__all__ = ["events_after", "last_seq", "list_events"]

_FIRST_STEP = 256
Condition = tuple[str, list[Any]]
_LABEL = "e.label = (SELECT id FROM labels WHERE event_type IS ? AND kind IS ?)"
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
    pages = [_page(connection, tenant, want, stream, budget) for stream in streams]
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
        return [("events_task", ("e.task_id = ?", [want.task_id]))]
    if want.agent_id is not None:
        return [("events_agent", ("e.agent_id = ?", [want.agent_id]))]
    if want.model is not None:
        return [("events_model", ("e.model = ?", [want.model]))]
    if want.kinds:
        return [("events_label", (_LABEL, ["custom", kind])) for kind in want.kinds]
    if want.event_types and "custom" not in want.event_types:
        return [("events_label", (_LABEL, [event_type, None])) for event_type in want.event_types]
    if want.severities and set(want.severities) <= {"warn", "error"}:
        condition = f"e.severity = ? AND e.severity >= {TROUBLE}"
        return [("events_trouble", (condition, [_SEVERITY_IDS[severity]])) for severity in want.severities]
    tail: tuple[str, Condition] = ("events_tail", (f"e.label <> {HEARTBEAT_LABEL}", []))
    if want.exclude_heartbeats:
        return [tail]
    return [tail, ("events_label", ("e.label = ?", [HEARTBEAT_LABEL]))]


def _without_implied_kind(want: EventFilter) -> EventFilter:
    """Only LLM calls name a model, so to ask for their kind as well changes nothing but the work."""
    if want.model is None or LlmCall.kind not in want.kinds:
        return want
    return msgspec.structs.replace(want, kinds=())


def _page(
    connection: sqlite3.Connection, tenant: str, want: EventFilter, stream: tuple[str, Condition], budget: int
) -> tuple[list[StoredEvent], tuple[int, int] | None]:
    """Events of one index that pass the filters, and where the walk stopped when the budget ended it."""
    index, (condition, values) = stream
    clauses, filters = _filters(want)
    where_filters = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    found: list[StoredEvent] = []
    before, walked = want.before, 0
    # Most filters are met soon: the walk goes on in growing steps, each from where the last one ended.
    step = want.limit + 1 if not clauses else min(budget, max(want.limit + 1, _FIRST_STEP))
    while True:
        where, bound = _bounds(want, before)
        walk = (
            f"SELECT e.seq, e.ts FROM events e INDEXED BY {index} "
            f"WHERE {OF_TENANT} AND {condition}{where} ORDER BY e.ts DESC, e.seq DESC LIMIT ?"
        )
        # The inner query walks the index within the step; the outer one filters what it found.
        sql = (
            f"WITH w AS MATERIALIZED ({walk}) {EVENT_SELECT} FROM w JOIN events e ON e.seq = w.seq {EVENT_JOINS}"
            f"{where_filters} ORDER BY w.ts DESC, w.seq DESC LIMIT ?"
        )
        walk_values = [tenant, *values, *bound, step]
        rows = connection.execute(sql, [*walk_values, *filters, want.limit + 1 - len(found)])
        found.extend(map(from_row, rows))
        if len(found) > want.limit or not clauses:
            return found, None
        end = connection.execute(f"{walk} OFFSET ?", [*walk_values[:-1], 1, step - 1]).fetchone()
        if end is None:
            return found, None
        before, walked = (end[1], end[0]), walked + step
        if walked >= budget:
            return found, before
        step = min(step * 2, budget - walked)


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
    exact = exact and "custom" not in want.event_types
    exact = exact and (not want.severities or set(want.severities) <= {"warn", "error"})
    exact = exact and not (want.exclude_heartbeats and "heartbeat" in want.event_types)
    return ([], []) if exact else (clauses, values)


def events_after(connection: sqlite3.Connection, tenant: str, seq: int, limit: int) -> list[StoredEvent]:
    """Events stored after ``seq``, oldest first."""
    sql = f"{EVENT_SELECT} FROM events e {EVENT_JOINS} WHERE e.seq > ? AND {OF_TENANT} ORDER BY e.seq LIMIT ?"
    return [from_row(row) for row in connection.execute(sql, (seq, tenant, limit))]


def last_seq(connection: sqlite3.Connection) -> int:
    """The number of the newest stored event, 0 in an empty store."""
    return int(connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0)

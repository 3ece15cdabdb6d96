"""Reading the events of one run from SQLite: all of them, or of a very long run its beginning, its end and its failures."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

import msgspec

from .records import StoredEvent
from .rollup import action_failed
from .rows import RunEvents
from .sqlite_codec import EVENT_JOINS, EVENT_SELECT, OF_TENANT, TROUBLE, from_row
from .state import TaskState

__all__ = ["task_events"]

# The run's own time bounds keep other runs of the same task out of the walk.
_OF_RUN = (
    f"{EVENT_SELECT} FROM events e INDEXED BY events_task {EVENT_JOINS} WHERE {OF_TENANT} AND e.task_id = ? "
    "AND e.ts >= ? AND e.ts <= ? AND e.task_run_id = ?"
)
# What error chains are made of. An action that completed with an error is looked at again, with its payload read.
_TROUBLE = (
    f"(e.severity >= {TROUBLE} OR l.event_type IN ('action_failed', 'task_failed', 'retry_started', 'escalated') "
    "OR l.kind = 'recovered' OR (l.event_type = 'action_completed' AND ("
    "instr(e.body, CAST('\"success\":false' AS BLOB)) OR instr(e.body, CAST('\"success\": false' AS BLOB)) "
    "OR (instr(e.body, CAST('\"error\":' AS BLOB)) AND NOT instr(e.body, CAST('\"error\":null' AS BLOB)) "
    "AND NOT instr(e.body, CAST('\"error\": null' AS BLOB))))))"
)


def task_events(connection: sqlite3.Connection, tenant: str, task: TaskState, limit: int) -> RunEvents:
    """The events of one run in the order they happened.

    Of a run with more than ``limit`` events these: the last quarter of so many; up to a quarter of failures, retries
    and escalations, the earliest first; and from the beginning as many as are left.
    """
    run = (tenant, task.task_id, task.first_ts, task.last_ts, task.task_run_id)
    if task.events <= limit:
        return RunEvents(
            [from_row(row) for row in connection.execute(f"{_OF_RUN} ORDER BY e.ts, e.seq", run)]
        )
    head_size, tail_size = max(1, limit // 2), max(1, limit // 4)
    head = _rows(connection, f"{_OF_RUN} ORDER BY e.ts, e.seq LIMIT ?", (*run, head_size))
    tail = _rows(connection, f"{_OF_RUN} ORDER BY e.ts DESC, e.seq DESC LIMIT ?", (*run, tail_size))[::-1]
    since, until = head[-1], tail[0]
    between = (
        f"{_OF_RUN} AND (e.ts, e.seq) > (?, ?) AND (e.ts, e.seq) < (?, ?) AND {_TROUBLE} ORDER BY e.ts, e.seq"
    )
    values = (*run, since.record.ts, since.seq, until.record.ts, until.seq)
    found = (from_row(row) for row in connection.execute(between, values))
    room = max(0, limit - head_size - tail_size)
    middle = {event.seq: event for event in itertools.islice(filter(_matters, found), room)}
    # What failures leave of the room goes to the beginning.
    more = f"{_OF_RUN} AND (e.ts, e.seq) > (?, ?) AND (e.ts, e.seq) < (?, ?) ORDER BY e.ts, e.seq LIMIT ?"
    longer = _rows(connection, more, (*values, room - len(middle)))
    for event in longer:
        middle.pop(event.seq, None)
    head += longer
    events = [*head, *middle.values(), *tail]
    return RunEvents(events, max(0, task.events - len(events)), head[-1].record.ts, until.record.ts)


def _rows(connection: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> list[StoredEvent]:
    return [from_row(row) for row in connection.execute(sql, values)]


def _matters(event: StoredEvent) -> bool:
    record = event.record
    if record.event_type != "action_completed" or record.severity in ("warn", "error"):
        return True
    return action_failed(record.event_type, msgspec.json.decode(record.payload or b"{}"))

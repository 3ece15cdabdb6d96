"""Reading the events of one run from SQLite: all of them, or of a very long run its beginning, its end and its failures."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from .records import StoredEvent
from .rollup import action_failed
from .rows import RunEvents
from .sqlite_codec import EVENT_JOINS, EVENT_SELECT, OF_TENANT, TROUBLE, from_row
from .sqlite_partitions import partitions
from .state import TaskState

__all__ = ["task_events"]

# The run's own time bounds keep other runs of the same task out of the walk.
_OF_RUN = (
    f"{EVENT_JOINS} WHERE {OF_TENANT} AND e.task_id = ? AND e.ts >= ? AND e.ts <= ? AND e.task_run_id = ?"
)
_ORDER, _BACKWARDS = "ORDER BY e.ts, e.seq", "ORDER BY e.ts DESC, e.seq DESC"
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
    run = _Run(connection, tenant, task)
    if task.events <= limit:
        return RunEvents(list(run.events()))
    head_size, tail_size = max(1, limit // 2), max(1, limit // 4)
    head = list(run.events(limit=head_size))
    tail = list(run.events(limit=tail_size, backwards=True))[::-1]
    since, until = head[-1], tail[0]
    room = max(0, limit - head_size - tail_size)
    found = run.events(f"AND {_TROUBLE}", between=(since, until))
    middle = {event.seq: event for event in itertools.islice(filter(_matters, found), room)}
    # What failures leave of the room goes to the beginning.
    longer = list(run.events(between=(since, until), limit=room - len(middle)))
    for event in longer:
        middle.pop(event.seq, None)
    head += longer
    events = [*head, *middle.values(), *tail]
    return RunEvents(events, max(0, task.events - len(events)), head[-1].record.ts, until.record.ts)


class _Run:
    """One run's events, read table by table in the order of time."""

    def __init__(self, connection: sqlite3.Connection, tenant: str, task: TaskState) -> None:
        self._connection = connection
        self._values = (tenant, task.task_id, task.first_ts, task.last_ts, task.task_run_id)
        self._tables = partitions(connection, task.first_ts, task.last_ts + 1)

    def events(
        self,
        more: str = "",
        *,
        between: tuple[StoredEvent, StoredEvent] | None = None,
        limit: int = -1,
        backwards: bool = False,
    ) -> Iterator[StoredEvent]:
        """Events that meet ``more``, strictly ``between`` two others, at most ``limit`` of them."""
        values: tuple[Any, ...] = self._values
        if between is not None:
            since, until = between
            more += " AND (e.ts, e.seq) > (?, ?) AND (e.ts, e.seq) < (?, ?)"
            values = (*values, since.record.ts, since.seq, until.record.ts, until.seq)
        left = limit
        for table in self._tables if backwards else reversed(self._tables):
            sql = (
                f"{EVENT_SELECT} FROM {table.name} e INDEXED BY {table.indexed('task')} {_OF_RUN} {more} "
                f"{_BACKWARDS if backwards else _ORDER} LIMIT ?"
            )
            for row in self._connection.execute(sql, (*values, left)):
                yield from_row(row)
                left -= 1
            if left == 0:
                return


def _matters(event: StoredEvent) -> bool:
    record = event.record
    if record.event_type != "action_completed" or record.severity in ("warn", "error"):
        return True
    return action_failed(record.event_type, msgspec.json.decode(record.payload or b"{}"))

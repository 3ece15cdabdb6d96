"""One commit: new events go in, and every summary they touch changes with them."""

from __future__ import annotations

import sqlite3

from .records import Appended, Batch, EventRecord, Origin, Published
from .sqlite_codec import insert_events, to_row
from .sqlite_dictionary import Dictionary
from .sqlite_summaries import Summaries
from .stretch import Stored

__all__ = ["Commit"]


class Commit:
    """The work of one transaction; the caller begins and ends it.

    Batches are added one at a time, each made, stored and counted before the next is made: what a batch is made of
    is still in the processor's cache when it is needed again.
    """

    def __init__(self, connection: sqlite3.Connection, dictionary: Dictionary) -> None:
        self._connection = connection
        self._dictionary = dictionary
        self._summaries = Summaries(connection)
        self._last = self._first = int(connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0)
        self._records: list[EventRecord] = []
        self._origins: dict[int, Origin] = {}

    def add(self, batch: Batch) -> Appended:
        """Store what is new of a batch and count it."""
        if not batch.records:
            return Appended(0, 0)
        stored = self._insert(batch, self._place(batch))
        self._records.extend(record for record, _ in stored)
        self._summaries.fold_all(stored)
        return Appended(len(stored), len(batch.records) - len(stored))

    def finish(self) -> Published:
        """Write the summaries. Returns what was added."""
        self._summaries.save()
        return Published(self._first + 1, self._records, self._origins)

    def _place(self, batch: Batch) -> int:
        """Give every event of a batch its origin and its scope. Returns the tenant's number."""
        connection, dictionary = self._connection, self._dictionary
        origin_id = dictionary.origin(connection, batch.origin)
        self._origins[origin_id] = batch.origin
        project_id: str | None = None
        task_type: str | None = None
        scope_id = 0
        for record in batch.records:
            record.origin_id = origin_id
            if not scope_id or record.project_id != project_id or record.task_type != task_type:
                project_id, task_type = record.project_id, record.task_type
                scope_id = dictionary.scope(connection, record, batch.origin)
            record.scope_id = scope_id
        return dictionary.tenant(connection, batch.tenant)

    def _insert(self, batch: Batch, tenant_id: int) -> list[Stored]:
        """Store the events whose id is not there yet. Returns those."""
        connection, label = self._connection, self._dictionary.label
        # Labels may be stored on the way, so the rows are made before changes are counted.
        rows = [to_row(record, tenant_id, label(connection, record)) for record in batch.records]
        before = connection.total_changes
        insert_events(connection, rows)
        added = connection.total_changes - before
        events = list(zip(batch.records, batch.payloads, strict=True))
        after, self._last = self._last, self._last + added
        if added == len(events):
            return events
        new = {row[0] for row in connection.execute("SELECT event_id FROM events WHERE seq > ?", (after,))}
        stored = []
        for event in events:
            if event[0].event_id in new:
                new.discard(event[0].event_id)  # the first of equal ids was stored
                stored.append(event)
        return stored

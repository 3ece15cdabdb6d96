"""One commit: new events go in, and every summary they touch changes with them."""

from __future__ import annotations

import sqlite3

from .records import Appended, Batch, EventRecord, Origin, Published
from .sqlite_codec import insert_events, to_row
from .sqlite_dictionary import Dictionary
from .sqlite_summaries import Summaries
from .stretch import Stored, stretches

__all__ = ["Commit"]


def _results(batches: list[Batch], stored: list[EventRecord]) -> list[Appended]:
    if sum(len(batch.records) for batch in batches) == len(stored):
        return [Appended(len(batch.records), 0) for batch in batches]
    new = {id(record) for record in stored}
    counts = [sum(id(record) in new for record in batch.records) for batch in batches]
    return [Appended(count, len(batch.records) - count) for batch, count in zip(batches, counts, strict=True)]


class Commit:
    """The work of one transaction; the caller begins and ends it."""

    def __init__(self, connection: sqlite3.Connection, dictionary: Dictionary) -> None:
        self._connection = connection
        self._dictionary = dictionary

    def append(self, batches: list[Batch]) -> tuple[list[Appended], Published]:
        """Store what is new. Returns a result per batch, and what was added."""
        events: list[Stored] = []
        origins: dict[int, Origin] = {}
        for batch in batches:
            origin_id = self._dictionary.origin(self._connection, batch.origin)
            origins[origin_id] = batch.origin
            project_id: str | None = None
            task_type: str | None = None
            scope_id = 0
            for record in batch.records:
                record.origin_id = origin_id
                if not scope_id or record.project_id != project_id or record.task_type != task_type:
                    project_id, task_type = record.project_id, record.task_type
                    scope_id = self._dictionary.scope(self._connection, record, batch.origin)
                record.scope_id = scope_id
            events.extend(zip(batch.records, batch.payloads, strict=True))
        stored, first_seq = self._insert(events)
        self.fold(stored)
        records = [record for record, _ in stored]
        return _results(batches, records), Published(first_seq, records, origins)

    def _insert(self, events: list[Stored]) -> tuple[list[Stored], int]:
        connection = self._connection
        last = connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0
        label = self._dictionary.label
        # Labels may be stored on the way, so the rows are made before changes are counted.
        rows = [to_row(record, label(connection, record)) for record, _ in events]
        before = connection.total_changes
        insert_events(connection, rows)
        if connection.total_changes - before == len(events):
            return events, last + 1
        new = set(connection.execute("SELECT tenant, event_id FROM events WHERE seq > ?", (last,)))
        stored = []
        for event in events:
            key = (event[0].tenant, event[0].event_id)
            if key in new:
                new.discard(key)  # the first of equal ids was stored
                stored.append(event)
        return stored, last + 1

    def fold(self, events: list[Stored]) -> None:
        """Change the summaries by events that are stored now and were not before, in order of arrival."""
        summaries = Summaries(self._connection)
        for stretch in stretches(events):
            summaries.fold(stretch)
        summaries.save()

"""One commit: new events go in, and every summary they touch changes with them."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from .records import Appended, Batch, EventRecord, Origin, Published
from .sqlite_changes import save_changes
from .sqlite_codec import insert_events, to_row
from .sqlite_dictionary import Dictionary
from .sqlite_partitions import Partition, Partitions, last_seq
from .sqlite_summaries import StoredSummaries, save_summaries
from .stretch import Stored
from .summaries import Summaries

__all__ = ["Commit", "Memory"]


class Memory:
    """What the writer remembers from commit to commit, so that it need not be read again."""

    def __init__(self) -> None:
        self.dictionary = Dictionary()
        self.partitions = Partitions()
        self._version: int | None = None

    def check(self, connection: sqlite3.Connection) -> None:
        """Forget everything when another connection has changed the file since the last look."""
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self.clear()
            self._version = version

    def clear(self) -> None:
        """Forget everything; after a rollback none of it may be so."""
        self.dictionary.clear()
        self.partitions.clear()


class Commit:
    """The work of one transaction; the caller begins and ends it.

    Batches are added one at a time, each made, stored and counted before the next is made: what a batch is made of
    is still in the processor's cache when it is needed again.
    """

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self._connection = connection
        memory.check(connection)
        self._dictionary, self._partitions = memory.dictionary, memory.partitions
        self._processes: dict[int, str | None] = {}
        self._summaries = Summaries(StoredSummaries(connection), self._processes)
        self._last = self._first = last_seq(connection)
        self._records: list[EventRecord] = []
        self._origins: dict[int, Origin] = {}

    def add(self, batch: Batch) -> Appended:
        """Store what is new of a batch and count it."""
        if not batch.records:
            return Appended(0, 0)
        stored = self._store(batch)
        self._records.extend(record for record, _ in stored)
        self._summaries.fold_all(stored)
        return Appended(len(stored), len(batch.records) - len(stored))

    def finish(self) -> Published:
        """Write the summaries. Returns what was added."""
        save_summaries(self._connection, self._summaries)
        if self._last != self._first:
            rollup = self._summaries.rollup
            save_changes(self._connection, (rollup.activity, rollup.task_outcomes), self._last)
            self._connection.execute("UPDATE sequence SET last = ?", (self._last,))
        return Published(self._first + 1, self._records, self._origins)

    def _store(self, batch: Batch) -> list[Stored]:
        """Store the events whose id is not there yet. Returns those, in the order they are numbered."""
        tenant_id = self._place(batch)
        events = list(zip(batch.records, batch.payloads, strict=True))
        times = [record.ts for record in batch.records]
        earliest = self._partitions.require(self._connection, min(times))
        if max(times) < earliest.until:
            return self._insert(earliest, tenant_id, events)
        by_partition: dict[Partition, list[Stored]] = {}
        for event in events:
            partition = self._partitions.require(self._connection, event[0].ts)
            by_partition.setdefault(partition, []).append(event)
        groups = sorted(by_partition.items())
        return [stored for partition, group in groups for stored in self._insert(partition, tenant_id, group)]

    def _place(self, batch: Batch) -> int:
        """Give every event of a batch its origin and its scope. Returns the tenant's number."""
        connection, dictionary = self._connection, self._dictionary
        origin_id = dictionary.origin(connection, batch.origin)
        self._origins[origin_id] = batch.origin
        self._processes[origin_id] = batch.origin.process
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

    def _insert(self, partition: Partition, tenant_id: int, events: list[Stored]) -> list[Stored]:
        """Store the events of one table that are not there yet. Returns those."""
        others = self._partitions.others(partition)
        if others:
            events = self._without_known(partition, others, tenant_id, events)
        connection, table, first = self._connection, partition.name, self._last + 1
        rows = self._rows(tenant_id, events)
        before = connection.total_changes
        insert_events(connection, table, rows)
        if connection.total_changes - before < len(rows):
            # Some were there already. They must leave no gap in the numbering, so the new ones go in once more.
            found = connection.execute(f"SELECT seq FROM {table} WHERE seq >= ? ORDER BY seq", (first,))
            events = [events[seq - first] for (seq,) in found]
            connection.execute(f"DELETE FROM {table} WHERE seq >= ?", (first,))
            insert_events(connection, table, self._rows(tenant_id, events))
        self._last += len(events)
        return events

    def _rows(self, tenant_id: int, events: list[Stored]) -> list[tuple[Any, ...]]:
        connection, label = self._connection, self._dictionary.label
        return [
            to_row(seq, record, tenant_id, label(connection, record))
            for seq, (record, _) in enumerate(events, self._last + 1)
        ]

    def _without_known(
        self, partition: Partition, others: list[Partition], tenant_id: int, events: list[Stored]
    ) -> list[Stored]:
        """Leave out events whose id stands in another table.

        An id that begins with its own time (UUIDv7) is not looked for where that time is in the table's week: whoever
        sends such an event again sends the same time with it.
        """
        low, high = _id_bound(partition.since), _id_bound(partition.until)
        strangers = [
            record.event_id
            for record, _ in events
            if not (low <= record.event_id < high and record.event_id[14:15] == "7")
        ]
        if not strangers:
            return events
        wanted = msgspec.json.encode(strangers).decode()
        known: set[str] = set()
        for other in others:
            sql = (
                f"SELECT e.event_id FROM json_each(?) w CROSS JOIN {other.name} e "
                "ON e.tenant_id = ? AND e.event_id = w.value"
            )
            known.update(event_id for (event_id,) in self._connection.execute(sql, (wanted, tenant_id)))
        return [event for event in events if event[0].event_id not in known]


def _id_bound(ts: int) -> str:
    """The first characters of a UUIDv7 of this time; the least id there is for times before 1970."""
    digits = f"{min(max(0, ts // 1000), (1 << 48) - 1):012x}"
    return f"{digits[:8]}-{digits[8:12]}"

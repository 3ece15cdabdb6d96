"""Reading from SQLite what agents tell of themselves again and again: no more of each event than its payload.

Such events lie far apart, so that each costs the reading of a page. An event never changes: those read lately are kept.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from .rows import Scope
from .samples import Sample, SampleFilter
from .sqlite_codec import OF_TENANT, payload_of_body
from .sqlite_partitions import INDEXED_BY_LABEL, Partition, partitions

__all__ = ["SampleReader"]

#: So many of their kind are looked through for those of a few agents; who is rarer is looked for alone.
_ENTRIES = 2_000
#: How many are looked up at once, and how much of what was read is kept.
_CHUNK, _KEPT_BYTES = 400, 4_000_000
_ROW = "e.seq, e.ts, e.agent_id, s.project_id, s.environment, s.group_name, e.body"
_LABEL = "e.label = (SELECT id FROM labels WHERE event_type IS ? AND kind IS ?)"
_LABELS = {"heartbeat": ("heartbeat", None), "queue_snapshot": ("custom", "queue_snapshot")}


class SampleReader:
    """Samples for the readers of one file. Safe to use from several threads, each with a connection of its own."""

    def __init__(self, scan_rows: int) -> None:
        self._scan_rows = scan_rows
        self._kept: OrderedDict[int, Sample] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def samples(self, connection: sqlite3.Connection, tenant: str, want: SampleFilter) -> list[Sample]:
        """The latest that are wanted, newest first. At most ``scan_rows`` entries of an index are looked at."""
        walk = _Walk(connection, tenant, want)
        if want.agents:
            return self._of_several(walk, want)
        if want.scope.agent_id is not None:
            return walk.of_agent(want.scope.agent_id, self._scan_rows)
        found: list[Sample] = []
        for one in self._latest(walk, self._scan_rows):
            if _lies_within(one, want.scope):
                found.append(one)
                if len(found) == want.limit:
                    break
        return found

    def _of_several(self, walk: _Walk, want: SampleFilter) -> list[Sample]:
        found: dict[str, list[Sample]] = {agent_id: [] for agent_id in want.agents}
        seen, lacking = 0, len(found)
        for one in self._latest(walk, _ENTRIES):
            seen += 1
            own = found.get(one.agent_id)
            if own is not None and len(own) < want.limit and _lies_within(one, want.scope):
                own.append(one)
                lacking -= len(own) == want.limit
                if not lacking:
                    break
        if seen == _ENTRIES:
            for agent_id, own in found.items():
                if len(own) < want.limit:
                    found[agent_id] = walk.of_agent(agent_id, self._scan_rows)
        return sorted((one for own in found.values() for one in own), key=lambda one: (-one.ts, -one.seq))

    def _latest(self, walk: _Walk, most: int) -> Iterator[Sample]:
        for table, chunk in walk.numbers(most):
            with self._lock:
                known = {seq: self._kept[seq] for seq in chunk if seq in self._kept}
                for seq in known:
                    self._kept.move_to_end(seq)
            read = walk.by_number(table, [seq for seq in chunk if seq not in known])
            self._keep(read)
            known.update((one.seq, one) for one in read)
            yield from (known[seq] for seq in chunk)

    def _keep(self, read: list[Sample]) -> None:
        with self._lock:
            for one in read:
                if one.seq not in self._kept:
                    self._kept[one.seq] = one
                    self._bytes += _size(one)
            while self._bytes > _KEPT_BYTES:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


class _Walk:
    """Walking the tables of a stretch of time, the latest first."""

    def __init__(self, connection: sqlite3.Connection, tenant: str, want: SampleFilter) -> None:
        self._connection, self._tenant, self._want = connection, tenant, want
        self._tables = partitions(connection, want.since, want.until)
        self._label = _LABELS[want.told]
        self._bounds = " AND e.ts >= ?" if want.until is None else " AND e.ts >= ? AND e.ts < ?"
        self._times = (want.since,) if want.until is None else (want.since, want.until)

    def numbers(self, most: int) -> Iterator[tuple[Partition, Sequence[int]]]:
        """The numbers of the latest of all agents in chunks; only the index is read."""
        size = min(_CHUNK, self._want.limit)
        for table in self._tables:
            sql = (
                f"SELECT e.seq FROM {table.name} e INDEXED BY {table.indexed('label')} WHERE {OF_TENANT} "
                f"AND e.{INDEXED_BY_LABEL} AND {_LABEL}{self._bounds} ORDER BY e.ts DESC, e.seq DESC LIMIT ?"
            )
            rows = self._connection.execute(sql, (self._tenant, *self._label, *self._times, most))
            while chunk := [seq for (seq,) in rows.fetchmany(size)]:
                most -= len(chunk)
                yield table, chunk

    def by_number(self, table: Partition, numbers: Sequence[int]) -> list[Sample]:
        """Some by their numbers, in any order."""
        marks = ", ".join("?" * len(numbers))
        sql = f"SELECT {_ROW} FROM {table.name} e JOIN scopes s ON s.id = e.scope_id WHERE e.seq IN ({marks})"
        return [_sample(*row) for row in self._connection.execute(sql, numbers)] if numbers else []

    def of_agent(self, agent_id: str, budget: int) -> list[Sample]:
        """The latest of one agent."""
        scope = self._want.scope
        places = {
            "s.project_id": scope.project_id,
            "s.environment": scope.environment,
            "s.group_name": scope.group,
        }
        asked = {column: value for column, value in places.items() if value is not None}
        where = " AND ".join([_LABEL, *(f"{column} = ?" for column in asked)])
        found: list[Sample] = []
        for table in self._tables:
            # The inner query gives entries as they are asked for: the outer one stops it when it has enough.
            sql = (
                f"SELECT {_ROW} FROM (SELECT e.seq AS seq FROM {table.name} e INDEXED BY {table.indexed('agent')} "
                f"WHERE {OF_TENANT} AND e.agent_id = ?{self._bounds} ORDER BY e.ts DESC, e.seq DESC LIMIT ?) w "
                f"CROSS JOIN {table.name} e ON e.seq = w.seq CROSS JOIN scopes s ON s.id = e.scope_id WHERE {where} LIMIT ?"
            )
            room = self._want.limit - len(found)
            values = [self._tenant, agent_id, *self._times, budget, *self._label, *asked.values(), room]
            found += [_sample(*row) for row in self._connection.execute(sql, values)]
            if len(found) == self._want.limit:
                break
        return found


def _sample(
    seq: int, ts: int, agent_id: str, project_id: str | None, environment: str, group: str, body: bytes
) -> Sample:
    return Sample(seq, ts, agent_id, project_id, environment, group, payload_of_body(body))


def _lies_within(one: Sample, scope: Scope) -> bool:
    return (
        scope.project_id in (None, one.project_id)
        and scope.environment in (None, one.environment)
        and scope.group in (None, one.group)
    )


def _size(one: Sample) -> int:
    return len(one.payload or b"") + 500

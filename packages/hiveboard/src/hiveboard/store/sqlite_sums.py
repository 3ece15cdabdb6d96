"""Reading the counters from SQLite: sums by any of their dimensions over a stretch of time, many in one go.

A stretch is put together from blocks of stored buckets. What a block came to is kept until one of its buckets changes,
so that a question asked again reads little more than what came in meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Sequence
from operator import add
from typing import Any

from .rollup import FINEST
from .rows import Scope
from .span import Piece, Span, blocks, cut, pieces
from .sqlite_changes import changes_after
from .sqlite_partitions import last_seq
from .sqlite_reach import retained_since
from .sum_memo import SumMemo, Sums
from .sums import USAGE, Summed, SumQuestion
from .tallies import Tally, coarse

__all__ = ["SumReader"]

#: Numbers kept of earlier questions: some 20 MB.
_MOST_CELLS = 600_000
#: Sums by group.
Groups = dict[tuple[Any, ...], tuple[int, ...]]
_OF_SCOPE = {
    "version": "s.agent_version",
    "task_type": "s.task_type",
    "project": "s.project_id",
    "environment": "s.environment",
}


class SumReader:
    """Sums for the readers of one file. Safe to use from several threads, each with a connection of its own."""

    def __init__(self) -> None:
        self._memo = SumMemo(_MOST_CELLS)

    def answer(
        self, connection: sqlite3.Connection, tenant: str, scope: Scope, asked: Sequence[SumQuestion]
    ) -> list[Summed[Any]]:
        """One list of rows per question; within a transaction all are of the same moment."""
        seq, seen = last_seq(connection), self._memo.seen
        if seen is None or seq > seen:
            self._memo.learn(() if seen is None else changes_after(connection, seen), seq)
        kept_from = retained_since(connection)
        return [_Sum(self._memo, connection, tenant, scope, one, seq, kept_from).rows() for one in asked]


class _Sum:
    """One question on its way."""

    def __init__(
        self,
        memo: SumMemo,
        connection: sqlite3.Connection,
        tenant: str,
        scope: Scope,
        asked: SumQuestion,
        seq: int,
        kept_from: int | None,
    ) -> None:
        self._memo, self._connection, self._tenant, self._seq = memo, connection, tenant, seq
        self._tally, self._by, span, self._model = asked
        self._scope = scope
        self._kept_from = kept_from
        self._span = _aligned(self._tally, span)
        self._width = len(self._tally.counters)
        width = span.width if "bucket" in self._by else 0
        self._key = (tenant, self._tally.name, scope, self._by, width, self._model)

    def rows(self) -> Summed[Any]:
        """The groups as rows of the tally, in the order of their values."""
        widest = self._span.width if "bucket" in self._by else self._tally.grains[-1]
        parts = pieces(self._span, self._tally.grains, widest)
        # What retention removes goes in steps and is no change of a bucket: it is read every time.
        early, late = ([], parts) if self._kept_from is None else cut(parts, self._kept_from)
        if early:
            return self._made(_merged([*map(self._read, early), self._of(tuple(blocks(late)))]))
        key = (*self._key, "rows", *late)
        rows: Summed[Any] | None = self._memo.get(key)
        if rows is None:
            rows = self._made(self._of(tuple(blocks(late))))
            self._put(key, late, rows, len(rows))
        return rows

    def _made(self, groups: Groups) -> Summed[Any]:
        if not groups and not self._by:
            groups = {(): (0,) * self._width}
        make = self._tally.row
        return Summed(make(group, *counts) for group, counts in groups.items())

    def _of(self, parts: tuple[Piece, ...]) -> Groups:
        """Blocks together. All but the last are kept in one, because it is mostly the last that changes."""
        if len(parts) < 2:
            return self._block(parts[0]) if parts else {}
        known = self._known(parts)
        if known is None:
            *head, last = parts
            before = self._known(tuple(head))
            if before is None:
                before = _merged([self._block(part) for part in head])
                self._keep(tuple(head), before)
            known = _merged([before, self._block(last)])
            self._keep(parts, known)
        return known

    def _block(self, part: Piece) -> Groups:
        known = self._known((part,))
        if known is None:
            known = self._read(part)
            self._keep((part,), known)
        return known

    def _known(self, parts: tuple[Piece, ...]) -> Groups | None:
        groups: Groups | None = self._memo.get((*self._key, parts))
        return groups

    def _keep(self, parts: tuple[Piece, ...], groups: Groups) -> None:
        self._put((*self._key, parts), parts, groups, len(groups))

    def _put(self, key: Hashable, parts: Sequence[Piece], sums: Groups | Summed[Any], rows: int) -> None:
        if parts:
            # A group takes about as much as three numbers.
            cells = rows * (self._width + 3) + 8
            self._memo.put(key, Sums(self._tenant, parts[0][1], parts[-1][2], self._seq, cells, sums))

    def _read(self, part: Piece) -> Groups:
        table, by = self._tally.name, self._by
        if self._tally is USAGE and self._scope == Scope() and set(by) <= {"bucket", "model"}:
            table = "llm_usage_by_model"  # the small one
        clauses, values = self._filters()
        inner = [name for name in by if name not in _OF_SCOPE]
        late = len(inner) < len(by)
        chosen = [self._column(name) for name in inner] + (["u.scope_id"] if late else [])
        # total() is a float sum: it cannot overflow, whatever was stored.
        sums = [f"total(u.{name}) AS c{at}" for at, name in enumerate(self._tally.counters)]
        named = [f"{column} AS d{at}" for at, column in enumerate(chosen)]
        sql = (
            f"SELECT {', '.join([*named, *sums])} FROM {table} u WHERE {' AND '.join(clauses)}"
            f"{_group_by(len(chosen))}"
        )
        if late:
            # The few sums are joined with their scopes, not the many counters.
            outer = [_OF_SCOPE.get(name) or f"x.d{inner.index(name)}" for name in by]
            totals = [f"total(x.c{at})" for at in range(self._width)]
            sql = (
                f"WITH x AS MATERIALIZED ({sql}) SELECT {', '.join([*outer, *totals])} FROM x "
                f"CROSS JOIN scopes s ON s.id = x.d{len(inner)}{_group_by(len(by))}"
            )
        wanted = len(by)
        rows = self._connection.execute(sql, [self._tenant, *part, *values])
        return {row[:wanted]: tuple(map(int, row[wanted:])) for row in rows}

    def _filters(self) -> tuple[list[str], list[Any]]:
        clauses = ["u.tenant = ?", "u.grain = ?", "u.bucket >= ?", "u.bucket < ?"]
        values: list[Any] = []
        for column, value in (("u.agent_id", self._scope.agent_id), ("u.model", self._model)):
            if value is not None:
                clauses.append(f"{column} = ?")
                values.append(value)
        places = [
            (column, value)
            for column, value in (
                ("project_id", self._scope.project_id),
                ("environment", self._scope.environment),
                ("group_name", self._scope.group),
            )
            if value is not None
        ]
        if places:
            where = " AND ".join(f"{column} = ?" for column, _ in places)
            clauses.append(f"u.scope_id IN (SELECT id FROM scopes WHERE {where})")
            values += [value for _, value in places]
        return clauses, values

    def _column(self, name: str) -> str:
        if name == "bucket":
            # Buckets are aligned to the epoch, negative times included.
            width = self._span.width
            return f"u.bucket - ((u.bucket % {width}) + {width}) % {width}"
        return "u.agent_id" if name == "agent" else f"u.{name}"


def _group_by(columns: int) -> str:
    return f" GROUP BY {', '.join(str(at + 1) for at in range(columns))}" if columns else ""


def _merged(parts: Sequence[Groups]) -> Groups:
    """Sums of several blocks together, in the order of their groups."""
    found = dict(parts[0])
    for groups in parts[1:]:
        for group, counts in groups.items():
            have = found.get(group)
            found[group] = counts if have is None else tuple(map(add, have, counts))
    return dict(sorted(found.items(), key=_place))


def _place(item: tuple[tuple[Any, ...], Any]) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is not None, value) for value in item[0])


def _aligned(tally: Tally[Any], span: Span) -> Span:
    """Where a tally has no finer buckets the span is widened to the whole hours it touches."""
    return coarse(span) if tally.grains[0] > FINEST else span

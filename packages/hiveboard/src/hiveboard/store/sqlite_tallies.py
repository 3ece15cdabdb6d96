"""The tallies in SQLite: their tables, adding to them, summing them; all made from their declarations."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeVar

from msgspec import Struct

from .rollup import Counters
from .rows import Scope
from .span import Span, pieces
from .tallies import DURATIONS, RUNS, TALLIES, Tally, coarse

__all__ = ["TALLY_SCHEMA", "save_tallies", "tally_sums"]

R = TypeVar("R", bound=Struct)

_TEXT = ("tenant", "agent_id", "name", "model", "what", "reason")
_DIMENSIONS = {
    "agent": "u.agent_id",
    "version": "s.agent_version",
    "task_type": "s.task_type",
    "project": "s.project_id",
    "environment": "s.environment",
}


def _table(tally: Tally[Any]) -> str:
    columns = [f"{name} {'TEXT' if name in _TEXT else 'INTEGER'} NOT NULL" for name in tally.key]
    columns += [f"{name} INTEGER NOT NULL" for name in tally.counters]
    return (
        f"CREATE TABLE IF NOT EXISTS {tally.name} ({', '.join(columns)}, "
        f"PRIMARY KEY ({', '.join(tally.key)})) WITHOUT ROWID;"
    )


def _upsert(tally: Tally[Any]) -> str:
    key, names = ", ".join(tally.key), tally.counters
    marks = ", ".join("?" * (len(tally.key) + len(names)))
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in names)
    return f"INSERT INTO {tally.name} ({key}, {', '.join(names)}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {added}"


#: Creates the tables that are missing.
TALLY_SCHEMA = "\n".join(map(_table, TALLIES))
_UPSERTS = [(tally.name, _upsert(tally)) for tally in TALLIES]
# A run that ended again elsewhere leaves zeros behind; without them the rows depend on the events alone.
_DROP_EMPTY = [
    (
        tally.name,
        f"DELETE FROM {tally.name} WHERE {' AND '.join(f'{name} = ?' for name in tally.key)} AND runs = 0",
    )
    for tally in (RUNS, DURATIONS)
]


def save_tallies(connection: sqlite3.Connection, counters: dict[str, Counters]) -> None:
    """Add what a commit gathered."""
    for name, statement in _UPSERTS:
        if counters[name]:
            connection.executemany(statement, [(*key, *row) for key, row in counters[name].items()])
    for name, statement in _DROP_EMPTY:
        taken_back = [key for key, row in counters[name].items() if row[0] <= 0]
        connection.executemany(statement, taken_back)


def tally_sums(
    connection: sqlite3.Connection,
    tenant: str,
    tally: Tally[R],
    scope: Scope,
    by: tuple[str, ...],
    span: Span,
) -> list[R]:
    """One row per group: the counters summed over the dimensions that are not named in ``by``.

    The dimension ``bucket`` is the start of a bucket of the span's width. Where a tally has no finer buckets the span
    is widened to the whole hours it touches.
    """
    span = _aligned(tally, span)
    widest = span.width if "bucket" in by else tally.grains[-1]
    parts = pieces(span, tally.grains, widest)
    filters = (
        ("u.agent_id", scope.agent_id), ("s.project_id", scope.project_id), ("s.environment", scope.environment),
        ("s.group_name", scope.group),
    )  # fmt: skip
    wanted = [(column, value) for column, value in filters if value is not None]
    clauses = ["u.tenant = ?", *(f"{column} = ?" for column, _ in wanted)]
    chosen = [_column(tally, name, span) for name in by]
    join = " JOIN scopes s ON s.id = u.scope_id" if "s." in " ".join([*clauses, *chosen]) else ""
    # total() is a float sum: it cannot overflow, whatever was stored.
    sums = [f"total(u.{name})" for name in tally.counters]
    group = f" GROUP BY {', '.join(str(at + 1) for at in range(len(by)))}" if by else ""
    sql = (
        f"WITH parts (grain, since, until) AS (VALUES {', '.join(['(?, ?, ?)'] * len(parts))}) "
        f"SELECT {', '.join([*chosen, *sums])} FROM parts p CROSS JOIN {tally.name} u ON u.grain = p.grain "
        f"AND u.bucket >= p.since AND u.bucket < p.until{join} WHERE {' AND '.join(clauses)}{group}"
    )
    values = [value for part in parts for value in part]
    rows = connection.execute(sql, [*values, tenant, *(value for _, value in wanted)])
    return [tally.row(row[: len(by)], *map(int, row[len(by) :])) for row in rows]


def _aligned(tally: Tally[Any], span: Span) -> Span:
    return span if span.since % tally.grains[0] == 0 == span.until % tally.grains[0] else coarse(span)


def _column(tally: Tally[Any], name: str, span: Span) -> str:
    if name == "bucket":
        # Buckets are aligned to the epoch, negative times included.
        return f"u.bucket - ((u.bucket % {span.width}) + {span.width}) % {span.width}"
    return f"u.{name}" if name in tally.own else _DIMENSIONS[name]

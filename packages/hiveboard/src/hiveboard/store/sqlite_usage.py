"""Reading the counters from SQLite: sums by any of their dimensions over a stretch of time."""

from __future__ import annotations

import sqlite3
from typing import Any

from .rollup import GRAINS, USAGE_COUNTERS
from .rows import ActivityRow, OutcomeRow, Scope, UsageRow
from .span import Span, pieces

__all__ = ["activity", "outcomes", "usage"]

_DIMENSIONS = {
    "agent": "u.agent_id",
    "model": "u.model",
    "version": "s.agent_version",
    "task_type": "s.task_type",
    "project": "s.project_id",
}
_OUTCOMES = ("completed", "failed", "other", "escalated", "timed", "duration_ms")
_ACTIVITY = ("events", "errors", "heartbeats")


def _sums(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    tenant: str,
    scope: Scope,
    by: tuple[str, ...],
    span: Span,
    model: str | None = None,
) -> list[tuple[Any, ...]]:
    """Rows of (dimension values…, sums…). The dimension ``bucket`` is the start of a bucket of the span's width."""
    # Without a dimension of time the widest buckets that fit are read, else none wider than those wanted.
    parts = pieces(span, GRAINS, span.width if "bucket" in by else GRAINS[-1])
    values: list[Any] = [value for part in parts for value in part]
    filters = (
        ("u.agent_id", scope.agent_id), ("s.project_id", scope.project_id), ("s.environment", scope.environment),
        ("s.group_name", scope.group), ("u.model", model),
    )  # fmt: skip
    chosen_filters = [(column, value) for column, value in filters if value is not None]
    clauses = ["u.tenant = ?", *(f"{column} = ?" for column, _ in chosen_filters)]
    values += [tenant, *(value for _, value in chosen_filters)]
    # Buckets are aligned to the epoch, negative times included.
    bucket = f"u.bucket - ((u.bucket % {span.width}) + {span.width}) % {span.width}"
    chosen = [bucket if name == "bucket" else _DIMENSIONS[name] for name in by]
    join = " JOIN scopes s ON s.id = u.scope_id" if "s." in " ".join([*clauses, *chosen]) else ""
    # total() is a float sum: it cannot overflow, whatever was stored.
    sums = ", ".join(f"total(u.{name})" for name in columns)
    group = f" GROUP BY {', '.join(str(i + 1) for i in range(len(by)))}" if by else ""
    # CROSS JOIN fixes the order: for each part one walk along the primary key.
    sql = (
        f"WITH parts (grain, since, until) AS (VALUES {', '.join(['(?, ?, ?)'] * len(parts))}) "
        f"SELECT {', '.join([*chosen, sums])} FROM parts p CROSS JOIN {table} u ON u.grain = p.grain "
        f"AND u.bucket >= p.since AND u.bucket < p.until{join} WHERE {' AND '.join(clauses)}{group}"
    )
    return connection.execute(sql, values).fetchall()


def usage(
    connection: sqlite3.Connection,
    tenant: str,
    scope: Scope,
    by: tuple[str, ...],
    span: Span,
    model: str | None = None,
) -> list[UsageRow]:
    """LLM usage. Without filters and by model or time only, the small table by model answers."""
    small = scope == Scope() and set(by) <= {"bucket", "model"}
    table = "llm_usage_by_model" if small else "llm_usage"
    rows = _sums(connection, table, USAGE_COUNTERS, tenant, scope, by, span, model)
    return [UsageRow(row[: len(by)], *map(int, row[len(by) :])) for row in rows]


def outcomes(
    connection: sqlite3.Connection, tenant: str, scope: Scope, by: tuple[str, ...], span: Span
) -> list[OutcomeRow]:
    """Finished task runs by the time they ended."""
    rows = _sums(connection, "task_outcomes", _OUTCOMES, tenant, scope, by, span)
    return [OutcomeRow(row[: len(by)], *map(int, row[len(by) :])) for row in rows]


def activity(
    connection: sqlite3.Connection, tenant: str, scope: Scope, by: tuple[str, ...], span: Span
) -> list[ActivityRow]:
    """Events by the time they happened."""
    rows = _sums(connection, "agent_activity", _ACTIVITY, tenant, scope, by, span)
    return [ActivityRow(row[: len(by)], *map(int, row[len(by) :])) for row in rows]

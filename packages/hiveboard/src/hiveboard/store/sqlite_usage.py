"""Reading the counters from SQLite: sums by any of their dimensions over a range of buckets."""

from __future__ import annotations

import sqlite3
from typing import Any

from hiveboard.instant import HOUR_US

from .rows import ActivityRow, OutcomeRow, Scope, UsageRow
from .span import Span

__all__ = ["activity", "outcomes", "usage"]

_DIMENSIONS = {
    "agent": "u.agent_id",
    "model": "u.model",
    "version": "s.agent_version",
    "task_type": "s.task_type",
    "project": "s.project_id",
}
_USAGE = ("calls", "tokens_in", "tokens_out", "reported_nano", "estimated_nano", "unpriced", "duration_ms")
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
    """Rows of (dimension values…, sums…). The dimension ``bucket`` is the start of a bucket of ``width``."""
    values: list[Any] = [tenant, span.grain, span.since, span.until]
    clauses = ["u.tenant = ?", "u.grain = ?", "u.bucket >= ?", "u.bucket < ?"]
    for column, value in (
        ("u.agent_id", scope.agent_id),
        ("s.project_id", scope.project_id),
        ("s.environment", scope.environment),
        ("s.group_name", scope.group),
        ("u.model", model),
    ):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    # Buckets are aligned to the epoch, negative times included.
    bucket = f"u.bucket - ((u.bucket % {span.width}) + {span.width}) % {span.width}"
    chosen = [bucket if name == "bucket" else _DIMENSIONS[name] for name in by]
    join = " JOIN scopes s ON s.id = u.scope_id" if "s." in " ".join([*clauses, *chosen]) else ""
    # total() is a float sum: it cannot overflow, whatever was stored.
    sums = ", ".join(f"total(u.{name})" for name in columns)
    group = f" GROUP BY {', '.join(str(i + 1) for i in range(len(by)))}" if by else ""
    sql = f"SELECT {', '.join([*chosen, sums])} FROM {table} u{join} WHERE {' AND '.join(clauses)}{group}"
    return connection.execute(sql, values).fetchall()


def usage(
    connection: sqlite3.Connection,
    tenant: str,
    scope: Scope,
    by: tuple[str, ...],
    span: Span,
    model: str | None = None,
) -> list[UsageRow]:
    """LLM usage. Without filters and by model or time only, the small table by hour and model answers."""
    if scope == Scope() and span.grain >= HOUR_US and set(by) <= {"bucket", "model"}:
        rows = _usage_by_model(connection, tenant, by, span, model)
    else:
        rows = _sums(connection, "llm_usage", _USAGE, tenant, scope, by, span, model)
    return [UsageRow(row[: len(by)], *map(int, row[len(by) :])) for row in rows]


def _usage_by_model(
    connection: sqlite3.Connection, tenant: str, by: tuple[str, ...], span: Span, model: str | None
) -> list[tuple[Any, ...]]:
    bucket = f"bucket - ((bucket % {span.width}) + {span.width}) % {span.width}"
    chosen = [bucket if name == "bucket" else "model" for name in by]
    sums = ", ".join(f"total({name})" for name in _USAGE)
    group = f" GROUP BY {', '.join(str(i + 1) for i in range(len(by)))}" if by else ""
    own = "" if model is None else " AND model = ?"
    sql = (
        f"SELECT {', '.join([*chosen, sums])} FROM llm_usage_by_model "
        f"WHERE tenant = ? AND bucket >= ? AND bucket < ?{own}{group}"
    )
    return connection.execute(
        sql, [tenant, span.since, span.until, *([model] if model is not None else [])]
    ).fetchall()


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

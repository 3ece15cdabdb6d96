"""Reading what is open now from SQLite: the runs agents are at, and how many there are by status."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from .rows import Counts, OpenTaskRow, Scope

__all__ = ["WAITS", "open_counts", "open_tasks"]

#: Whether somebody has to answer the run ``t`` before it goes on.
WAITS = (
    "EXISTS (SELECT 1 FROM approvals p INDEXED BY approvals_open WHERE p.tenant = t.tenant AND p.agent_id = t.agent_id "
    "AND p.task_id = t.task_id AND p.task_run_id = t.task_run_id AND p.is_request = 1 AND p.answer_event IS NULL "
    "AND p.run_ended_ts IS NULL)"
)


def _within(tenant: str, scope: Scope) -> tuple[str, list[Any]]:
    """From which rows: the open runs of a scope."""
    clauses, values = ["t.tenant = ?", "t.outcome IS NULL"], [tenant]
    for column, value in (
        ("t.agent_id", scope.agent_id),
        ("t.project_id", scope.project_id),
        ("s.environment", scope.environment),
        ("s.group_name", scope.group),
    ):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    join = " JOIN scopes s ON s.id = t.scope_id" if scope.environment or scope.group else ""
    return f"FROM tasks t INDEXED BY tasks_open{join} WHERE {' AND '.join(clauses)}", values


def open_tasks(connection: sqlite3.Connection, tenant: str, scope: Scope) -> list[OpenTaskRow]:
    """Per agent with open tasks in a scope: the one that was active last, and how many there are."""
    where, values = _within(tenant, scope)
    # With a single max() SQLite takes the other columns from the row that holds it.
    sql = (
        "SELECT t.agent_id, t.task_id, t.task_run_id, t.project_id, max(t.last_ts), t.last_received, t.sort_ts, "
        f"count(*) {where} GROUP BY t.agent_id"
    )
    return [OpenTaskRow(*row) for row in connection.execute(sql, values)]


def open_counts(
    connection: sqlite3.Connection, tenant: str, scope: Scope, stuck_agents: tuple[str, ...]
) -> Counts:
    """How many task runs of a scope are open now, by the status each is listed with."""
    where, values = _within(tenant, scope)
    # Materialised, so that each run is looked at once and not once for every sum.
    sql = (
        f"WITH runs AS MATERIALIZED (SELECT {WAITS} AS waits, t.agent_id IN (SELECT value FROM json_each(?)) AS stuck, "
        f"t.escalations > 0 AS escalated {where}) "
        "SELECT count(*), coalesce(sum(waits), 0), coalesce(sum(NOT waits AND stuck), 0), "
        "coalesce(sum(NOT waits AND NOT stuck AND escalated), 0), "
        "coalesce(sum(NOT waits AND NOT stuck AND NOT escalated), 0), coalesce(sum(escalated), 0) FROM runs"
    )
    return Counts(*connection.execute(sql, [json.dumps(stuck_agents), *values]).fetchone())

"""Reading what is open now from SQLite: the runs agents are at, and how many there are by status."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from .rows import Counts, OpenTaskRow, Scope, Silence
from .sqlite_lost import HEARD, LEASES, LOST, OF_AGENT, leases

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
    return f"FROM tasks t INDEXED BY tasks_open {OF_AGENT}{join} WHERE {' AND '.join(clauses)}", values


def open_tasks(
    connection: sqlite3.Connection, tenant: str, scope: Scope, silence: Silence
) -> list[OpenTaskRow]:
    """Per agent with open tasks in a scope: the one that was active last, and how many there are."""
    where, values = _within(tenant, scope)
    # With a single max() SQLite takes the other columns from the row that holds it.
    sql = (
        f"WITH {LEASES} SELECT t.agent_id, t.task_id, t.task_run_id, t.project_id, max(t.last_ts), t.last_received, "
        f"t.sort_ts, count(*) {where} AND NOT {LOST} GROUP BY t.agent_id"
    )
    return [OpenTaskRow(*row) for row in connection.execute(sql, [leases(silence), *values])]


def open_counts(
    connection: sqlite3.Connection, tenant: str, scope: Scope, silence: Silence, lost_since: int | None
) -> Counts:
    """How many task runs of a scope are open now, by the status each is listed with."""
    where, values = _within(tenant, scope)
    recent = "" if lost_since is None else " AND heard >= ?"
    # Materialised, so that each run is looked at once and not once for every sum.
    sql = (
        f"WITH {LEASES}, runs AS MATERIALIZED (SELECT {HEARD} AS heard, l.heard_by AS heard_by, {WAITS} AS waits, "
        "t.agent_id IN (SELECT value FROM json_each(?)) AS stuck, "
        f"t.escalations > 0 AS escalated {where}), "
        "kept AS (SELECT * FROM runs WHERE NOT coalesce(heard < heard_by, 0)) "
        "SELECT count(*), coalesce(sum(waits), 0), coalesce(sum(NOT waits AND stuck), 0), "
        "coalesce(sum(NOT waits AND NOT stuck AND escalated), 0), "
        "coalesce(sum(NOT waits AND NOT stuck AND NOT escalated), 0), coalesce(sum(escalated), 0), "
        f"(SELECT count(*) FROM runs WHERE heard < heard_by{recent}) FROM kept"
    )
    given = [leases(silence), json.dumps(silence.stuck_agents), *values]
    return Counts(*connection.execute(sql, given if lost_since is None else [*given, lost_since]).fetchone())

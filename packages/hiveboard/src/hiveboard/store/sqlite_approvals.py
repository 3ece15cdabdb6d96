"""Approval requests and answers in the SQLite store: stored as facts, matched again where something changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from .approval_fact import approval_body, approval_field
from .approval_match import ApprovalFact, match_approvals
from .records import EventRecord
from .state import TaskState

__all__ = ["expire_approvals", "save_approvals"]

_INSERT = """
INSERT OR REPLACE INTO approvals
  (tenant, event_id, is_request, agent_id, task_id, task_run_id, approval_id, ts, project_id, scope_id, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COLUMNS = "event_id, is_request, ts, agent_id, task_id, approval_id"
_LOOSE = """
SELECT 1 FROM approvals WHERE tenant = ? AND agent_id = ? AND task_id IS NULL AND is_request = 0 LIMIT 1
"""
_SETTLE = """
UPDATE approvals SET answer_event = ?3, (answered_ts, decision, approved_by) = (
  SELECT ts, coalesce(body ->> '$.decision', ''), body ->> '$.approved_by' FROM approvals
  WHERE tenant = ?1 AND event_id = ?3)
WHERE tenant = ?1 AND event_id = ?2 AND answer_event IS NOT ?3
"""

# A request that is older than the end of its run can no longer be answered to any effect.
_EXPIRE = """
UPDATE approvals SET run_ended_ts = CASE WHEN ts <= ?4 THEN ?4 END
WHERE tenant = ?1 AND task_id = ?2 AND task_run_id = ?3 AND is_request = 1
"""

Scope = tuple[str, str, "str | None", bool]


def save_approvals(
    connection: sqlite3.Connection, events: list[tuple[EventRecord, dict[str, Any] | None]]
) -> None:
    """Store the facts, then decide again every task (or agent) whose requests they may concern."""
    if not events:
        return
    connection.executemany(_INSERT, [_row(record, payload) for record, payload in events])
    scopes: set[Scope] = set()
    for record, payload in events:
        _add_scopes(connection, scopes, record, approval_field(payload, "approval_id"))
    for scope in sorted(scopes, key=repr):
        _settle(connection, scope)


def expire_approvals(connection: sqlite3.Connection, tasks: Iterable[TaskState]) -> None:
    """Tell the requests of ended runs when their run ended. ``tasks`` are the runs that events belong to."""
    ended = [
        (task.tenant, task.task_id, task.task_run_id, task.end_ts)
        for task in tasks
        if task.interventions and task.end_ts is not None
    ]
    connection.executemany(_EXPIRE, ended)


def _row(record: EventRecord, payload: dict[str, Any] | None) -> tuple[Any, ...]:
    return (
        record.tenant, record.event_id, int(record.event_type == "approval_requested"), record.agent_id,
        record.task_id, record.task_run_id, approval_field(payload, "approval_id"), record.ts, record.project_id,
        record.scope_id, msgspec.json.encode(approval_body(payload)).decode(),
    )  # fmt: skip


def _add_scopes(
    connection: sqlite3.Connection, scopes: set[Scope], record: EventRecord, approval_id: str | None
) -> None:
    touched = {(record.agent_id, record.task_id)}
    if approval_id is not None:
        touched.update(
            connection.execute(
                "SELECT agent_id, task_id FROM approvals WHERE tenant = ?1 AND approval_id = ?2 "
                "UNION SELECT agent_id, task_id FROM approvals WHERE tenant = ?1 AND event_id = ?2",
                (record.tenant, approval_id),
            )
        )
    for agent_id, task_id in touched:
        # An answer that names no task may take any request of the agent, so the whole agent is decided anew.
        whole = connection.execute(_LOOSE, (record.tenant, agent_id)).fetchone() is not None
        scopes.add((record.tenant, agent_id, None if whole else task_id, whole))


def _settle(connection: sqlite3.Connection, scope: Scope) -> None:
    tenant, agent_id, task_id, whole = scope
    where, values = "tenant = ? AND agent_id = ?", [tenant, agent_id]
    if not whole:
        where, values = where + " AND task_id IS ?", [*values, task_id]  # type: ignore[list-item]
    own = connection.execute(f"SELECT {_COLUMNS} FROM approvals WHERE {where}", values).fetchall()
    # A request goes by its approval_id, and by its event's id when it has none.
    shared = connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE tenant = ? AND approval_id IN "
        f"(SELECT coalesce(approval_id, event_id) FROM approvals WHERE {where} AND (is_request = 1 OR approval_id IS NOT NULL)) "
        f"UNION SELECT {_COLUMNS} FROM approvals WHERE tenant = ? AND event_id IN "
        f"(SELECT approval_id FROM approvals WHERE {where} AND approval_id IS NOT NULL)",
        [tenant, *values, tenant, *values],
    ).fetchall()
    facts = {row[0]: ApprovalFact(row[0], bool(row[1]), *row[2:]) for row in [*own, *shared]}
    answers = match_approvals(facts.values())
    requests = [row[0] for row in own if row[1]]
    connection.executemany(_SETTLE, [(tenant, request, answers.get(request)) for request in requests])

"""Reading approval requests and issues from SQLite: what is open for the fleet, pages of all of them, and one by its id."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from .rows import ApprovalRow, IssueRow, Scope, Silence, ended_last
from .sqlite_lost import HEARD, LEASES, LOST, OF_AGENT, leases
from .state import IssueState
from .waiting import ApprovalFilter, IssueFilter

__all__ = [
    "active_issues",
    "affected",
    "expired_approvals",
    "get_approval",
    "get_issue",
    "list_all_issues",
    "list_approvals",
    "list_issues",
    "open_approvals",
]

# With the run, while it is open, and the lease its agent has: whether it is lost is a matter of now.
_APPROVALS = f"""
WITH {LEASES} SELECT p.event_id, p.agent_id, p.task_id, p.task_run_id, p.approval_id, p.ts, p.project_id, p.body,
  s.environment, s.group_name, p.answer_event, p.answered_ts, p.decision, p.approved_by,
  (SELECT a.body ->> '$.reason' FROM approvals a WHERE a.tenant = p.tenant AND a.event_id = p.answer_event),
  p.run_ended_ts, CASE WHEN p.answer_event IS NULL AND p.run_ended_ts IS NULL AND {LOST} THEN {HEARD} END AS lost_ts
FROM approvals p {{index}} CROSS JOIN scopes s ON s.id = p.scope_id
LEFT JOIN tasks t ON t.tenant = p.tenant AND t.task_id = p.task_id AND t.task_run_id = p.task_run_id
  AND t.outcome IS NULL {OF_AGENT}
WHERE p.tenant = ? AND p.is_request = 1
"""
_UNANSWERED = "p.answer_event IS NULL AND p.run_ended_ts IS NULL"
_PENDING = f"({_UNANSWERED} AND NOT {LOST})"
_OF_STATUS = {
    "expired": "(p.answer_event IS NULL AND p.run_ended_ts IS NOT NULL)",
    "lost": f"({_UNANSWERED} AND {LOST})",
    "approved": "(p.answer_event IS NOT NULL AND p.decision = 'approved')",
    "rejected": "(p.answer_event IS NOT NULL AND p.decision = 'rejected')",
    "answered": "(p.answer_event IS NOT NULL AND p.decision NOT IN ('approved', 'rejected'))",
}

_ISSUE_TASKS = "FROM issue_tasks r {join} WHERE r.tenant = i.tenant AND r.agent_id = i.agent_id AND r.issue_key = i.issue_key"
_JOIN_RUN = "JOIN tasks t ON t.tenant = r.tenant AND t.task_id = r.task_id AND t.task_run_id = r.task_run_id"
_COUNTED = (
    f"(SELECT count(*) {_ISSUE_TASKS.format(join='')}), "
    f"(SELECT sum(t.cost_nano) {_ISSUE_TASKS.format(join=_JOIN_RUN)})"
)
_ISSUES = (
    f"SELECT {', '.join(f'i.{name}' for name in IssueState.__struct_fields__)}, s.environment, s.group_name, "
    "{counted} FROM issues i CROSS JOIN scopes s ON s.id = i.scope_id WHERE i.tenant = ? AND i.occurrences > 0"
)
_OPENED_BY_HAND = "coalesce(i.reopened_ts >= i.closed_ts, 0)"
_ISSUE_OF_STATUS = {
    "open": f"(NOT i.is_closed AND (i.closed_ts IS NULL OR {_OPENED_BY_HAND}))",
    "regressed": f"(NOT i.is_closed AND i.closed_ts IS NOT NULL AND NOT {_OPENED_BY_HAND})",
    "resolved": "(i.is_closed AND i.closed_action = 'resolved')",
    "dismissed": "(i.is_closed AND i.closed_action = 'dismissed')",
}


def _where(fields: dict[str, str | None]) -> tuple[str, list[Any]]:
    given = {column: value for column, value in fields.items() if value is not None}
    return "".join(f" AND {column} = ?" for column in given), list(given.values())


def _any_of(conditions: list[str]) -> str:
    return f" AND ({' OR '.join(conditions)})" if conditions else ""


def _approvals(rows: sqlite3.Cursor) -> list[ApprovalRow]:
    return [ApprovalRow(*row) for row in rows]


def open_approvals(
    connection: sqlite3.Connection, tenant: str, agent_id: str | None, limit: int, silence: Silence
) -> list[ApprovalRow]:
    """Requests nobody has answered while their run goes on, the oldest first."""
    where, values = _where({"p.agent_id": agent_id})
    select = _APPROVALS.format(index="INDEXED BY approvals_open")
    sql = f"{select} AND {_PENDING}{where} ORDER BY p.ts, p.event_id LIMIT ?"
    return _approvals(connection.execute(sql, [leases(silence), tenant, *values, limit]))


def expired_approvals(
    connection: sqlite3.Connection, tenant: str, agent_id: str | None, limit: int, silence: Silence
) -> list[ApprovalRow]:
    """Requests nobody answered before their run ended or was lost, those that ended last first."""
    where, values = _where({"p.agent_id": agent_id})
    given = [leases(silence), tenant, *values, limit]
    ended = (
        f"{_APPROVALS.format(index='INDEXED BY approvals_expired')} AND p.answer_event IS NULL "
        f"AND p.run_ended_ts IS NOT NULL{where} ORDER BY p.run_ended_ts DESC, p.event_id LIMIT ?"
    )
    rows = _approvals(connection.execute(ended, given))
    if silence.heard_by:
        lost = (
            f"{_APPROVALS.format(index='INDEXED BY approvals_open')} AND {_UNANSWERED} AND {LOST}{where} "
            "ORDER BY lost_ts DESC, p.event_id LIMIT ?"
        )
        rows = sorted(rows + _approvals(connection.execute(lost, given)), key=ended_last)
    return rows[:limit]


def list_approvals(
    connection: sqlite3.Connection, tenant: str, want: ApprovalFilter, silence: Silence
) -> list[ApprovalRow]:
    """A page of requests: the pending ones by age, or the others from the newest on."""
    where, values = _where(
        {
            "p.agent_id": want.agent_id,
            "p.task_id": want.task_id,
            "p.project_id": want.project_id,
            "s.environment": want.environment,
            "s.group_name": want.group,
        }
    )
    if want.after is not None:
        where += f" AND (p.ts, p.event_id) {'>' if want.pending else '<'} (?, ?)"
        values += want.after
    if want.pending:
        select = _APPROVALS.format(index="INDEXED BY approvals_open")
        condition, order = f" AND {_PENDING}", "p.ts, p.event_id"
    else:
        select = _APPROVALS.format(index="INDEXED BY approvals_newest")
        condition, order = f" AND NOT {_PENDING}", "p.ts DESC, p.event_id DESC"
        condition += _any_of([_OF_STATUS[status] for status in want.statuses])
    sql = f"{select}{condition}{where} ORDER BY {order} LIMIT ?"
    return _approvals(connection.execute(sql, [leases(silence), tenant, *values, want.limit]))


def get_approval(
    connection: sqlite3.Connection, tenant: str, approval_id: str, silence: Silence
) -> ApprovalRow | None:
    """The request of that approval_id, or whose event has that id; of several the pending one, else the newest."""
    found: list[ApprovalRow] = []
    for index, condition in (
        ("INDEXED BY approvals_by_id", "p.approval_id = ?"),
        ("", "p.event_id = ?"),
    ):
        sql = (
            f"{_APPROVALS.format(index=index)} AND {condition} "
            f"ORDER BY {_PENDING} DESC, p.ts DESC, p.event_id LIMIT 1"
        )
        found += _approvals(connection.execute(sql, (leases(silence), tenant, approval_id)))
    return found[0] if found else None


def _issue_rows(rows: sqlite3.Cursor) -> list[IssueRow]:
    width = len(IssueState.__struct_fields__)
    return [IssueRow(IssueState(*row[:width]), *row[width:]) for row in rows]


def list_all_issues(
    connection: sqlite3.Connection, tenant: str, agent_id: str | None, limit: int
) -> list[IssueRow]:
    """Issues with at least one report, the most recently reported first; their runs are not counted."""
    where, values = _where({"i.agent_id": agent_id})
    sql = f"{_ISSUES.format(counted='NULL, NULL')}{where} ORDER BY i.reported_ts DESC, i.agent_id, i.issue_key LIMIT ?"
    return _issue_rows(connection.execute(sql, [tenant, *values, limit]))


def active_issues(connection: sqlite3.Connection, tenant: str, scope: Scope) -> dict[str, int]:
    """How many issues of each agent are open or regressed; one that names no project belongs to all projects."""
    where, values = _where(
        {"i.agent_id": scope.agent_id, "s.environment": scope.environment, "s.group_name": scope.group}
    )
    if scope.project_id is not None:
        where += " AND coalesce(i.project_id, ?) = ?"
        values += [scope.project_id] * 2
    active = f"({_ISSUE_OF_STATUS['open']} OR {_ISSUE_OF_STATUS['regressed']})"
    sql = (
        "SELECT i.agent_id, count(*) FROM issues i CROSS JOIN scopes s ON s.id = i.scope_id "
        f"WHERE i.tenant = ? AND i.occurrences > 0 AND {active}{where} GROUP BY i.agent_id"
    )
    return dict(connection.execute(sql, [tenant, *values]).fetchall())


def list_issues(connection: sqlite3.Connection, tenant: str, want: IssueFilter) -> list[IssueRow]:
    """A page of issues, the most recently reported first."""
    where, values = _where(
        {
            "i.agent_id": want.agent_id,
            "i.project_id": want.project_id,
            "s.environment": want.environment,
            "s.group_name": want.group,
        }
    )
    where += _any_of([_ISSUE_OF_STATUS[status] for status in want.statuses])
    if want.severities:
        where += f" AND CAST(i.reported AS TEXT) ->> '$.data.severity' IN ({', '.join('?' * len(want.severities))})"
        values += want.severities
    if want.after is not None:
        where += " AND (i.reported_ts < ? OR (i.reported_ts = ? AND (i.agent_id, i.issue_key) > (?, ?)))"
        values += [want.after[0], *want.after]
    select = _ISSUES.format(counted=_COUNTED if want.counted else "NULL, NULL")
    sql = f"{select}{where} ORDER BY i.reported_ts DESC, i.agent_id, i.issue_key LIMIT ?"
    return _issue_rows(connection.execute(sql, [tenant, *values, want.limit]))


def affected(
    connection: sqlite3.Connection, tenant: str, issues: Sequence[tuple[str, str]]
) -> list[tuple[int, int | None]]:
    """In how many runs each issue was reported, and what these cost together as far as it is known."""
    sql = (
        "SELECT count(r.task_id), sum(t.cost_nano) FROM json_each(?) k LEFT JOIN issue_tasks r ON r.tenant = ? "
        "AND r.agent_id = json_extract(k.value, '$[0]') AND r.issue_key = json_extract(k.value, '$[1]') "
        f"LEFT {_JOIN_RUN} GROUP BY k.key ORDER BY k.key"
    )
    return connection.execute(sql, (msgspec.json.encode(issues).decode(), tenant)).fetchall()


def get_issue(connection: sqlite3.Connection, tenant: str, agent_id: str, issue_key: str) -> IssueRow | None:
    """One issue of an agent."""
    sql = f"{_ISSUES.format(counted=_COUNTED)} AND i.agent_id = ? AND i.issue_key = ?"
    return next(iter(_issue_rows(connection.execute(sql, (tenant, agent_id, issue_key)))), None)

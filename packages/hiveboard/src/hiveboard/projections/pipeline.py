"""Work around the tasks: queue, to-do items, schedule, issues, approvals, per agent and for the fleet."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.instant import SECOND_US, format_instant
from hiveboard.store.rows import ApprovalRow, IssueRow, LatestRow
from hiveboard.store.values import count_of, dict_of, text_in

from .issue import IssueView, is_active, issue_view

__all__ = [
    "AgentPipeline",
    "ApprovalView",
    "FleetPipeline",
    "FleetPipelineRow",
    "PipelineTotals",
    "TodoView",
    "agent_pipeline",
    "approval_view",
    "fleet_pipeline",
    "queue_depth",
]

_DONE = ("completed", "dismissed")
_MAX_DEPTH = 10**12


class TodoView(Struct, kw_only=True):
    """One open to-do item, as its latest event says."""

    agent_id: str
    todo_id: str
    action: str | None
    summary: str | None
    priority: Any
    source: Any
    context: Any
    due_by: Any
    created_at: str
    timestamp: str


class ApprovalView(Struct, kw_only=True):
    """A request nobody has answered; ``age_seconds`` since it was made."""

    event_id: str
    approval_id: str | None
    agent_id: str
    task_id: str | None
    task_run_id: str | None
    project_id: str | None
    summary: str | None
    approver: str | None
    reason: str | None
    requested_at: str
    age_seconds: float


class AgentPipeline(Struct, kw_only=True):
    """One agent's. ``queue`` is its latest snapshot as sent, with ``snapshot_at``; ``scheduled`` the items as sent."""

    agent_id: str
    queue: dict[str, Any] | None
    todos: list[TodoView]
    scheduled: list[Any]
    issues: list[IssueView]
    approvals: list[ApprovalView]


class PipelineTotals(Struct, kw_only=True):
    """Sums over the fleet."""

    queue_depth: int
    active_issues: int
    active_todos: int
    scheduled_count: int
    pending_approvals: int


class FleetPipelineRow(Struct, kw_only=True):
    """One agent's counts; ``queue_depth`` and ``oldest_age_seconds`` are null when it reports no queue."""

    agent_id: str
    queue_depth: int | None
    oldest_age_seconds: float | None
    active_issues: int
    active_todos: int
    scheduled_count: int
    pending_approvals: int


class FleetPipeline(Struct, kw_only=True):
    """Totals, counts by agent (only those with something), and what needs a person across the fleet."""

    totals: PipelineTotals
    agents: list[FleetPipelineRow]
    issues: list[IssueView]
    approvals: list[ApprovalView]


def _data(row: LatestRow) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = dict_of(msgspec.json.decode(row.payload)) if row.payload else {}
    return payload, dict_of(payload.get("data"))


def queue_depth(row: LatestRow) -> int | None:
    """Depth of a queue snapshot; the number of its items when it names no depth."""
    data = _data(row)[1]
    depth = count_of(data.get("depth"), _MAX_DEPTH)
    items = data.get("items")
    return len(items) if depth is None and isinstance(items, list) else depth


def _todo(row: LatestRow) -> TodoView | None:
    payload, data = _data(row)
    action = text_in(data, "action")
    if action in _DONE:
        return None
    return TodoView(
        agent_id=row.agent_id,
        todo_id=text_in(data, "todo_id") or row.item_key,
        action=action,
        summary=text_in(payload, "summary"),
        priority=data.get("priority"),
        source=data.get("source"),
        context=data.get("context"),
        due_by=data.get("due_by"),
        created_at=format_instant(row.first_ts),
        timestamp=format_instant(row.ts),
    )


def approval_view(row: ApprovalRow, now: int) -> ApprovalView:
    """An open request; ``now`` in microseconds."""
    body: dict[str, str] = msgspec.json.decode(row.body)
    return ApprovalView(
        event_id=row.event_id,
        approval_id=row.approval_id,
        agent_id=row.agent_id,
        task_id=row.task_id,
        task_run_id=row.task_run_id or None,
        project_id=row.project_id,
        summary=body.get("summary"),
        approver=body.get("approver"),
        reason=body.get("reason"),
        requested_at=format_instant(row.ts),
        age_seconds=round(max(0, now - row.ts) / SECOND_US, 3),
    )


def _scheduled(row: LatestRow) -> list[Any]:
    items = _data(row)[1].get("items")
    return items if isinstance(items, list) else []


def agent_pipeline(
    agent_id: str, latest: list[LatestRow], issues: list[IssueRow], approvals: list[ApprovalRow], now: int
) -> AgentPipeline:
    """Everything that hangs on one agent; unknown agents have nothing."""
    queue = next((row for row in latest if row.kind == "queue_snapshot"), None)
    return AgentPipeline(
        agent_id=agent_id,
        queue=None if queue is None else {**_data(queue)[1], "snapshot_at": format_instant(queue.ts)},
        todos=[todo for row in latest if row.kind == "todo" and (todo := _todo(row)) is not None],
        scheduled=[item for row in latest if row.kind == "scheduled" for item in _scheduled(row)],
        issues=[issue_view(row.state) for row in issues if is_active(row.state)],
        approvals=[approval_view(row, now) for row in approvals],
    )


def fleet_pipeline(
    latest: list[LatestRow], issues: list[IssueRow], approvals: list[ApprovalRow], now: int, show: int
) -> FleetPipeline:
    """The fleet's; ``show`` caps the lists of issues and approvals, the counts are of all."""
    rows: dict[str, FleetPipelineRow] = {}

    def of(agent_id: str) -> FleetPipelineRow:
        fresh = FleetPipelineRow(
            agent_id=agent_id, queue_depth=None, oldest_age_seconds=None, active_issues=0, active_todos=0,
            scheduled_count=0, pending_approvals=0,
        )  # fmt: skip
        return rows.setdefault(agent_id, fresh)

    for row in latest:
        if row.kind == "queue_snapshot":
            agent = of(row.agent_id)
            agent.queue_depth = queue_depth(row)
            age = _data(row)[1].get("oldest_age_seconds")
            agent.oldest_age_seconds = (
                age if isinstance(age, int | float) and not isinstance(age, bool) else None
            )
        elif row.kind == "todo":
            of(row.agent_id).active_todos += _todo(row) is not None
        elif row.kind == "scheduled":
            of(row.agent_id).scheduled_count += len(_scheduled(row))
    active = [row for row in issues if is_active(row.state)]
    for issue in active:
        of(issue.state.agent_id).active_issues += 1
    for approval in approvals:
        of(approval.agent_id).pending_approvals += 1
    listed = [row for row in rows.values() if _has_something(row)]
    listed.sort(
        key=lambda row: (-row.pending_approvals, -row.active_issues, -(row.queue_depth or 0), row.agent_id)
    )
    totals = PipelineTotals(
        queue_depth=sum(row.queue_depth or 0 for row in listed),
        active_issues=len(active),
        active_todos=sum(row.active_todos for row in listed),
        scheduled_count=sum(row.scheduled_count for row in listed),
        pending_approvals=len(approvals),
    )
    return FleetPipeline(
        totals=totals,
        agents=listed,
        issues=[issue_view(row.state) for row in active[:show]],
        approvals=[approval_view(row, now) for row in approvals[:show]],
    )


def _has_something(row: FleetPipelineRow) -> bool:
    counts = (
        row.queue_depth,
        row.active_issues,
        row.active_todos,
        row.scheduled_count,
        row.pending_approvals,
    )
    return any(counts)

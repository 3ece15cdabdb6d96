"""Work around the tasks of the whole fleet: totals, counts by agent, and what waits in flat lists."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hiveboard.store.values import number_of

from .approval import ApprovalView, approval_view
from .issue import IssueView, is_active, issue_view
from .pipeline import TodoView, Waiting, queue_view, scheduled_items, todo_view

__all__ = ["FleetPipeline", "FleetPipelineRow", "PipelineTotals", "fleet_pipeline"]


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
    queue_depth: int | None = None
    oldest_age_seconds: float | None = None
    active_issues: int = 0
    active_todos: int = 0
    scheduled_count: int = 0
    pending_approvals: int = 0


class FleetPipeline(Struct, kw_only=True):
    """Totals and counts by agent (only those with something) are of all; each list has its first ``limit`` rows.

    ``expired_approvals`` are the latest requests whose run ended before an answer; no count has them. ``queues`` are the latest snapshots as sent, ``scheduled`` the items as sent, both with ``agent_id`` and
    ``snapshot_at``.
    """

    totals: PipelineTotals
    agents: list[FleetPipelineRow]
    queues: list[dict[str, Any]]
    todos: list[TodoView]
    scheduled: list[dict[str, Any]]
    issues: list[IssueView]
    approvals: list[ApprovalView]
    expired_approvals: list[ApprovalView]


def fleet_pipeline(found: Waiting, now: int, show: int) -> FleetPipeline:
    """The fleet's; ``show`` caps the lists, the counts are of all. ``now`` in microseconds."""
    queues = [queue_view(row) for row in found.latest if row.kind == "queue_snapshot"]
    todos = [todo for row in found.latest if row.kind == "todo" and (todo := todo_view(row)) is not None]
    scheduled = [item for row in found.latest if row.kind == "scheduled" for item in scheduled_items(row)]
    issues = [row for row in found.issues if is_active(row.state)]
    rows: dict[str, FleetPipelineRow] = {}

    def of(agent_id: str) -> FleetPipelineRow:
        return rows.setdefault(agent_id, FleetPipelineRow(agent_id=agent_id))

    for queue in queues:
        of(queue["agent_id"]).queue_depth = queue["depth"]
        of(queue["agent_id"]).oldest_age_seconds = number_of(queue.get("oldest_age_seconds"))
    for todo in todos:
        of(todo.agent_id).active_todos += 1
    for item in scheduled:
        of(item["agent_id"]).scheduled_count += 1
    for issue in issues:
        of(issue.state.agent_id).active_issues += 1
    for approval in found.approvals:
        of(approval.agent_id).pending_approvals += 1
    return FleetPipeline(
        totals=PipelineTotals(
            queue_depth=sum(queue["depth"] or 0 for queue in queues),
            active_issues=len(issues),
            active_todos=len(todos),
            scheduled_count=len(scheduled),
            pending_approvals=len(found.approvals),
        ),
        agents=_listed(rows),
        queues=sorted(queues, key=lambda queue: (-(queue["depth"] or 0), queue["agent_id"]))[:show],
        todos=todos[:show],
        scheduled=scheduled[:show],
        issues=[issue_view(row) for row in issues[:show]],
        approvals=[approval_view(row, now) for row in found.approvals[:show]],
        expired_approvals=[approval_view(row, now) for row in found.expired[:show]],
    )


def _listed(rows: dict[str, FleetPipelineRow]) -> list[FleetPipelineRow]:
    """Agents that have something, those with the most to do first."""

    def weight(row: FleetPipelineRow) -> tuple[int, int, int, str]:
        return -row.pending_approvals, -row.active_issues, -(row.queue_depth or 0), row.agent_id

    return sorted((row for row in rows.values() if _has_something(row)), key=weight)


def _has_something(row: FleetPipelineRow) -> bool:
    counts = row.queue_depth, row.active_issues, row.active_todos, row.scheduled_count, row.pending_approvals
    return any(counts)

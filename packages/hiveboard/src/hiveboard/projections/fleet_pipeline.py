"""Work around the tasks of the whole fleet: totals, counts by agent, and what waits in flat lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from hiveboard.store.rows import ApprovalRow, IssueRow, LatestRow
from hiveboard.store.values import number_of

from .issue import IssueView, is_active, issue_view
from .pipeline import ApprovalView, TodoView, approval_view, queue_view, scheduled_items, todo_view

__all__ = ["FleetPipeline", "FleetPipelineRow", "PipelineTotals", "Waiting", "fleet_pipeline"]


class Waiting(NamedTuple):
    """What the store knows: latest snapshots and to-do items, issues, open approvals."""

    latest: list[LatestRow]
    issues: list[IssueRow]
    approvals: list[ApprovalRow]

    def where(self, keeps: Callable[[str, str | None], bool]) -> Waiting:
        """Only what ``keeps`` accepts by agent and project."""
        return Waiting(
            [row for row in self.latest if keeps(row.agent_id, row.project_id)],
            [row for row in self.issues if keeps(row.state.agent_id, row.state.project_id)],
            [row for row in self.approvals if keeps(row.agent_id, row.project_id)],
        )


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
    """Totals and counts by agent (only those with something) are of all; each list has its first 500 rows.

    ``queues`` are the latest snapshots as sent, ``scheduled`` the items as sent, both with ``agent_id`` and
    ``snapshot_at``.
    """

    totals: PipelineTotals
    agents: list[FleetPipelineRow]
    queues: list[dict[str, Any]]
    todos: list[TodoView]
    scheduled: list[dict[str, Any]]
    issues: list[IssueView]
    approvals: list[ApprovalView]


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
        issues=[issue_view(row.state) for row in issues[:show]],
        approvals=[approval_view(row, now) for row in found.approvals[:show]],
    )


def _listed(rows: dict[str, FleetPipelineRow]) -> list[FleetPipelineRow]:
    """Agents that have something, those with the most to do first."""

    def weight(row: FleetPipelineRow) -> tuple[int, int, int, str]:
        return -row.pending_approvals, -row.active_issues, -(row.queue_depth or 0), row.agent_id

    return sorted((row for row in rows.values() if _has_something(row)), key=weight)


def _has_something(row: FleetPipelineRow) -> bool:
    counts = row.queue_depth, row.active_issues, row.active_todos, row.scheduled_count, row.pending_approvals
    return any(counts)

"""One approval request as clients see it: what was asked, and what became of it."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hiveboard.instant import SECOND_US, format_instant, format_optional
from hiveboard.store.rows import ApprovalRow

__all__ = ["APPROVAL_STATUSES", "ApprovalView", "approval_status", "approval_view"]

APPROVAL_STATUSES = ("pending", "approved", "rejected", "answered", "expired", "lost")


class ApprovalView(Struct, kw_only=True):
    """A request; ``age_seconds`` since it was made. Its address is its ``approval_id``, or its ``event_id``.

    ``status`` is pending; approved, rejected or answered (neither yes nor no) at ``decided_at``; or expired at
    ``expired_at``, when its run ended before anybody answered; or lost, when the process of its run was last heard at
    ``expired_at``. ``listening`` says that a program waits for the answer at this moment. ``reason`` is why it was
    asked, ``decision_reason`` why it was decided so.
    """

    event_id: str
    approval_id: str | None
    agent_id: str
    task_id: str | None
    task_run_id: str | None
    project_id: str | None
    environment: str
    group: str
    summary: str | None
    approver: str | None
    reason: str | None
    requested_at: str
    age_seconds: float
    status: str
    listening: bool
    decision: str | None
    approved_by: str | None
    decision_reason: str | None
    decided_at: str | None
    expired_at: str | None


def approval_status(row: ApprovalRow, listening: bool = False) -> str:
    """One of :data:`APPROVAL_STATUSES`; an answer counts whatever became of the run, and who listens is not lost."""
    if row.answer_event is not None:
        return row.decision if row.decision in ("approved", "rejected") else "answered"
    if row.run_ended_ts is not None:
        return "expired"
    return "pending" if row.lost_ts is None or listening else "lost"


def approval_view(row: ApprovalRow, now: int, listening: bool = False) -> ApprovalView:
    """A request; ``now`` in microseconds."""
    body: dict[str, str] = msgspec.json.decode(row.body)
    status = approval_status(row, listening)
    ended = row.lost_ts if row.run_ended_ts is None else row.run_ended_ts
    return ApprovalView(
        event_id=row.event_id,
        approval_id=row.approval_id,
        agent_id=row.agent_id,
        task_id=row.task_id,
        task_run_id=row.task_run_id or None,
        project_id=row.project_id,
        environment=row.environment,
        group=row.group,
        summary=body.get("summary"),
        approver=body.get("approver"),
        reason=body.get("reason"),
        requested_at=format_instant(row.ts),
        age_seconds=round(max(0, now - row.ts) / SECOND_US, 3),
        status=status,
        listening=listening,
        decision=row.decision or None,
        approved_by=row.approved_by,
        decision_reason=row.answer_reason,
        decided_at=format_optional(row.answered_ts),
        expired_at=format_optional(ended if status in ("expired", "lost") else None),
    )

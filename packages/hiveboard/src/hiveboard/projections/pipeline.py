"""Work around the tasks of one agent: queue, to-do items, schedule, issues, approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store.rows import ApprovalRow, IssueRow, LatestRow
from hiveboard.store.values import count_of, dict_of, text_in

from .approval import ApprovalView, approval_view
from .issue import IssueView, is_active, issue_view

__all__ = [
    "AgentPipeline",
    "TodoView",
    "Waiting",
    "agent_pipeline",
    "queue_depth",
    "queue_view",
    "scheduled_items",
    "todo_view",
]

_DONE = ("completed", "dismissed")
_MAX_DEPTH = 10**12


class Waiting(NamedTuple):
    """What the store knows: latest snapshots and to-do items, issues, open and expired approvals."""

    latest: list[LatestRow]
    issues: list[IssueRow]
    approvals: list[ApprovalRow]
    expired: list[ApprovalRow]

    def where(self, keeps: Callable[[LatestRow | IssueRow | ApprovalRow], bool]) -> Waiting:
        """Only what ``keeps`` accepts."""
        return Waiting(
            [row for row in self.latest if keeps(row)],
            [row for row in self.issues if keeps(row)],
            [row for row in self.approvals if keeps(row)],
            [row for row in self.expired if keeps(row)],
        )


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


class AgentPipeline(Struct, kw_only=True):
    """One agent's. ``queue`` is its latest snapshot as sent, with ``snapshot_at``; ``scheduled`` the items as sent.

    ``expired_approvals`` are the latest requests whose run ended before an answer.
    """

    agent_id: str
    queue: dict[str, Any] | None
    todos: list[TodoView]
    scheduled: list[Any]
    issues: list[IssueView]
    approvals: list[ApprovalView]
    expired_approvals: list[ApprovalView]


def _data(row: LatestRow) -> tuple[dict[str, Any], dict[str, Any]]:
    payload = dict_of(msgspec.json.decode(row.payload)) if row.payload else {}
    return payload, dict_of(payload.get("data"))


def queue_depth(row: LatestRow) -> int | None:
    """Depth of a queue snapshot; the number of its items when it names no depth."""
    data = _data(row)[1]
    depth = count_of(data.get("depth"), _MAX_DEPTH)
    items = data.get("items")
    return len(items) if depth is None and isinstance(items, list) else depth


def todo_view(row: LatestRow) -> TodoView | None:
    """The item as its latest event says; None once it is done."""
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


def _scheduled(row: LatestRow) -> list[Any]:
    items = _data(row)[1].get("items")
    return items if isinstance(items, list) else []


def scheduled_items(row: LatestRow) -> list[dict[str, Any]]:
    """The items as sent, each with its agent; one that is a mere text is its name, what else is no object is left out."""
    named = [{"name": item} if isinstance(item, str) else item for item in _scheduled(row)]
    told = {"agent_id": row.agent_id, "snapshot_at": format_instant(row.ts)}
    return [{**item, **told} for item in named if isinstance(item, dict)]


def queue_view(row: LatestRow) -> dict[str, Any]:
    """A snapshot as sent, with its depth (null: not told), its agent and its time."""
    told = {"agent_id": row.agent_id, "depth": queue_depth(row), "snapshot_at": format_instant(row.ts)}
    return {**_data(row)[1], **told}


def agent_pipeline(agent_id: str, found: Waiting, now: int) -> AgentPipeline:
    """Everything that hangs on one agent; unknown agents have nothing."""
    latest = found.latest
    queue = next((row for row in latest if row.kind == "queue_snapshot"), None)
    return AgentPipeline(
        agent_id=agent_id,
        queue=None if queue is None else {**_data(queue)[1], "snapshot_at": format_instant(queue.ts)},
        todos=[todo for row in latest if row.kind == "todo" and (todo := todo_view(row)) is not None],
        scheduled=[item for row in latest if row.kind == "scheduled" for item in _scheduled(row)],
        issues=[issue_view(row) for row in found.issues if is_active(row.state)],
        approvals=[approval_view(row, now) for row in found.approvals],
        expired_approvals=[approval_view(row, now) for row in found.expired],
    )

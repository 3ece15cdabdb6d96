"""Is this issue still a problem, and its row as clients see it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.instant import format_instant, format_optional
from hiveboard.store.state import IssueState
from hiveboard.store.values import count_of, dict_of, text_in

__all__ = ["IssueView", "is_active", "issue_status", "issue_view"]


class IssueView(Struct, kw_only=True):
    """One issue of one agent. ``status`` is open, regressed (reported again after it was closed), resolved or dismissed.

    ``occurrences`` counts the reports received; ``occurrence_count`` is what the agent said, when it said so.
    """

    agent_id: str
    issue_id: str | None
    issue_key: str
    status: str
    severity: str | None
    category: str | None
    summary: str | None
    context: Any
    action: str
    occurrences: int
    occurrence_count: int | None
    first_seen: str
    last_seen: str
    closed_at: str | None
    timestamp: str
    task_id: str | None
    project_id: str | None


def issue_status(state: IssueState) -> str:
    """What the latest report and the latest close say together."""
    if state.closed_ts is None or state.reported_ts is None:
        return "open"
    return (state.closed_action or "resolved") if state.is_closed else "regressed"


def is_active(state: IssueState) -> bool:
    """Whether somebody should look at it."""
    return issue_status(state) in ("open", "regressed")


def issue_view(state: IssueState) -> IssueView:
    """The issue with the details of its latest report."""
    payload = dict_of(msgspec.json.decode(state.reported)) if state.reported else {}
    data = dict_of(payload.get("data"))
    status = issue_status(state)
    last = format_instant(state.reported_ts if state.reported_ts is not None else state.first_ts)
    return IssueView(
        agent_id=state.agent_id,
        issue_id=state.issue_id,
        issue_key=state.issue_key,
        status=status,
        severity=text_in(data, "severity"),
        category=text_in(data, "category"),
        summary=text_in(payload, "summary"),
        context=data.get("context"),
        action="reported" if status in ("open", "regressed") else status,
        occurrences=state.occurrences,
        occurrence_count=count_of(data.get("occurrence_count"), 10**15),
        first_seen=format_instant(state.first_ts),
        last_seen=last,
        closed_at=format_optional(state.closed_ts),
        timestamp=last,
        task_id=state.task_id,
        project_id=state.project_id,
    )

"""Is this issue still a problem, and its row as clients see it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.instant import format_instant, format_optional
from hiveboard.store.fold_issue import CLOSING, REOPENING
from hiveboard.store.rows import IssueRow
from hiveboard.store.state import IssueState
from hiveboard.store.values import count_of, dict_of, text_in

from .task_status import dollars

__all__ = ["ISSUE_STATUSES", "IssueView", "address_of", "is_active", "issue_of", "issue_status", "issue_view"]

ISSUE_STATUSES = ("open", "regressed", "resolved", "dismissed")


class IssueView(Struct, kw_only=True):
    """One issue of one agent. ``status`` is open, regressed (reported again after it was closed), resolved or dismissed;
    ``action`` is what happened to it last. ``id`` is its address: what agents call it may repeat between them.

    ``environment``, ``group``, ``project_id`` and ``task_id`` are those of the latest report. ``affected_tasks`` counts
    the runs it was reported in and ``affected_cost`` is what these cost together in US dollars, as far as it is known.
    ``occurrences`` counts the reports received; ``occurrence_count`` is what the agent said, when it said so.
    """

    id: str
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
    environment: str
    group: str
    affected_tasks: int | None
    affected_cost: float | None


def address_of(agent_id: str, issue_key: str) -> str:
    """The address of an issue: safe in a URL, the same for ever."""
    return base64.urlsafe_b64encode(msgspec.json.encode([agent_id, issue_key])).decode().rstrip("=")


def issue_of(address: str) -> tuple[str, str] | None:
    """Agent and key of an address; None for what is no address."""
    try:
        packed = base64.b64decode(address + "=" * (-len(address) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(packed, type=tuple[str, str])
    except (ValueError, binascii.Error):
        return None


def issue_status(state: IssueState) -> str:
    """What the latest report, the latest close and the latest reopening say together."""
    if state.closed_ts is None or state.reported_ts is None:
        return "open"
    if state.is_closed:
        return state.closed_action or "resolved"
    return "open" if _opened_by_hand(state) else "regressed"


def _opened_by_hand(state: IssueState) -> bool:
    """Whether a person took the latest close back."""
    return state.reopened_ts is not None and state.reopened_ts >= (state.closed_ts or state.reopened_ts)


def _last_action(state: IssueState) -> str:
    status = issue_status(state)
    if status in CLOSING:
        return status
    return REOPENING if (state.reopened_ts or 0) > (state.reported_ts or 0) else "reported"


def is_active(state: IssueState) -> bool:
    """Whether somebody should look at it."""
    return issue_status(state) in ("open", "regressed")


def issue_view(row: IssueRow) -> IssueView:
    """The issue with the details of its latest report."""
    state = row.state
    payload = dict_of(msgspec.json.decode(state.reported)) if state.reported else {}
    data = dict_of(payload.get("data"))
    last = format_instant(state.reported_ts if state.reported_ts is not None else state.first_ts)
    return IssueView(
        id=address_of(state.agent_id, state.issue_key),
        agent_id=state.agent_id,
        issue_id=state.issue_id,
        issue_key=state.issue_key,
        status=issue_status(state),
        severity=text_in(data, "severity"),
        category=text_in(data, "category"),
        summary=text_in(payload, "summary"),
        context=data.get("context"),
        action=_last_action(state),
        occurrences=state.occurrences,
        occurrence_count=count_of(data.get("occurrence_count"), 10**15),
        first_seen=format_instant(state.first_ts),
        last_seen=last,
        closed_at=format_optional(state.closed_ts),
        timestamp=last,
        task_id=state.task_id,
        project_id=state.project_id,
        environment=row.environment,
        group=row.group,
        affected_tasks=row.tasks,
        affected_cost=dollars(row.cost_nano),
    )

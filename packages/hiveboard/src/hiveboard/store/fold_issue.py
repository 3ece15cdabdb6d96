"""Issues: what makes two reports the same issue, and how one event changes an issue's summary."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from .records import EventRecord
from .state import IssueState
from .values import dict_of, text_in

__all__ = ["CLOSING", "REOPENING", "fold_issue", "issue_action", "issue_key", "normalised_summary"]

#: Actions that close an issue, and the one by which a person opens it again. Everything else is a report of it.
CLOSING = ("resolved", "dismissed")
REOPENING = "reopened"

# What differs between two occurrences of one problem. Short numbers (403, 500) tell problems apart and stay.
_VARIABLE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:z|[+-]\d\d:?\d\d)?)?"  # timestamp
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"  # time of day
    r"|\b0x[0-9a-f]+\b"
    r"|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b"  # hash, object id
    r"|\d{5,}"
)
_SPACE = re.compile(r"\s+")


def normalised_summary(summary: str) -> str:
    """Lower case, single spaces, with timestamps, ids and long numbers folded into ``#``."""
    return _VARIABLE.sub("#", _SPACE.sub(" ", summary.strip().lower()))


def issue_key(issue_id: str | None, summary: str | None) -> str:
    """Identity of an issue within its agent: the id it was given, else a hash of the normalised summary."""
    if issue_id is not None:
        return f"id:{issue_id}"
    digest = hashlib.sha256(normalised_summary(summary or "").encode("utf-8", "replace")).hexdigest()
    return f"text:{digest[:32]}"


def issue_action(payload: dict[str, Any] | None) -> str:
    """``reported``, ``resolved``, ``dismissed`` or ``reopened``; anything unknown is a report."""
    action = dict_of((payload or {}).get("data")).get("action")
    return action if isinstance(action, str) and action in (*CLOSING, REOPENING) else "reported"


def fold_issue(issue: IssueState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    """Change ``issue`` in place by one event of it."""
    action = issue_action(payload)
    ts = record.ts
    issue.first_ts = min(issue.first_ts, ts)
    issue.issue_id = text_in(dict_of((payload or {}).get("data")), "issue_id")
    if action in CLOSING:
        if issue.closed_ts is None or ts >= issue.closed_ts:
            issue.closed_ts, issue.closed_action = ts, action
            issue.is_closed = ts >= _opened(issue)
        return
    if ts >= _opened(issue):
        issue.is_closed = issue.closed_ts is not None and issue.closed_ts > ts
    if action == REOPENING:
        issue.reopened_ts = ts if issue.reopened_ts is None else max(ts, issue.reopened_ts)
        return
    issue.occurrences += 1
    if issue.reported_ts is None or ts >= issue.reported_ts:
        issue.reported_ts, issue.reported = ts, record.payload
        issue.task_id, issue.project_id, issue.scope_id = record.task_id, record.project_id, record.scope_id


def _opened(issue: IssueState) -> int:
    """When it was opened last, by a report or by hand; before all time where it never was."""
    times = (issue.reported_ts, issue.reopened_ts)
    return max((ts for ts in times if ts is not None), default=-(1 << 62))

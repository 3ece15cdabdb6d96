"""Conditions that wait for people: issues and requests for approval."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hiveboard.instant import SECOND_US, format_instant
from hiveboard.store.rows import ApprovalRow, IssueRow
from hiveboard.store.values import dict_of, text_in

from .condition import ISSUE_SEVERITIES, ApprovalWaiting, Filters, IssueOpened
from .finding import Finding
from .scope import within
from .wording import count_words, duration_words, link, name_words, run_link

__all__ = ["issue_subject", "open_issues", "waiting_approvals"]


def issue_subject(agent_id: str, issue_key: str) -> str:
    """What tells issues apart."""
    return f"{agent_id}\x1f{issue_key}"


def open_issues(rows: Iterable[IssueRow], condition: IssueOpened, filters: Filters) -> list[Finding]:
    """Issues somebody should look at, of at least the severity asked for. An unknown severity counts as low."""
    found, least = [], ISSUE_SEVERITIES.index(condition.min_severity)
    for row in rows:
        state = row.state
        if state.is_closed or state.reported_ts is None or not within(filters, row):
            continue
        payload = dict_of(msgspec.json.decode(state.reported)) if state.reported else {}
        told = text_in(dict_of(payload.get("data")), "severity")
        severity = told if told in ISSUE_SEVERITIES else "low"
        if ISSUE_SEVERITIES.index(severity) < least:
            continue
        what = "was reported" if state.closed_ts is None else "came back"
        summary = name_words(text_in(payload, "summary"), 200) or "no summary"
        found.append(
            Finding(
                subject=issue_subject(state.agent_id, state.issue_key),
                cooldown_key=issue_subject(state.agent_id, state.issue_key),
                since=state.reported_ts,
                title=f"Issue of agent {name_words(state.agent_id)}: {summary}",
                text=f"An issue of severity {severity} {what} at {format_instant(state.reported_ts)}; "
                f"{count_words(state.occurrences, 'report', 'reports')} so far.",
                path=link("pipeline", agent=state.agent_id),
                value=ISSUE_SEVERITIES.index(severity),
                threshold=least,
                unit="severity",
                agent_id=state.agent_id,
                task_id=state.task_id,
                project_id=state.project_id,
            )
        )
    return found


def waiting_approvals(
    rows: Iterable[ApprovalRow], condition: ApprovalWaiting, filters: Filters, now: int
) -> list[Finding]:
    """Requests that have waited too long for an answer."""
    limit, found = condition.after_seconds * SECOND_US, []
    for row in rows:
        waited = now - row.ts
        if waited <= limit or not within(filters, row):
            continue
        found.append(
            Finding(
                subject=row.event_id,
                cooldown_key=row.event_id,
                since=row.ts,
                title=f"Agent {name_words(row.agent_id)} waits for an approval",
                text=f"It has waited for {duration_words(waited)}; the limit is {duration_words(limit)}. "
                f"Asked at {format_instant(row.ts)}.",
                path=run_link(row.task_id, row.task_run_id) if row.task_id else link("pipeline"),
                value=round(waited / SECOND_US, 3),
                threshold=condition.after_seconds,
                unit="seconds",
                agent_id=row.agent_id,
                task_id=row.task_id,
                task_run_id=row.task_run_id or None,
                project_id=row.project_id,
            )
        )
    return found

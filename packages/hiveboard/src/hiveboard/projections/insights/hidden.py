"""What goes wrong without anybody saying so: dropped work, idle queues, refused keys, approvals that wait, steps that fail."""

from __future__ import annotations

from hiveboard.instant import SECOND_US
from hiveboard.projections.approval import approval_view
from hiveboard.projections.finding import Finding
from hiveboard.projections.pipeline import queue_depth
from hiveboard.projections.wording import duration, one_line, plural

from .answer import Answer, ratio, unknown
from .facts import Facts, Period, grouped

__all__ = [
    "approvals_waiting",
    "dropped_work",
    "failing_action",
    "heartbeat_drift",
    "idle_with_queue",
    "recurring_issues",
    "refused_calls",
]

_LATE_SECONDS = 900
_ENOUGH = 5
_OFTEN = 0.2


def _found(facts: Facts, *detectors: str) -> list[Finding]:
    return [finding for finding in facts.findings if finding.detector in detectors]


def _of_findings(facts: Facts, found: list[Finding], quiet: str) -> Answer:
    return Answer(
        value=len(found),
        explanation=found[0].summary if found else quiet,
        attention=bool(found),
        evidence=[one for finding in found for one in finding.evidence][:5],
        columns=[
            ("agent", "Agent", "text"),
            ("summary", "What was seen", "text"),
            ("since", "Since", "time"),
        ],
        rows=[{"agent": one.agent_id, "summary": one.summary, "since": one.since} for one in found],
    )


def dropped_work(facts: Facts) -> Answer:
    """Question 22."""
    quiet = "No item left a queue without a run, and no open run is older than its type takes."
    return _of_findings(facts, _found(facts, "silent_drop"), quiet)


def idle_with_queue(facts: Facts) -> Answer:
    """Question 23."""
    if not facts.at.queues:
        return unknown("No agent reports a queue.")
    states = {view.agent_id: view.derived_status for view in facts.at.views}
    rows = [
        {"agent": row.agent_id, "depth": depth}
        for row in facts.at.queues
        if (depth := queue_depth(row)) and states.get(row.agent_id) == "idle"
    ]
    growing = {finding.agent_id for finding in _found(facts, "contradiction")}
    told = ", ".join(one_line(str(row["agent"])) for row in rows[:3])
    return Answer(
        value=len(rows),
        explanation=f"Idle while work waits: {told}; {len(growing)} of these queues still grow."
        if rows
        else "No agent is idle while work waits.",
        attention=bool(rows),
        evidence=[facts.links.agent(str(row["agent"])) for row in rows[:5]],
        columns=[("agent", "Agent", "text"), ("depth", "Waiting", "items"), ("growing", "Growing", "flag")],
        rows=[{**row, "growing": row["agent"] in growing} for row in rows],
    )


def _refused(period: Period) -> dict[tuple[str, str], int]:
    """Refused calls by agent and status. One failure may be told by the call, by its action and by a diagnosis, so that
    of the three only the greatest number counts."""
    told = [row for row in period.troubles if str(row.group[1]).startswith("credential_")]
    most: dict[tuple[str, str], int] = {}
    for (agent, _, status), row in grouped(told, 0, 1, 2).items():
        most[agent, status] = max(most.get((agent, status), 0), row.events)
    return most


def refused_calls(facts: Facts) -> Answer:
    """Question 24."""
    now, before = _refused(facts.current), _refused(facts.previous)
    count = sum(now.values())
    names = ", ".join(sorted({one_line(agent) for agent, _ in now})[:3])
    return Answer(
        value=count,
        previous=sum(before.values()),
        explanation=f"{plural(count, 'call')} refused with 401 or 403, of {names}."
        if count
        else "No call was refused with 401 or 403.",
        attention=count > 0,
        evidence=[
            facts.links.view("activity", agent, agent=agent, feed="error") for agent, _ in list(now)[:4]
        ],
        columns=[("agent", "Agent", "text"), ("status", "Status", "text"), ("calls", "Refused", "calls")],
        rows=[
            {"agent": agent, "status": status, "calls": number}
            for (agent, status), number in sorted(now.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def heartbeat_drift(facts: Facts) -> Answer:
    """Question 25."""
    if all(view.last_heartbeat is None for view in facts.at.views):
        return unknown("No agent sends heartbeats.")
    return _of_findings(facts, _found(facts, "heartbeat_drift"), "Heartbeats say as much as they did before.")


def approvals_waiting(facts: Facts) -> Answer:
    """Question 26."""
    waiting = facts.at.approvals
    oldest = max((facts.now - row.ts for row in waiting), default=0) / SECOND_US
    told = f", the oldest for {duration(max(0, round(oldest * 1000)))}" if waiting else ""
    views = [approval_view(row, facts.now) for row in waiting[:200]]
    return Answer(
        value=len(waiting),
        explanation=f"{plural(len(waiting), 'approval')} waiting{told}.",
        attention=oldest > _LATE_SECONDS,
        evidence=[facts.links.view("pipeline", "Approvals")],
        columns=[
            ("agent", "Agent", "text"),
            ("task", "Task", "text"),
            ("summary", "Asked for", "text"),
            ("age_seconds", "Waiting", "seconds"),
        ],
        rows=[
            {
                "agent": one.agent_id,
                "task": one.task_id,
                "summary": one.summary,
                "age_seconds": one.age_seconds,
            }
            for one in views
        ],
    )


def failing_action(facts: Facts) -> Answer:
    """Question 27."""
    rates = _failure_rates(facts.current)
    if not rates:
        return unknown(f"No action ended {_ENOUGH} times in this period.")
    before = _failure_rates(facts.previous)
    order = sorted(rates, key=lambda name: (-rates[name][0], -rates[name][1], name))
    worst, (rate, failed, ended) = order[0], rates[order[0]]
    text = (
        f"{one_line(worst)} fails most: {failed:,} of {ended:,} times."
        if failed
        else f"No action that ended {_ENOUGH} times failed."
    )
    return Answer(
        value=rate,
        previous=before[worst][0] if worst in before else None,
        explanation=text,
        attention=rate >= _OFTEN,
        evidence=[facts.links.view("activity", "Errors", feed="error")],
        columns=[
            ("action", "Action", "text"),
            ("rate", "Failure rate", "ratio"),
            ("failed", "Failed", "steps"),
            ("ended", "Ended", "steps"),
        ],
        rows=[
            {"action": name, "rate": rates[name][0], "failed": rates[name][1], "ended": rates[name][2]}
            for name in order
        ],
    )


def _failure_rates(period: Period) -> dict[str, tuple[float, int, int]]:
    """By name: rate, failed, ended; of actions that ended often enough to speak of a rate."""
    found = {}
    for (name,), row in grouped(period.actions, 1).items():
        ended = row.completed + row.failed
        if ended >= _ENOUGH:
            found[name] = (ratio(row.failed, ended) or 0.0, row.failed, ended)
    return found


def recurring_issues(facts: Facts) -> Answer:
    """Question 28."""
    again = sorted(
        (one for one in facts.at.issues if one.occurrences > 1),
        key=lambda one: (-one.occurrences, one.issue_key),
    )
    most = (
        f"; “{one_line(again[0].view.summary or again[0].issue_key)}” {again[0].occurrences:,} times"
        if again
        else ""
    )
    return Answer(
        value=len(again),
        explanation=f"{plural(len(again), 'open issue')} reported more than once{most}.",
        attention=bool(again),
        evidence=[facts.links.view("pipeline", "Issues")],
        columns=[
            ("agent", "Agent", "text"),
            ("summary", "Issue", "text"),
            ("occurrences", "Reports", "events"),
            ("first_seen", "First", "time"),
            ("last_seen", "Last", "time"),
        ],
        rows=lambda: [
            {
                "agent": one.agent_id,
                "summary": one.view.summary,
                "occurrences": one.occurrences,
                "first_seen": one.view.first_seen,
                "last_seen": one.view.last_seen,
            }
            for one in again
        ],
    )

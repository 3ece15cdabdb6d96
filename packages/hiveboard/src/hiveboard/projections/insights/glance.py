"""Is everything alright? The questions of a glance."""

from __future__ import annotations

from collections import Counter

from hiveboard.instant import SECOND_US
from hiveboard.projections.activity import headline, narrate
from hiveboard.projections.event_view import payload_of
from hiveboard.projections.wording import duration, one_line, plural
from hiveboard.store.rows import OutcomeRow

from .answer import Answer, unknown
from .facts import Facts, total

__all__ = [
    "NO_AGENTS",
    "agents_running",
    "finished",
    "happening_now",
    "needs_attention",
    "stuck",
    "work_flowing",
]

NO_AGENTS = "No agent has been seen here yet."
_QUIET_SECONDS = 600


def finished(row: OutcomeRow) -> int:
    """Runs that ended, however."""
    return row.completed + row.failed + row.other


def agents_running(facts: Facts) -> Answer:
    """Question 1."""
    views = facts.at.views
    if not views:
        return unknown(NO_AGENTS)
    states = Counter(view.derived_status for view in views)
    running = len(views) - states["offline"]
    told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(states.items()))
    return Answer(
        value=running,
        explanation=f"{running} of {plural(len(views), 'agent')} {'is' if running == 1 else 'are'} running: {told}.",
        attention=running == 0,
        trend=facts.trend(facts.series.activity, lambda row: row.events, 0),
        evidence=[facts.links.view("fleet", "The fleet")],
        columns=[
            ("agent", "Agent", "text"),
            ("status", "Status", "text"),
            ("last_seen", "Last seen", "time"),
        ],
        rows=[
            {"agent": view.agent_id, "status": view.derived_status, "last_seen": view.last_seen}
            for view in sorted(views, key=lambda view: view.last_seen, reverse=True)
        ],
    )


def needs_attention(facts: Facts) -> Answer:
    """Question 2."""
    if not facts.at.views:
        return unknown(NO_AGENTS)
    rows = [
        {
            "what": view.derived_status.replace("_", " "),
            "agent": view.agent_id,
            "detail": view.current_task_id,
        }
        for view in facts.at.views
        if view.derived_status in ("stuck", "error")
    ]
    rows += [{"what": "approval", "agent": one.agent_id, "detail": one.task_id} for one in facts.at.approvals]
    issues = facts.at.issues
    counts = Counter(row["what"] for row in rows)
    counts.update(f"issue {one.status}" for one in issues)
    told = ", ".join(f"{count} × {what}" for what, count in counts.most_common()) or "nothing"
    return Answer(
        value=len(rows) + len(issues),
        explanation=f"Waiting for a person: {told}.",
        attention=bool(rows or issues),
        evidence=[
            facts.links.view("fleet", "Agents that need attention", show="attention"),
            facts.links.view("pipeline", "Approvals and issues"),
        ],
        columns=[("what", "What", "text"), ("agent", "Agent", "text"), ("detail", "Detail", "text")],
        rows=lambda: (
            rows
            + [
                {"what": f"issue {one.status}", "agent": one.agent_id, "detail": one.view.summary}
                for one in issues
            ]
        ),
    )


def stuck(facts: Facts) -> Answer:
    """Question 3."""
    if not facts.at.views:
        return unknown(NO_AGENTS)
    rows = []
    for view in facts.at.views:
        still = view.no_progress_seconds
        wedged = (
            still is not None and still > view.stuck_threshold_seconds and view.derived_status == "processing"
        )
        if view.is_stuck or wedged:
            rows.append(
                {
                    "agent": view.agent_id,
                    "why": "silent" if view.is_stuck else "beats without progress",
                    "heartbeat_age_seconds": view.heartbeat_age_seconds,
                    "no_progress_seconds": still,
                    "task": view.current_task_id,
                }
            )
    told = ", ".join(one_line(str(row["agent"])) for row in rows[:3])
    return Answer(
        value=len(rows),
        explanation=f"Stuck or without progress: {told}."
        if rows
        else "No agent is stuck, and every open task moves.",
        attention=bool(rows),
        evidence=[facts.links.agent(str(row["agent"])) for row in rows[:5]],
        columns=[
            ("agent", "Agent", "text"),
            ("why", "Why", "text"),
            ("heartbeat_age_seconds", "Last heartbeat", "seconds"),
            ("no_progress_seconds", "No progress for", "seconds"),
            ("task", "Task", "text"),
        ],
        rows=rows,
    )


def work_flowing(facts: Facts) -> Answer:
    """Question 4."""
    now, before = total(facts.current.outcomes, OutcomeRow), total(facts.previous.outcomes, OutcomeRow)
    if not facts.at.views:
        return unknown(NO_AGENTS)
    rate, earlier = finished(now) / facts.hours, finished(before) / facts.hours
    halted = finished(now) == 0 and (facts.at.counts.open_tasks > 0 or finished(before) > 0)
    return Answer(
        value=round(rate, 3),
        previous=round(earlier, 3),
        explanation=f"{plural(finished(now), 'run')} ended in the period, {finished(before):,} in the one before.",
        attention=halted,
        trend=facts.trend(facts.series.outcomes, finished, 0),
        evidence=[facts.links.view("tasks", "Runs")],
        columns=[("outcome", "Outcome", "text"), ("runs", "Runs", "runs"), ("previous", "Before", "runs")],
        rows=[
            {"outcome": name, "runs": getattr(now, name), "previous": getattr(before, name)}
            for name in ("completed", "failed", "other")
        ],
    )


def happening_now(facts: Facts) -> Answer:
    """Question 5."""
    if not facts.at.events:
        return unknown("No event has been received yet.")
    newest = facts.at.events[0].record
    age = max(0, facts.now - newest.ts) / SECOND_US
    rows = []
    for event in facts.at.events:
        record = event.record
        said = headline(record, payload_of(event))
        rows.append({"agent": record.agent_id, "task": record.task_id, "said": narrate(record, said)})
    return Answer(
        value=round(age, 3),
        explanation=f"The newest event is {duration(round(age * 1000))} old.",
        attention=age > _QUIET_SECONDS and facts.at.counts.open_tasks > 0,
        trend=facts.trend(facts.series.activity, lambda row: row.events - row.heartbeats, 0),
        evidence=[facts.links.view("activity", "The live feed")],
        columns=[("agent", "Agent", "text"), ("task", "Task", "text"), ("said", "What happened", "text")],
        rows=rows,
    )

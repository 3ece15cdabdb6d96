"""What there is to do and how it goes: the questions of a glance about work, heartbeats and problems."""

from __future__ import annotations

from hiveboard.projections.agent_view import AgentView
from hiveboard.projections.pipeline import queue_depth
from hiveboard.projections.wording import plural

from .answer import MAX_ROWS, Answer, unknown
from .facts import Facts
from .glance import NO_AGENTS

__all__ = ["current_work", "heartbeats", "pending_work", "reported_problems"]


def current_work(facts: Facts) -> Answer:
    """Question 6."""
    busy = [view for view in facts.at.views if view.open_tasks]
    if not facts.at.views:
        return unknown(NO_AGENTS)
    count = facts.at.counts.open_tasks
    return Answer(
        value=count,
        explanation=f"{plural(count, 'run')} open, at {plural(len(busy), 'agent')}.",
        evidence=[facts.links.view("tasks", "Open runs", status="processing")],
        columns=[
            ("agent", "Agent", "text"),
            ("task", "Task", "text"),
            ("since", "Since", "time"),
            ("no_progress_seconds", "Last event", "seconds"),
        ],
        rows=[
            {
                "agent": view.agent_id,
                "task": view.current_task_id,
                "since": view.current_task_started_at,
                "no_progress_seconds": view.no_progress_seconds,
            }
            for view in busy
        ],
    )


def heartbeats(facts: Facts) -> Answer:
    """Question 7."""
    beating = [
        v for v in facts.at.views if v.heartbeat_age_seconds is not None and v.derived_status != "offline"
    ]
    if not beating:
        return unknown("No running agent sends heartbeats.")

    def late(view: AgentView) -> bool:
        return (view.heartbeat_age_seconds or 0) > view.stuck_threshold_seconds

    healthy = sum(not late(view) for view in beating)
    return Answer(
        value=round(healthy / len(beating), 6),
        explanation=f"{healthy} of {plural(len(beating), 'agent')} that send heartbeats beat in time.",
        attention=healthy < len(beating),
        trend=facts.trend(facts.series.activity, lambda row: row.heartbeats, 0),
        evidence=[facts.links.agent(view.agent_id) for view in beating if late(view)][:5],
        columns=[
            ("agent", "Agent", "text"),
            ("age", "Last heartbeat", "seconds"),
            ("limit", "Limit", "seconds"),
        ],
        rows=[
            {"agent": view.agent_id, "age": view.heartbeat_age_seconds, "limit": view.stuck_threshold_seconds}
            for view in sorted(beating, key=lambda view: -(view.heartbeat_age_seconds or 0))
        ],
    )


def pending_work(facts: Facts) -> Answer:
    """Question 8."""
    depths = {row.agent_id: depth for row in facts.at.queues if (depth := queue_depth(row)) is not None}
    if not depths:
        return unknown("No agent reports a queue.")
    states = {view.agent_id: view.derived_status for view in facts.at.views}
    idle = [name for name, depth in depths.items() if depth and states.get(name) == "idle"]
    count = sum(depths.values())
    told = (
        f"; {plural(len(idle), 'idle agent')} of them {'has' if len(idle) == 1 else 'have'} work waiting"
        if idle
        else ""
    )
    return Answer(
        value=count,
        explanation=f"{plural(count, 'item')} in {plural(len(depths), 'queue')}{told}.",
        attention=bool(idle),
        evidence=[facts.links.view("pipeline", "Queues"), *(facts.links.agent(name) for name in idle[:4])],
        columns=[("agent", "Agent", "text"), ("depth", "Depth", "items"), ("status", "Status", "text")],
        rows=[
            {"agent": name, "depth": depth, "status": states.get(name)}
            for name, depth in sorted(depths.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def reported_problems(facts: Facts) -> Answer:
    """Question 9."""
    issues = facts.at.issues
    again = sum(one.status == "regressed" for one in issues)
    return Answer(
        value=len(issues),
        explanation=f"{plural(len(issues), 'issue')} open, {again} of them came back after being closed.",
        attention=bool(issues),
        evidence=[facts.links.view("pipeline", "Issues")],
        columns=[
            ("agent", "Agent", "text"),
            ("summary", "Issue", "text"),
            ("severity", "Severity", "text"),
            ("occurrences", "Reports", "events"),
            ("last_seen", "Last", "time"),
        ],
        rows=lambda: [
            {
                "agent": one.agent_id,
                "summary": one.view.summary,
                "severity": one.view.severity,
                "occurrences": one.occurrences,
                "last_seen": one.view.last_seen,
            }
            for one in issues[:MAX_ROWS]
        ],
    )

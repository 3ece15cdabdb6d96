"""The fleet now: what several store queries say of each agent, gathered into one view each."""

from __future__ import annotations

import asyncio
from collections import Counter

from .instant import HOUR_US, MINUTE_US
from .projections.agent_view import AgentFacts, AgentStats, AgentView, agent_view
from .projections.cost import known_cost
from .projections.issue import is_active
from .projections.pipeline import queue_depth
from .store import Span, Store
from .store.rows import OutcomeRow, Scope, UsageRow

__all__ = ["FLEET_ROWS", "agent_stats", "agent_views", "day_span", "hour_span"]

#: Most issues, approvals or snapshots looked at for one answer.
FLEET_ROWS = 5_000
_BUCKETS = 12
_WIDTH = 5 * MINUTE_US


def hour_span(now: int) -> Span:
    """The last hour: twelve aligned five-minute buckets, the running one included."""
    start = now - now % _WIDTH - (_BUCKETS - 1) * _WIDTH
    return Span(start, start + _BUCKETS * _WIDTH, _WIDTH, _WIDTH)


async def agent_views(store: Store, tenant: str, now: int, agent_id: str | None = None) -> list[AgentView]:
    """All agents of a tenant (or the one named) at ``now`` (microseconds)."""
    scope, span = Scope(agent_id=agent_id), hour_span(now)
    agents, tasks, approvals, projects = await asyncio.gather(
        store.agents(tenant, agent_id),
        store.open_tasks(tenant, agent_id),
        store.open_approvals(tenant, agent_id, FLEET_ROWS),
        store.agent_projects(tenant, agent_id),
    )
    queues, issues, usage, outcomes, activity = await asyncio.gather(
        store.latest(tenant, agent_id, ("queue_snapshot",), FLEET_ROWS),
        store.issues(tenant, agent_id, FLEET_ROWS),
        store.usage(tenant, scope, ("agent",), span),
        store.outcomes(tenant, scope, ("agent",), span),
        store.activity(tenant, scope, ("agent", "bucket"), span),
    )
    open_by_agent = {task.agent_id: task for task in tasks}
    waiting = {approval.agent_id for approval in approvals}
    depths = {row.agent_id: queue_depth(row) for row in queues}
    active = Counter(row.state.agent_id for row in issues if is_active(row.state))
    usage_by_agent = {row.group[0]: row for row in usage}
    outcomes_by_agent = {row.group[0]: row for row in outcomes}
    names: dict[str, list[str]] = {}
    for owner, project in projects:
        names.setdefault(owner, []).append(project)
    sparklines: dict[str, list[int]] = {}
    for row in activity:
        line = sparklines.setdefault(str(row.group[0]), [0] * _BUCKETS)
        line[(int(row.group[1] or 0) - span.since) // _WIDTH] += row.events - row.heartbeats
    views = []
    for agent in agents:
        name = agent.state.agent_id
        facts = AgentFacts(
            open_task=open_by_agent.get(name),
            waiting=name in waiting,
            projects=names.get(name, []),
            stats=agent_stats(
                usage_by_agent.get(name), outcomes_by_agent.get(name), 1.0, depths.get(name), active[name]
            ),
            sparkline=sparklines.get(name, [0] * _BUCKETS),
        )
        views.append(agent_view(agent, facts, now))
    return views


def agent_stats(
    usage: UsageRow | None, outcomes: OutcomeRow | None, hours: float, depth: int | None, issues: int
) -> AgentStats:
    """A stretch of ``hours`` in numbers."""
    completed = outcomes.completed if outcomes else 0
    failed = outcomes.failed if outcomes else 0
    timed = outcomes.timed if outcomes else 0
    finished = completed + failed
    return AgentStats(
        tasks_completed=completed,
        tasks_failed=failed,
        success_rate=round(completed / finished, 6) if finished else None,
        avg_duration_ms=round(outcomes.duration_ms / timed, 3) if outcomes and timed else None,
        total_cost=known_cost(usage),
        llm_call_count=usage.calls if usage else 0,
        throughput=round(finished / hours, 3),
        queue_depth=depth,
        active_issues=issues,
    )


def day_span(now: int) -> Span:
    """The last day: 24 aligned hours, the running one included."""
    start = now - now % HOUR_US - 23 * HOUR_US
    return Span(start, start + 24 * HOUR_US, HOUR_US, HOUR_US)

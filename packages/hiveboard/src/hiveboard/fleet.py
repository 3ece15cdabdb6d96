"""The fleet now: what several store queries say of each agent, gathered into one view each."""

from __future__ import annotations

import asyncio

from .instant import HOUR_US, MINUTE_US
from .projections.agent_status import silence_of
from .projections.agent_view import AgentFacts, AgentStats, AgentView, agent_view
from .projections.cost import estimated_part, known_cost
from .projections.pipeline import queue_depth
from .projections.time_range import recent_span
from .store import Span, Store, SumQuestion
from .store.rows import (
    ActivityRow,
    AgentPlaces,
    ApprovalRow,
    IssueRow,
    LatestRow,
    OutcomeRow,
    Scope,
    Silence,
    UsageRow,
)
from .store.samples import Sample
from .store.sums import ACTIVITY, OUTCOMES, USAGE

__all__ = ["FLEET_ROWS", "agent_stats", "agent_views", "belongs", "day_span", "silence_in"]

#: Most issues, approvals or snapshots looked at for one answer.
FLEET_ROWS = 5_000
_BUCKETS = 12
_WIDTH = 5 * MINUTE_US


async def silence_in(store: Store, tenant: str, now: int) -> Silence:
    """Who of a tenant's fleet has been silent for too long at ``now`` (microseconds)."""
    return silence_of(await store.agents(tenant, None), now)


async def agent_views(store: Store, tenant: str, now: int, scope: Scope | None = None) -> list[AgentView]:
    """The agents of a tenant that were seen within a scope, at ``now`` (microseconds).

    Who an agent is and its status are those of the agent as a whole; its numbers and its tasks are those of the scope.
    """
    scope = scope or Scope()
    agent_id, span = scope.agent_id, recent_span(HOUR_US, _WIDTH, now)
    fleet, places = await asyncio.gather(store.agents(tenant, None), store.agent_places(tenant, scope))
    # Of the whole fleet: a request of this agent may be about a run of another.
    silence = silence_of(fleet, now)
    agents = [row for row in fleet if agent_id in (None, row.state.agent_id)]
    busy, tasks, approvals = await asyncio.gather(
        store.open_tasks(tenant, Scope(agent_id=agent_id), silence),
        store.open_tasks(tenant, scope, silence),
        store.open_approvals(tenant, agent_id, FLEET_ROWS, silence),
    )
    asked = (
        SumQuestion(USAGE, ("agent",), span),
        SumQuestion(OUTCOMES, ("agent",), span),
        SumQuestion(ACTIVITY, ("agent", "bucket"), span),
    )
    queues, active, (usage, outcomes, activity) = await asyncio.gather(
        store.latest(tenant, agent_id, ("queue_snapshot",), FLEET_ROWS),
        store.active_issues(tenant, scope),
        store.sums(tenant, scope, asked),
    )
    open_by_agent = {task.agent_id: task for task in tasks}
    working = {task.agent_id for task in busy}
    waiting = {approval.agent_id for approval in approvals}
    depths = {row.agent_id: queue_depth(row) for row in queues if belongs(row, scope)}
    usage_by_agent = {row.group[0]: row for row in usage}
    outcomes_by_agent = {row.group[0]: row for row in outcomes}
    sparklines = _sparklines(activity, span)
    views = []
    for agent in agents:
        name = agent.state.agent_id
        if name not in places:
            continue
        stats = agent_stats(
            usage_by_agent.get(name), outcomes_by_agent.get(name), 1.0, depths.get(name), active.get(name, 0)
        )
        facts = AgentFacts(
            open_task=open_by_agent.get(name),
            working=name in working,
            waiting=name in waiting,
            places=places.get(name, AgentPlaces([], [], [])),
            stats=stats,
            sparkline=sparklines.get(name, [0] * _BUCKETS),
        )
        views.append(agent_view(agent, facts, now))
    return views


def belongs(row: LatestRow | IssueRow | ApprovalRow | Sample, scope: Scope) -> bool:
    """Whether what hangs on an agent counts within a scope; what names no project belongs to all projects of its agent."""
    return (
        (scope.project_id is None or row.project_id in (None, scope.project_id))
        and scope.environment in (None, row.environment)
        and scope.group in (None, row.group)
    )


def _sparklines(activity: list[ActivityRow], span: Span) -> dict[str, list[int]]:
    """Events by agent in the twelve buckets that end now; what the span holds before them is left out."""
    first = span.until - _BUCKETS * _WIDTH
    lines: dict[str, list[int]] = {}
    for row in activity:
        at = (int(row.group[1] or 0) - first) // _WIDTH
        if at >= 0:
            lines.setdefault(str(row.group[0]), [0] * _BUCKETS)[at] += row.events - row.heartbeats
    return lines


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
        estimated_cost=estimated_part(usage),
        llm_call_count=usage.calls if usage else 0,
        throughput=round(finished / hours, 3),
        queue_depth=depth,
        active_issues=issues,
    )


def day_span(now: int) -> Span:
    """The last day by the hour."""
    return recent_span(24 * HOUR_US, HOUR_US, now)

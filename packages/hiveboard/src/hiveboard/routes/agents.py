"""Agents: the fleet, and one agent with its history."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.errors import NotFoundError
from hiveboard.fleet import agent_stats, agent_views, day_span
from hiveboard.instant import format_instant
from hiveboard.projections.agent_status import AGENT_STATUSES
from hiveboard.projections.agent_view import AGENT_SORTS, AgentStats, AgentView
from hiveboard.projections.metrics import MetricPoint, metric_series
from hiveboard.store.rows import Scope

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_HEARTBEATS = 120


class AgentPage(Struct):
    """A page of agents."""

    data: list[AgentView]
    pagination: Pagination


class Beat(Struct):
    """One heartbeat and what it carried."""

    timestamp: str
    received_at: str
    payload: Any


class AgentDetail(AgentView, kw_only=True):
    """An agent with its last day: numbers, hourly series, heartbeats (newest first)."""

    stats_24h: AgentStats
    metrics_timeseries: list[MetricPoint]
    heartbeat_history: list[Beat]


async def list_agents(context: Context) -> AgentPage:
    """A page of agents; status is a matter of now, so the whole fleet is looked at."""
    params = context.params
    scope = Scope(project_id=params["project_id"], environment=params["environment"], group=params["group"])
    views = await agent_views(context.store, context.tenant, context.services.clock(), scope)
    wanted = [view for view in views if params["status"] in (None, view.derived_status)]
    key, descending = AGENT_SORTS[params["sort"]]
    wanted.sort(key=key, reverse=descending)  # type: ignore[arg-type]
    kind = f"agents-{params['sort']}"
    after = read_cursor(kind, params["cursor"], tuple[str, int])
    start = 0
    if after is not None:
        # An agent keeps its place by name; one whose status changed may move, none is lost by inserts. Where the last
        # one shown is no longer among them, another has its place.
        last, place = after
        names = [view.agent_id for view in wanted]
        start = names.index(last) + 1 if last in names else max(0, place - 1)
    page = wanted[start : start + params["limit"]]
    end = start + len(page)
    return AgentPage(
        page, write_cursor(kind, (page[-1].agent_id, end) if end < len(wanted) and page else None)
    )


async def get_agent(context: Context) -> AgentDetail:
    """One agent."""
    agent_id, store, tenant = context.params["agent_id"], context.store, context.tenant
    now = context.services.clock()
    scope, span = Scope(agent_id=agent_id), day_span(now)
    views = await agent_views(store, tenant, now, scope)
    if not views:
        raise NotFoundError(f"there is no agent {agent_id[:64]!r} here", code="agent_not_found")
    view = views[0]
    usage, outcomes, beats = await asyncio.gather(
        store.usage(tenant, scope, (), span),
        store.outcomes(tenant, scope, (), span),
        store.heartbeats(tenant, agent_id, _HEARTBEATS),
    )
    usage_by, outcomes_by, activity_by = await asyncio.gather(
        store.usage(tenant, scope, ("bucket",), span),
        store.outcomes(tenant, scope, ("bucket",), span),
        store.activity(tenant, scope, ("bucket",), span),
    )
    stats = view.stats_1h
    return AgentDetail(
        **{name: getattr(view, name) for name in AgentView.__struct_fields__},
        stats_24h=agent_stats(usage[0], outcomes[0], 24.0, stats.queue_depth, stats.active_issues),
        metrics_timeseries=metric_series(usage_by, outcomes_by, activity_by, span),
        heartbeat_history=[
            Beat(format_instant(ts), format_instant(received), msgspec.json.decode(raw) if raw else None)
            for ts, received, raw in beats
        ],
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/agents",
        list_agents,
        AgentPage,
        "Agents, those that need attention first.",
        (
            text("project_id", "Only agents seen in this project, with their numbers in it."),
            text("environment", "Only agents seen in this environment, with their numbers in it."),
            text("group", "Only agents seen in this group, with their numbers in it."),
            choice("status", "Only agents in this state.", AGENT_STATUSES),
            choice("sort", "Order of the rows.", tuple(AGENT_SORTS), "attention"),
            LIMIT,
            CURSOR,
        ),
        errors=(400,),
    ),
    Endpoint(
        "GET",
        "/v1/agents/detail",
        get_agent,
        AgentDetail,
        "One agent and its last day; for every id, also one that no path can hold.",
        (text("agent_id", "The agent's id.", required=True),),
        errors=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/agents/{agent_id:id}",
        get_agent,
        AgentDetail,
        "One agent and its last day.",
        errors=(404,),
    ),
)

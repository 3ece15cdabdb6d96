"""Queue, to-do items, schedule, issues and approvals: of one agent, and of the fleet."""

from __future__ import annotations

import asyncio

from hiveboard.fleet import FLEET_ROWS
from hiveboard.projections.pipeline import AgentPipeline, FleetPipeline, agent_pipeline, fleet_pipeline

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_KINDS = ("queue_snapshot", "scheduled", "todo")
_SHOWN = 200


async def of_agent(context: Context) -> AgentPipeline:
    """One agent's; an agent nobody has heard of has nothing."""
    agent_id, store, tenant = context.params["agent_id"], context.store, context.tenant
    latest, issues, approvals = await asyncio.gather(
        store.latest(tenant, agent_id, _KINDS, FLEET_ROWS),
        store.issues(tenant, agent_id, FLEET_ROWS),
        store.open_approvals(tenant, agent_id, FLEET_ROWS),
    )
    return agent_pipeline(agent_id, latest, issues, approvals, context.services.clock())


async def of_fleet(context: Context) -> FleetPipeline:
    """The fleet's."""
    store, tenant = context.store, context.tenant
    latest, issues, approvals = await asyncio.gather(
        store.latest(tenant, None, _KINDS, FLEET_ROWS),
        store.issues(tenant, None, FLEET_ROWS),
        store.open_approvals(tenant, None, FLEET_ROWS),
    )
    return fleet_pipeline(latest, issues, approvals, context.services.clock(), _SHOWN)


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/agents/{agent_id:path}/pipeline", of_agent, AgentPipeline, "One agent's queue, to-do items, "
        "schedule, issues and pending approvals.",
    ),
    Endpoint("GET", "/v1/pipeline", of_fleet, FleetPipeline, "The same of all agents, in numbers."),
)  # fmt: skip

"""Queue, to-do items, schedule, issues and approvals: of one agent, and of the fleet."""

from __future__ import annotations

import asyncio

from hiveboard.fleet import FLEET_ROWS, belongs
from hiveboard.projections.fleet_pipeline import FleetPipeline, fleet_pipeline
from hiveboard.projections.pipeline import AgentPipeline, Waiting, agent_pipeline
from hiveboard.store.rows import Scope

from .params import text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_KINDS = ("queue_snapshot", "scheduled", "todo")
_SHOWN = 500
_EXPIRED = 100


async def of_agent(context: Context) -> AgentPipeline:
    """One agent's; an agent nobody has heard of has nothing."""
    agent_id = context.params["agent_id"]
    found = await _waiting(context, agent_id)
    return agent_pipeline(agent_id, found, context.services.clock())


async def of_fleet(context: Context) -> FleetPipeline:
    """The fleet's, or that of one project or environment."""
    params = context.params
    scope = Scope(project_id=params["project_id"], environment=params["environment"], group=params["group"])
    found = await _waiting(context, None)
    if scope != Scope():
        members = await context.store.agent_places(context.tenant, scope)
        found = found.where(lambda agent_id, project: agent_id in members and belongs(project, scope))
    return fleet_pipeline(found, context.services.clock(), _SHOWN)


async def _waiting(context: Context, agent_id: str | None) -> Waiting:
    store, tenant = context.store, context.tenant
    latest, issues, approvals, expired = await asyncio.gather(
        store.latest(tenant, agent_id, _KINDS, FLEET_ROWS),
        store.issues(tenant, agent_id, FLEET_ROWS),
        store.open_approvals(tenant, agent_id, FLEET_ROWS),
        store.expired_approvals(tenant, agent_id, _EXPIRED),
    )
    return Waiting(latest, issues, approvals, expired)


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/agents/{agent_id:id}/pipeline", of_agent, AgentPipeline, "One agent's queue, to-do items, "
        "schedule, issues and pending approvals.",
    ),
    Endpoint(
        "GET", "/v1/pipeline", of_fleet, FleetPipeline, "The same of all agents, each row with its `agent_id`.",
        (
            text("project_id", "Only this project; what names none counts for every project of its agent."),
            text("environment", "Only agents seen in this environment."),
            text("group", "Only agents seen in this group."),
        ),
        errors=(400,),
    ),
)  # fmt: skip

"""Queue, to-do items, schedule, issues and approvals: of one agent, and of the fleet."""

from __future__ import annotations

import asyncio

from hiveboard.fleet import FLEET_ROWS
from hiveboard.projections.fleet_pipeline import FleetPipeline, Waiting, fleet_pipeline
from hiveboard.projections.pipeline import AgentPipeline, agent_pipeline

from .params import text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_KINDS = ("queue_snapshot", "scheduled", "todo")
_SHOWN = 500


async def of_agent(context: Context) -> AgentPipeline:
    """One agent's; an agent nobody has heard of has nothing."""
    agent_id = context.params["agent_id"]
    found = await _waiting(context, agent_id)
    return agent_pipeline(agent_id, found.latest, found.issues, found.approvals, context.services.clock())


async def of_fleet(context: Context) -> FleetPipeline:
    """The fleet's, or that of one project or environment."""
    project, environment = context.params["project_id"], context.params["environment"]
    found = await _waiting(context, None)
    if environment is not None:
        agents = await context.store.agents(context.tenant, None)
        names = {row.state.agent_id for row in agents if row.environment == environment}
        found = found.where(lambda agent_id, _: agent_id in names)
    if project is not None:
        pairs = await context.store.agent_projects(context.tenant, None)
        members = {agent_id for agent_id, name in pairs if name == project}
        # What names no project belongs to all projects of its agent.
        found = found.where(lambda agent_id, own: own == project or (own is None and agent_id in members))
    return fleet_pipeline(found, context.services.clock(), _SHOWN)


async def _waiting(context: Context, agent_id: str | None) -> Waiting:
    store, tenant = context.store, context.tenant
    latest, issues, approvals = await asyncio.gather(
        store.latest(tenant, agent_id, _KINDS, FLEET_ROWS),
        store.issues(tenant, agent_id, FLEET_ROWS),
        store.open_approvals(tenant, agent_id, FLEET_ROWS),
    )
    return Waiting(latest, issues, approvals)


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/agents/{agent_id:id}/pipeline", of_agent, AgentPipeline, "One agent's queue, to-do items, "
        "schedule, issues and pending approvals.",
    ),
    Endpoint(
        "GET", "/v1/pipeline", of_fleet, FleetPipeline, "The same of all agents, each row with its `agent_id`.",
        (
            text("project_id", "Only this project; what names none counts for every project of its agent."),
            text("environment", "Only agents in this environment."),
        ),
        errors=(400,),
    ),
)  # fmt: skip

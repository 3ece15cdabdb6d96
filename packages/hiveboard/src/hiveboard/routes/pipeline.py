"""Queue, to-do items, schedule, issues and approvals: of one agent, and of the fleet."""

from __future__ import annotations

import asyncio

from hiveboard.fleet import FLEET_ROWS, belongs, silence_in
from hiveboard.projections.approval import ApprovalView
from hiveboard.projections.fleet_pipeline import FleetPipeline, fleet_pipeline
from hiveboard.projections.pipeline import AgentPipeline, Waiting, agent_pipeline
from hiveboard.store.rows import IssueRow, Scope
from hiveboard.store.waiting import IssueFilter

from .params import integer, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_KINDS = ("queue_snapshot", "scheduled", "todo")
_ACTIVE = ("open", "regressed")
_EXPIRED = 100
_LIMIT = integer("limit", "How many rows of each list to return.", minimum=1, maximum=500, default=100)


async def of_agent(context: Context) -> AgentPipeline:
    """One agent's; an agent nobody has heard of has nothing."""
    agent_id = context.params["agent_id"]
    found = await _waiting(context, agent_id, counted=True)
    pipeline = agent_pipeline(agent_id, found, context.services.clock())
    _note_listening(context, pipeline.approvals)
    return pipeline


async def of_fleet(context: Context) -> FleetPipeline:
    """The fleet's, or that of one project or environment."""
    params = context.params
    scope = Scope(project_id=params["project_id"], environment=params["environment"], group=params["group"])
    found = await _waiting(context, None, counted=False)
    if scope != Scope():
        members = await context.store.agent_places(context.tenant, scope)
        found = found.where(lambda row: row.agent_id in members and belongs(row, scope))
    limit = params["limit"]
    await _count_runs(context, found.issues[:limit])
    pipeline = fleet_pipeline(found, context.services.clock(), limit)
    _note_listening(context, pipeline.approvals)
    return pipeline


def _note_listening(context: Context, approvals: list[ApprovalView]) -> None:
    for approval in approvals:
        approval.listening = context.services.hub.waiters.listens(context.tenant, approval.event_id)


async def _count_runs(context: Context, shown: list[IssueRow]) -> None:
    """Only of the issues that are shown: to look into the runs of all takes long."""
    keys = [(row.agent_id, row.state.issue_key) for row in shown]
    for row, counts in zip(shown, await context.store.affected(context.tenant, keys), strict=True):
        row.tasks, row.cost_nano = counts


async def _waiting(context: Context, agent_id: str | None, *, counted: bool) -> Waiting:
    store, tenant = context.store, context.tenant
    silence = await silence_in(store, tenant, context.services.clock())
    latest, issues, approvals, expired = await asyncio.gather(
        store.latest(tenant, agent_id, _KINDS, FLEET_ROWS),
        store.issue_page(
            tenant, IssueFilter(agent_id=agent_id, statuses=_ACTIVE, limit=FLEET_ROWS, counted=counted)
        ),
        store.open_approvals(tenant, agent_id, FLEET_ROWS, silence),
        store.expired_approvals(tenant, agent_id, _EXPIRED, silence),
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
            _LIMIT,
        ),
        errors=(400,),
    ),
)  # fmt: skip

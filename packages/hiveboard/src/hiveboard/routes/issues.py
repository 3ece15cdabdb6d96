"""Issues of all agents, and what a person does about one: resolve it, dismiss it, open it again."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from hiveloop.payloads import Issue
from msgspec import Meta, Struct

from hiveboard.errors import NotFoundError
from hiveboard.ingest.wire import WireEvent
from hiveboard.instant import format_instant
from hiveboard.projections.issue import ISSUE_STATUSES, IssueView, issue_of, issue_status, issue_view
from hiveboard.store.fold_issue import CLOSING
from hiveboard.store.rows import IssueRow
from hiveboard.store.waiting import IssueFilter

from .acting import store_act
from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import csv, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class IssuePage(Struct):
    """A page of issues."""

    data: list[IssueView]
    pagination: Pagination


class IssueAct(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be done. Without ``by`` it is signed with the name of the key."""

    action: Literal["resolved", "dismissed", "reopened"]
    by: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    note: Annotated[str, Meta(max_length=2_000)] | None = None


async def list_issues(context: Context) -> IssuePage:
    """The most recently reported first."""
    params, limit = context.params, context.params["limit"]
    want = IssueFilter(
        agent_id=params["agent_id"],
        project_id=params["project_id"],
        environment=params["environment"],
        group=params["group"],
        statuses=params["status"],
        severities=params["severity"],
        after=read_cursor("issues", params["cursor"], tuple[int, str, str]),
        limit=limit + 1,
    )
    rows = await context.store.issue_page(context.tenant, want)
    page = rows[:limit]
    last = page[-1].state if len(rows) > limit else None
    position = None if last is None else (last.reported_ts or 0, last.agent_id, last.issue_key)
    return IssuePage([issue_view(row) for row in page], write_cursor("issues", position))


async def get_issue(context: Context) -> IssueView:
    """One issue."""
    return issue_view(await _find(context))


async def act(context: Context) -> IssueView:
    """Do it, unless it is so already."""
    wanted = await context.read(IssueAct)
    async with context.services.hub.waiters.deciding:
        row = await _find(context)
        status = issue_status(row.state)
        is_so = status == wanted.action or (wanted.action not in CLOSING and status == "open")
        if not is_so:
            await _store(context, row, wanted)
            row = await _find(context)
    return issue_view(row)


async def _store(context: Context, row: IssueRow, wanted: IssueAct) -> None:
    state, view = row.state, issue_view(row)
    data: dict[str, Any] = {
        "action": wanted.action,
        "severity": view.severity,
        # The key says it also where an agent sent the id outside of its data.
        "issue_id": state.issue_key.removeprefix("id:") if state.issue_key.startswith("id:") else None,
        "category": view.category,
        "by": wanted.by or context.caller.name or None,
        "note": wanted.note,
    }
    # An agent whose clock is ahead has not reported it after this.
    latest = max(state.reported_ts or 0, state.closed_ts or 0, state.reopened_ts or 0)
    event = WireEvent(
        event_id=str(uuid.uuid4()),
        timestamp=format_instant(max(context.services.clock(), latest)),
        event_type="custom",
        project_id=state.project_id,
        severity="info",
    )
    present = {name: value for name, value in data.items() if value is not None}
    # By its summary an issue without an id is known.
    payload = {"kind": Issue.kind, "data": present} | (
        {} if view.summary is None else {"summary": view.summary}
    )
    await store_act(
        context, event, payload, agent_id=state.agent_id, environment=row.environment, group=row.group
    )


async def _find(context: Context) -> IssueRow:
    named = issue_of(context.params["issue_id"])
    row = None if named is None else await context.store.issue(context.tenant, *named)
    if row is None:
        raise NotFoundError("there is no issue of that id; GET /v1/issues lists them", code="issue_not_found")
    return row


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/issues", list_issues, IssuePage, "Issues of all agents, the one reported last first.",
        (
            text("agent_id", "Only issues of this agent."),
            text("project_id", "Only issues of this project."),
            text("environment", "Only issues last reported in this environment."),
            text("group", "Only issues last reported in this group."),
            csv("status", "Only issues in these states.", ISSUE_STATUSES),
            csv("severity", "Only issues of these severities."),
            LIMIT, CURSOR,
        ),
        errors=(400,),
    ),
    Endpoint(
        "GET", "/v1/issues/{issue_id:id}", get_issue, IssueView, "One issue, by the `id` of its row.", errors=(404,),
    ),
    Endpoint(
        "POST", "/v1/issues/{issue_id:id}", act, IssueView,
        "Resolve, dismiss or reopen an issue; stored as an event of its agent. What is so already changes nothing.",
        needs="write", body=IssueAct, errors=(400, 403, 404, 408, 413, 415, 429),
    ),
)  # fmt: skip

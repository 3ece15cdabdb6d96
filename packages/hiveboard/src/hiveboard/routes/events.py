"""The feed of events and the list of model calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hiveloop.events import EVENT_TYPES, SEVERITIES
from hiveloop.payloads import LlmCall
from msgspec import Struct

from hiveboard.projections.event_view import EventView, LlmCallView, event_view, llm_call_view
from hiveboard.projections.task_status import dollars
from hiveboard.store.rows import EventFilter

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import csv, flag, instant, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class EventPage(Struct):
    """A page of events, newest first."""

    data: list[EventView]
    pagination: Pagination


class CallTotals(Struct):
    """Sums over the rows of this page; cost in US dollars. Null when no row tells its part."""

    cost: float | None
    tokens_in: int | None
    tokens_out: int | None
    call_count: int


class CallPage(Struct):
    """A page of model calls, newest first."""

    data: list[LlmCallView]
    pagination: Pagination
    totals: CallTotals


async def list_events(context: Context) -> EventPage:
    """A page of events."""
    params = context.params
    want = EventFilter(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        task_id=params["task_id"],
        task_run_id=params["task_run_id"],
        event_types=params["event_type"],
        kinds=params["payload_kind"],
        severities=params["severity"],
        environment=params["environment"],
        group=params["group"],
        since=params["since"],
        until=params["until"],
        exclude_heartbeats=params["exclude_heartbeats"],
        before=read_cursor("events", params["cursor"], tuple[int, int]),
        limit=params["limit"],
    )
    found, position = await context.store.events(context.tenant, want)
    data = await asyncio.to_thread(lambda: [event_view(event) for event in found])
    return EventPage(data, write_cursor("events", position))


async def list_calls(context: Context) -> CallPage:
    """A page of model calls."""
    params = context.params
    want = EventFilter(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        task_id=params["task_id"],
        task_run_id=params["task_run_id"],
        # Only model calls have a model, so naming one says enough.
        kinds=() if params["model"] else (LlmCall.kind,),
        model=params["model"],
        environment=params["environment"],
        group=params["group"],
        since=params["since"],
        until=params["until"],
        before=read_cursor("calls", params["cursor"], tuple[int, int]),
        limit=params["limit"],
    )
    found, position = await context.store.events(context.tenant, want)
    records = [event.record for event in found]
    totals = CallTotals(
        cost=dollars(_known_sum(record.cost_nano for record in records)),
        tokens_in=_known_sum(record.tokens_in for record in records),
        tokens_out=_known_sum(record.tokens_out for record in records),
        call_count=len(records),
    )
    return CallPage([llm_call_view(event) for event in found], write_cursor("calls", position), totals)


def _known_sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is known, None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_SCOPE = (
    text("project_id", "Only this project."),
    text("agent_id", "Only this agent."),
    text("task_id", "Only this task."),
    text("task_run_id", "Only this run; with task_id."),
)
_REST = (
    text("environment", "Only this environment."),
    text("group", "Only this group."),
    instant("since", "At this time or later."),
    instant("until", "Before this time."),
    LIMIT,
    CURSOR,
)
_CALL_PARAMS = (*_SCOPE, text("model", "Only this model, exactly as it was sent."), *_REST)

ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/events",
        list_events,
        EventPage,
        "Events, newest first.",
        (
            *_SCOPE,
            csv("event_type", "Only these types, separated by commas.", tuple(EVENT_TYPES)),
            csv("severity", "Only these severities, separated by commas.", SEVERITIES),
            csv("payload_kind", "Only custom events of these kinds, separated by commas."),
            flag("exclude_heartbeats", "Leave heartbeats out.", default=True),
            *_REST,
        ),
        errors=(400,),
    ),
    Endpoint("GET", "/v1/llm-calls", list_calls, CallPage, "Model calls, newest first.", _CALL_PARAMS, errors=(400,)),
    Endpoint(
        "GET", "/v1/cost/calls", list_calls, CallPage, "Model calls with their cost, newest first.", _CALL_PARAMS,
        errors=(400,),
    ),
)  # fmt: skip

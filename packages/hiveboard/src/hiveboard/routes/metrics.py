"""Metrics of tasks and model calls over a range."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.errors import BadRequestError
from hiveboard.fleet import FLEET_ROWS, silence_in
from hiveboard.projections.metrics import (
    METRICS,
    MetricGroup,
    MetricPoint,
    MetricSummary,
    metric_groups,
    metric_series,
    metric_summary,
)
from hiveboard.projections.time_range import INTERVALS, RANGES, SERVED_AS, span_of
from hiveboard.store import Span, SumQuestion
from hiveboard.store.rows import Scope
from hiveboard.store.sums import ACTIVITY, OUTCOMES, USAGE

from .params import choice, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS", "RANGE_PARAMS", "SCOPE_PARAMS", "asked_scope", "asked_span"]

_GROUPS = {
    "agent": ("agent",),
    "model": ("model",),
    "agent_model": ("agent", "model"),
    "version": ("version",),
}

SCOPE_PARAMS = (
    text("project_id", "Only this project."),
    text("agent_id", "Only this agent."),
    text("environment", "Only this environment."),
    text("group", "Only this group."),
)
RANGE_PARAMS = (
    choice("range", "How far back from now.", tuple(RANGES), "24h"),
    choice(
        "interval",
        "Width of a bucket, not longer than the range; chosen to fit it when absent. Nothing finer than 5m is kept: "
        "1m is answered with 5m.",
        (*SERVED_AS, *INTERVALS),
    ),
)


class Metrics(Struct, kw_only=True):
    """The answer. ``interval`` is the one used, ``requested_interval`` the one asked for. ``groups`` is null unless
    ``group_by`` was given."""

    range: str
    interval: str
    requested_interval: str | None
    summary: MetricSummary
    timeseries: list[MetricPoint]
    groups: list[MetricGroup] | None


def asked_scope(context: Context) -> Scope:
    """The scope parameters."""
    params = context.params
    return Scope(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        environment=params["environment"],
        group=params["group"],
    )


def asked_span(context: Context) -> tuple[str, Span]:
    """The interval used and the span of the range parameters. Raises the 400 envelope when they do not go together."""
    found = span_of(context.params["range"], context.params.get("interval"), context.services.clock())
    if isinstance(found, str):
        raise BadRequestError(f"interval: {found}", details={"field": "interval", "fix": found})
    return found


async def metrics(context: Context) -> Metrics:
    """Summary, series and groups."""
    store, tenant, params, scope = context.store, context.tenant, context.params, asked_scope(context)
    interval, span = asked_span(context)
    now = context.services.clock()
    silence, places = await asyncio.gather(silence_in(store, tenant, now), store.agent_places(tenant, scope))
    by = () if params["group_by"] is None else _GROUPS[params["group_by"]]
    asked = [
        SumQuestion(USAGE, (), span), SumQuestion(OUTCOMES, (), span), SumQuestion(USAGE, ("bucket",), span),
        SumQuestion(OUTCOMES, ("bucket",), span), SumQuestion(ACTIVITY, ("bucket",), span),
    ]  # fmt: skip
    if by:
        asked.append(SumQuestion(USAGE, by, span))
        # A task uses many models, so its outcome belongs to none of them.
        asked += [] if "model" in by else [SumQuestion(OUTCOMES, by, span)]
    sums, counts, waiting = await asyncio.gather(
        store.sums(tenant, scope, asked),
        store.open_counts(tenant, scope, silence, span.since),
        store.open_approvals(tenant, scope.agent_id, FLEET_ROWS, silence),
    )
    usage, outcomes, usage_by, outcomes_by, activity_by, *grouped = sums
    stuck = {name for name in silence.stuck_agents if name in places} - {
        approval.agent_id for approval in waiting
    }
    return Metrics(
        range=params["range"],
        interval=interval,
        requested_interval=params["interval"],
        summary=metric_summary(usage[0], outcomes[0], counts, len(stuck)),
        timeseries=metric_series(usage_by, outcomes_by, activity_by, span),
        groups=metric_groups(by, grouped[0], grouped[1] if len(grouped) > 1 else None, params["metric"])
        if by
        else None,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/metrics",
        metrics,
        Metrics,
        "Tasks, durations, tokens and cost over a range, in aligned buckets.",
        (
            *SCOPE_PARAMS,
            *RANGE_PARAMS,
            choice("metric", "What groups are ordered by.", METRICS, "cost"),
            choice("group_by", "Split the range by this.", tuple(_GROUPS)),
        ),
        errors=(400,),
    ),
)

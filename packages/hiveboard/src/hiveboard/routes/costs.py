"""What model calls cost: totals and over time."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.projections.cost import (
    AgentCost,
    CostPoint,
    CostTotals,
    ModelCost,
    agent_costs,
    cost_series,
    cost_totals,
    model_costs,
)

from .metrics import RANGE_PARAMS, SCOPE_PARAMS, asked_scope, asked_span
from .params import choice
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class Cost(CostTotals, kw_only=True):
    """Totals of the range and who and what caused them, the most expensive first."""

    range: str
    by_agent: list[AgentCost]
    by_model: list[ModelCost]


class CostSeries(Struct, kw_only=True):
    """Cost over time, the earliest bucket first. ``interval`` is the one used, ``requested_interval`` the one asked for."""

    range: str
    interval: str
    requested_interval: str | None
    data: list[CostPoint]


async def cost(context: Context) -> Cost:
    """Totals, by agent, by model."""
    store, tenant, scope = context.store, context.tenant, asked_scope(context)
    span = asked_span(context)[1]
    totals, by_agent, by_model = await asyncio.gather(
        store.usage(tenant, scope, (), span),
        store.usage(tenant, scope, ("agent",), span),
        store.usage(tenant, scope, ("model",), span),
    )
    fields = {name: getattr(cost_totals(totals[0]), name) for name in CostTotals.__struct_fields__}
    return Cost(
        **fields,
        range=context.params["range"],
        by_agent=agent_costs(by_agent),
        by_model=model_costs(by_model),
    )


async def timeseries(context: Context) -> CostSeries:
    """Aligned buckets, on request split by model or agent."""
    interval, span = asked_span(context)
    split_by = context.params["split_by"]
    by = ("bucket",) if split_by is None else ("bucket", split_by)
    rows = await context.store.usage(context.tenant, asked_scope(context), by, span)
    return CostSeries(
        range=context.params["range"],
        interval=interval,
        requested_interval=context.params["interval"],
        data=cost_series(rows, span, split_by),
    )


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/cost", cost, Cost, "What model calls cost in a range.", (*SCOPE_PARAMS, *RANGE_PARAMS[:1]),
        errors=(400,),
    ),
    Endpoint(
        "GET", "/v1/cost/timeseries", timeseries, CostSeries, "Cost over time, in aligned buckets.",
        (*SCOPE_PARAMS, *RANGE_PARAMS, choice("split_by", "One row per bucket and value of this.", ("model", "agent"))),
        errors=(400,),
    ),
)  # fmt: skip

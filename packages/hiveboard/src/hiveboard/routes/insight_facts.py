"""Asking the store for what insights are made of: two periods, series, the present, and runs to look into."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from hiveboard.fleet import FLEET_ROWS, belongs
from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.projections.detectors.catalogue import all_findings
from hiveboard.projections.detectors.watched import Watched
from hiveboard.projections.event_view import payload_of
from hiveboard.projections.insights.active_issue import ActiveIssue
from hiveboard.projections.insights.facts import Facts, Now, Period, Series, grouped
from hiveboard.projections.issue import is_active
from hiveboard.projections.links import Links
from hiveboard.projections.run_waste import RunWaste, run_waste
from hiveboard.projections.time_range import RANGES, recent_span
from hiveboard.projections.waste import Waste, waste_ledger
from hiveboard.store import Span, SumQuestion
from hiveboard.store.rollup import FINEST
from hiveboard.store.rows import (
    ApprovalRow,
    EventFilter,
    IssueRow,
    LatestRow,
    Scope,
    TaskFilter,
    TaskRow,
    UsageRow,
)
from hiveboard.store.sums import ACTIVITY, OUTCOMES, USAGE
from hiveboard.store.tallies import (
    ACTIONS,
    CALLS,
    DURATIONS,
    RUNS,
    TROUBLES,
    TURNS,
    RunSums,
    Tally,
    TroubleSums,
)

from .table import Context
from .watched_facts import watch

__all__ = ["gather", "gather_waste", "trend_span"]

_DAY_US = 24 * HOUR_US
#: Width of a trend's buckets by range: what is stored, and few points.
_WIDTHS = {"1h": 5 * MINUTE_US, "6h": HOUR_US, "24h": HOUR_US, "7d": _DAY_US, "30d": _DAY_US}
_LIFETIME = 3_650
_EXAMPLES = 20
_TROUBLE = 50
_NEWEST_RUNS = 200
_MANY_ACTIONS = 3


def trend_span(range_name: str, now: int) -> Span:
    """The period of a range that ends now, in the buckets of its trends."""
    return recent_span(RANGES[range_name], _WIDTHS[range_name], now)


async def gather(context: Context, scope: Scope, look_into: tuple[int, int]) -> Facts:
    """Everything the questions need. ``look_into`` is how many runs are read for waste, and how many events of each."""
    now, range_name = context.services.clock(), context.params["range"]
    span = trend_span(range_name, now)
    before = Span(span.since - (span.until - span.since), span.since, span.width)
    # Coarse counters know whole hours: the period before ends where the first hour of this one begins.
    whole = Span(span.since - span.since % HOUR_US, span.until, span.width)
    whole_before = Span(
        whole.since - (-(-(span.until - span.since) // HOUR_US) * HOUR_US), whole.since, span.width
    )
    sums, (watched, at) = await asyncio.gather(
        _sums(context, scope, (span, whole), (before, whole_before)), _watched_present(context, scope, span)
    )
    current, previous, series, lifetime = sums
    examined, suspects = await _examine(context, at.newest_runs, *look_into)
    return Facts(
        now=now,
        range=range_name,
        span=span,
        scope=scope,
        links=Links(scope),
        current=current,
        previous=previous,
        series=series,
        at=at,
        lifetime=lifetime,
        findings=all_findings(watched),
        waste=_waste(current.runs, current.troubles, examined, suspects),
        previous_waste=_waste(previous.runs, previous.troubles, [], 0),
    )


async def gather_waste(
    context: Context, scope: Scope, look_into: tuple[int, int]
) -> tuple[Span, Waste, list[TaskRow]]:
    """The period, its waste, and some runs that failed in it."""
    store, tenant = context.store, context.tenant
    span = trend_span(context.params["range"], context.services.clock())
    fields: dict[str, Any] = {name: getattr(scope, name) for name in scope.__struct_fields__}
    runs, troubles, newest, failed = await asyncio.gather(
        store.tallies(tenant, RUNS, scope, ("agent",), span),
        store.tallies(tenant, TROUBLES, scope, ("agent", "what", "reason"), span),
        store.tasks(tenant, TaskFilter(**fields, since=span.since, limit=_NEWEST_RUNS)),
        store.tasks(tenant, TaskFilter(**fields, status="failed", since=span.since, limit=_EXAMPLES)),
    )
    examined, suspects = await _examine(context, newest[0], *look_into)
    return span, _waste(runs, troubles, examined, suspects), failed[0]


def _waste(
    runs: list[RunSums], troubles: list[TroubleSums], examined: list[tuple[TaskRow, RunWaste]], suspects: int
) -> Waste:
    waits = [row for row in troubles if row.group[1] == "retry_started"]
    return waste_ledger(grouped(runs, 0), grouped(waits, 0), examined, suspects)


_PERIOD: dict[str, tuple[Tally[Any], tuple[str, ...]]] = {
    "usage": (USAGE, ("agent", "model", "version", "task_type")),
    "outcomes": (OUTCOMES, ("agent", "task_type", "version")),
    "runs": (RUNS, ("agent",)),
    "troubles": (TROUBLES, ("agent", "what", "reason")),
    "durations": (DURATIONS, ("task_type", "step")),
    "calls": (CALLS, ("agent", "name", "model")),
    "turns": (TURNS, ("step",)),
    "actions": (ACTIONS, ("agent", "name")),
}
_SERIES: dict[str, Tally[Any]] = {
    "usage": USAGE,
    "outcomes": OUTCOMES,
    "activity": ACTIVITY,
    "runs": RUNS,
    "calls": CALLS,
}


async def _sums(
    context: Context, scope: Scope, now: tuple[Span, Span], before: tuple[Span, Span]
) -> tuple[Period, Period, Series, UsageRow]:
    """All counters in one go: two periods, each as it is and in whole hours, series of the first, and all there ever was."""
    span = now[0]
    hourly = msgspec.structs.replace(span, width=max(span.width, HOUR_US))
    ever = Span(span.until - _LIFETIME * _DAY_US, span.until + _DAY_US, _DAY_US)
    asked = [
        SumQuestion(tally, by, whole if tally.grains[0] > FINEST else exact)
        for exact, whole in (now, before)
        for tally, by in _PERIOD.values()
    ]
    asked += [
        SumQuestion(tally, ("bucket",), hourly if tally is CALLS else span) for tally in _SERIES.values()
    ]
    found = await context.store.sums(context.tenant, scope, [*asked, SumQuestion(USAGE, (), ever)])
    each = len(_PERIOD)
    current, previous, series = found[:each], found[each : 2 * each], found[2 * each : -1]
    return (
        Period(**dict(zip(_PERIOD, current, strict=True))),
        Period(**dict(zip(_PERIOD, previous, strict=True))),
        Series(**dict(zip(_SERIES, series, strict=True))),
        found[-1][0],
    )


async def _watched_present(context: Context, scope: Scope, span: Span) -> tuple[Watched, Now]:
    watched = await watch(context, scope)
    return watched, await _present(context, scope, span, watched)


async def _present(context: Context, scope: Scope, span: Span, watched: Watched) -> Now:
    store, tenant = context.store, context.tenant
    fields: dict[str, Any] = {name: getattr(scope, name) for name in scope.__struct_fields__}
    approvals, events, trouble, newest, failed = await asyncio.gather(
        store.open_approvals(tenant, scope.agent_id, FLEET_ROWS, watched.silence),
        store.events(tenant, EventFilter(**fields, limit=_EXAMPLES)),
        store.events(tenant, EventFilter(**fields, severities=("error",), since=span.since, limit=_TROUBLE)),
        store.tasks(tenant, TaskFilter(**fields, since=span.since, limit=_NEWEST_RUNS)),
        store.tasks(tenant, TaskFilter(**fields, status="failed", since=span.since, limit=5)),
    )
    members = {view.agent_id for view in watched.views}

    def here(row: LatestRow | IssueRow | ApprovalRow) -> bool:
        return row.agent_id in members and belongs(row, scope)

    return Now(
        views=watched.views,
        counts=watched.counts,
        approvals=[row for row in approvals if here(row)],
        queues=[row for row in watched.queues_now if here(row)],
        issues=[ActiveIssue(row) for row in watched.issues if is_active(row.state) and here(row)],
        events=events[0],
        newest_runs=newest[0],
        failed_runs=failed[0],
        failed_actions=[one for one in trouble[0] if one.record.event_type == "action_failed"],
        failed_steps=[one for one in trouble[0] if one.record.kind == "plan_step"],
    )


async def _examine(
    context: Context, newest: list[TaskRow], most: int, most_events: int
) -> tuple[list[tuple[TaskRow, RunWaste]], int]:
    """Completed runs that may have done something in vain, the dearest and longest first, and how many there are."""
    suspects = [
        row
        for row in newest
        if row.state.outcome == "completed"
        and (row.state.retries or row.state.errors or row.state.actions >= _MANY_ACTIONS)
    ]
    suspects.sort(
        key=lambda row: (
            -row.state.retries - row.state.errors,
            -(row.state.cost_nano or 0),
            -row.state.actions,
        )
    )
    chosen = suspects[:most]
    events = await asyncio.gather(
        *(context.store.task_events(context.tenant, row.state, most_events) for row in chosen)
    )

    def read() -> list[tuple[TaskRow, RunWaste]]:
        return [
            (row, run_waste([(event, payload_of(event)) for event in run.events]))
            for row, run in zip(chosen, events, strict=True)
        ]

    return await asyncio.to_thread(read), len(suspects)

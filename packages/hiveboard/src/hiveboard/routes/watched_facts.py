"""Asking the store for what detectors look at: fixed stretches of time that end now."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import msgspec

from hiveboard.fleet import FLEET_ROWS, agent_views, belongs, silence_in
from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.projections.agent_view import AgentView
from hiveboard.projections.detectors.watched import Beat, QueueStory, Snapshot, Watched
from hiveboard.projections.links import Links
from hiveboard.projections.time_range import recent_span
from hiveboard.store import Span, SumQuestion
from hiveboard.store.rows import Scope, TaskFilter
from hiveboard.store.samples import Sample, SampleFilter
from hiveboard.store.sums import ACTIVITY, OUTCOMES, USAGE
from hiveboard.store.tallies import CALLS, DURATIONS, TROUBLES
from hiveboard.store.values import count_of, dict_of, text_in

from .table import Context

__all__ = ["watch"]

_DAY_US = 24 * HOUR_US
_FINE = 5 * MINUTE_US
_PAST_DAYS = 7
_SNAPSHOTS, _EACH, _IDLE = 400, 20, 5
_BEATS = 600
_RECENT_US = 30 * MINUTE_US
_OPEN_RUNS = 200
_ITEMS = 50


def _back(span: Span, by: int) -> Span:
    return Span(span.since - by, span.until - by, span.width)


async def watch(context: Context, scope: Scope) -> Watched:
    """Everything the detectors need."""
    store, tenant, now = context.store, context.tenant, context.services.clock()
    silence, views = await asyncio.gather(
        silence_in(store, tenant, now), agent_views(store, tenant, now, scope)
    )
    open_runs = TaskFilter(
        **_fields(scope), status="processing", silence=silence, sort="oldest", limit=_OPEN_RUNS
    )
    counted, issues, queues_now, counts, (runs, _) = await asyncio.gather(
        _counted(context, scope, now),
        store.issues(tenant, scope.agent_id, FLEET_ROWS),
        store.latest(tenant, scope.agent_id, ("queue_snapshot",), FLEET_ROWS),
        store.open_counts(tenant, scope, silence),
        store.tasks(tenant, open_runs),
    )
    queues, (old, new) = await asyncio.gather(
        _queues(context, scope, views, now), _beats(context, scope, now)
    )
    return Watched(
        now=now,
        links=Links(scope),
        views=views,
        issues=issues,
        queues_now=queues_now,
        counts=counts,
        silence=silence,
        open_runs=runs,
        queues=queues,
        old_beats=old,
        new_beats=new,
        **counted,
    )


async def _counted(context: Context, scope: Scope, now: int) -> dict[str, Any]:
    """The counters of the fixed stretches, under the names they have in :class:`Watched`."""
    hour, quarter = recent_span(HOUR_US, _FINE, now), recent_span(15 * MINUTE_US, _FINE, now)
    day, week = recent_span(_DAY_US, HOUR_US, now), recent_span(7 * _DAY_US, _DAY_US, now)
    hours = [_back(hour, days * _DAY_US) for days in range(_PAST_DAYS + 1)]
    before = Span(quarter.since - _DAY_US, quarter.since, HOUR_US)
    asked = [SumQuestion(tally, ("agent",), span) for tally in (USAGE, OUTCOMES) for span in hours]
    asked += [
        SumQuestion(ACTIVITY, ("agent",), quarter),
        SumQuestion(ACTIVITY, ("agent",), before),
        SumQuestion(CALLS, ("agent", "name", "model"), day),
        SumQuestion(TROUBLES, ("agent", "what", "reason"), day),
        SumQuestion(DURATIONS, ("task_type", "step"), week),
    ]
    found = await context.store.sums(context.tenant, scope, asked)
    usage, outcomes = found[: len(hours)], found[len(hours) : 2 * len(hours)]
    recent, earlier, calls, troubles, durations = found[2 * len(hours) :]
    return {
        "hour_usage": usage[0],
        "past_usage": usage[1:],
        "hour_outcomes": outcomes[0],
        "past_outcomes": outcomes[1:],
        "recent_activity": recent,
        "day_activity": earlier,
        "day_calls": calls,
        "day_troubles": troubles,
        "week_durations": durations,
    }


def _fields(scope: Scope) -> dict[str, Any]:
    return {name: getattr(scope, name) for name in scope.__struct_fields__}


async def _beats(context: Context, scope: Scope, now: int) -> tuple[list[Beat], list[Beat]]:
    """The heartbeats of the day before the last half hour and those since, of the agents that sent some lately."""
    store, tenant, recent = context.store, context.tenant, now - _RECENT_US
    want = SampleFilter(told="heartbeat", scope=scope, since=recent, limit=_BEATS)
    new = await store.samples(tenant, want)
    if not new:
        return [], []
    old = await store.samples(tenant, msgspec.structs.replace(want, since=now - _DAY_US, until=recent))
    lately = {one.agent_id for one in new}
    return [_beat(one) for one in old if one.agent_id in lately], [_beat(one) for one in new]


def _beat(one: Sample) -> Beat:
    return Beat(agent_id=one.agent_id, ts=one.ts, payload=_payload(one))


def _payload(one: Sample) -> dict[str, Any]:
    return dict_of(msgspec.json.decode(one.payload)) if one.payload else {}


async def _queues(context: Context, scope: Scope, views: list[AgentView], now: int) -> list[QueueStory]:
    """The latest snapshots of all, and more of those of agents that are idle with something waiting."""
    want = SampleFilter(
        told="queue_snapshot", scope=Scope(agent_id=scope.agent_id), since=now - _DAY_US, limit=_SNAPSHOTS
    )
    idle = [view.agent_id for view in views if view.derived_status == "idle" and view.stats_1h.queue_depth]
    asked = [want]
    if idle:
        asked.append(msgspec.structs.replace(want, agents=tuple(idle[:_IDLE]), limit=_EACH))
    pages = await asyncio.gather(*(context.store.samples(context.tenant, one) for one in asked))
    members = {view.agent_id for view in views}
    by_agent: defaultdict[str, dict[int, Sample]] = defaultdict(dict)
    for one in (one for page in pages for one in page):
        if one.agent_id in members and belongs(one, scope):
            by_agent[one.agent_id][one.seq] = one
    stories = []
    for agent_id, found in sorted(by_agent.items()):
        latest = sorted(found.values(), key=lambda one: (one.ts, one.seq))[-_EACH:]
        stories.append(await _story(context, agent_id, [_snapshot(one) for one in latest]))
    return stories


def _snapshot(one: Sample) -> Snapshot:
    data = dict_of(_payload(one).get("data"))
    items = data.get("items")
    ids = [text_in(dict_of(item), "id") for item in items] if isinstance(items, list) else None
    named = frozenset(name for name in ids if name) if ids is not None and all(ids) else None
    depth = count_of(data.get("depth"), 10**12)
    return Snapshot(
        ts=one.ts,
        depth=len(items) if depth is None and isinstance(items, list) else depth,
        items=named,
        busy_with=text_in(dict_of(data.get("processing")), "id"),
    )


async def _story(context: Context, agent_id: str, snapshots: list[Snapshot]) -> QueueStory:
    """Whether items that are gone became tasks is asked only where some are gone."""
    seen: set[str] = set().union(*(shot.items or () for shot in snapshots))
    gone = sorted(seen - (snapshots[-1].items or frozenset()))
    if not gone:
        return QueueStory(agent_id=agent_id, snapshots=snapshots)
    asked = gone[:_ITEMS]
    found = await asyncio.gather(*(context.store.task(context.tenant, item, None) for item in asked))
    known = {item for item, row in zip(asked, found, strict=True) if row is not None} | set(gone[_ITEMS:])
    rows, _ = await context.store.tasks(
        context.tenant, TaskFilter(agent_id=agent_id, since=snapshots[0].ts, limit=200)
    )
    started = sum(row.state.task_id not in seen for row in rows)
    return QueueStory(agent_id=agent_id, snapshots=snapshots, known_tasks=frozenset(known), started=started)

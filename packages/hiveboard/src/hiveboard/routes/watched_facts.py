"""Asking the store for what detectors look at: fixed stretches of time that end now."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from hiveboard.fleet import FLEET_ROWS, agent_views, silence_in
from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.projections.agent_view import AgentView
from hiveboard.projections.detectors.watched import Beat, QueueStory, Snapshot, Watched
from hiveboard.projections.event_view import payload_of
from hiveboard.projections.links import Links
from hiveboard.projections.time_range import recent_span
from hiveboard.store import Span, StoredEvent
from hiveboard.store.rows import EventFilter, Scope, TaskFilter
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
    queues, old, new = await asyncio.gather(
        _queues(context, scope, views, now),
        _beats(context, scope, now - _DAY_US, now - _RECENT_US),
        _beats(context, scope, now - _RECENT_US, None),
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
    store, tenant = context.store, context.tenant
    hour, quarter = recent_span(HOUR_US, _FINE, now), recent_span(15 * MINUTE_US, _FINE, now)
    day, week = recent_span(_DAY_US, HOUR_US, now), recent_span(7 * _DAY_US, _DAY_US, now)
    hours = [_back(hour, days * _DAY_US) for days in range(_PAST_DAYS + 1)]
    usage, outcomes = await asyncio.gather(
        asyncio.gather(*(store.usage(tenant, scope, ("agent",), span) for span in hours)),
        asyncio.gather(*(store.outcomes(tenant, scope, ("agent",), span) for span in hours)),
    )
    recent, before, calls, troubles, durations = await asyncio.gather(
        store.activity(tenant, scope, ("agent",), quarter),
        store.activity(tenant, scope, ("agent",), Span(quarter.since - _DAY_US, quarter.since, HOUR_US)),
        store.tallies(tenant, CALLS, scope, ("agent", "name", "model"), day),
        store.tallies(tenant, TROUBLES, scope, ("agent", "what", "reason"), day),
        store.tallies(tenant, DURATIONS, scope, ("task_type", "step"), week),
    )
    return {
        "hour_usage": usage[0],
        "past_usage": usage[1:],
        "hour_outcomes": outcomes[0],
        "past_outcomes": outcomes[1:],
        "recent_activity": recent,
        "day_activity": before,
        "day_calls": calls,
        "day_troubles": troubles,
        "week_durations": durations,
    }


def _fields(scope: Scope) -> dict[str, Any]:
    return {name: getattr(scope, name) for name in scope.__struct_fields__}


async def _beats(context: Context, scope: Scope, since: int, until: int | None) -> list[Beat]:
    want = EventFilter(
        **_fields(scope),
        event_types=("heartbeat",),
        exclude_heartbeats=False,
        since=since,
        until=until,
        limit=_BEATS,
    )
    found, _ = await context.store.events(context.tenant, want)
    return [Beat(agent_id=one.record.agent_id, ts=one.record.ts, payload=payload_of(one)) for one in found]


async def _queues(context: Context, scope: Scope, views: list[AgentView], now: int) -> list[QueueStory]:
    """The latest snapshots of all, and more of those of agents that are idle with something waiting."""
    since = now - _DAY_US
    idle = [view.agent_id for view in views if view.derived_status == "idle" and view.stats_1h.queue_depth][
        :_IDLE
    ]
    pages = await asyncio.gather(
        _snapshots(
            context,
            EventFilter(agent_id=scope.agent_id, kinds=("queue_snapshot",), since=since, limit=_SNAPSHOTS),
        ),
        *(
            _snapshots(
                context, EventFilter(agent_id=name, kinds=("queue_snapshot",), since=since, limit=_EACH)
            )
            for name in idle
        ),
    )
    members = {view.agent_id for view in views}
    by_agent: defaultdict[str, dict[int, StoredEvent]] = defaultdict(dict)
    for event in (event for page in pages for event in page):
        if event.record.agent_id in members and _within(event, scope):
            by_agent[event.record.agent_id][event.seq] = event
    stories = []
    for agent_id, events in sorted(by_agent.items()):
        latest = sorted(events.values(), key=lambda event: (event.record.ts, event.seq))[-_EACH:]
        stories.append(await _story(context, agent_id, [_snapshot(event) for event in latest]))
    return stories


def _within(event: StoredEvent, scope: Scope) -> bool:
    """What names no project belongs to all projects of its agent."""
    return (
        (scope.project_id is None or event.record.project_id in (None, scope.project_id))
        and scope.environment in (None, event.origin.environment)
        and scope.group in (None, event.origin.group)
    )


async def _snapshots(context: Context, want: EventFilter) -> list[StoredEvent]:
    found, _ = await context.store.events(context.tenant, want)
    return found


def _snapshot(event: StoredEvent) -> Snapshot:
    data = dict_of(payload_of(event).get("data"))
    items = data.get("items")
    ids = [text_in(dict_of(item), "id") for item in items] if isinstance(items, list) else None
    named = frozenset(name for name in ids if name) if ids is not None and all(ids) else None
    depth = count_of(data.get("depth"), 10**12)
    return Snapshot(
        ts=event.record.ts,
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

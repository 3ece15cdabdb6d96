"""Reading events from memory: the feed with its filters, the tail after a number, the events of one run."""

from __future__ import annotations

import msgspec

from .memory_data import MemoryData
from .records import StoredEvent
from .rollup import action_failed
from .rows import EventFilter, RunEvents
from .samples import Sample, SampleFilter
from .state import TaskState

__all__ = ["events_after", "list_events", "samples", "task_events"]

_TROUBLE_TYPES = ("action_failed", "task_failed", "retry_started", "escalated")


def list_events(
    data: MemoryData, tenant: str, want: EventFilter
) -> tuple[list[StoredEvent], tuple[int, int] | None]:
    """A page, newest first, and where the next one starts (None at the end)."""
    found = sorted(
        (event for event in data.of(tenant).events if _wanted(event, want)), key=_moment, reverse=True
    )
    page = found[: want.limit]
    return page, _moment(page[-1]) if page and len(found) > want.limit else None


def _moment(event: StoredEvent) -> tuple[int, int]:
    return event.record.ts, event.seq


def _wanted(event: StoredEvent, want: EventFilter) -> bool:
    record, origin = event.record, event.origin
    exact = (
        (want.project_id, record.project_id),
        (want.agent_id, record.agent_id),
        (want.task_id, record.task_id),
        (want.task_run_id, record.task_run_id),
        (want.model, record.model),
        (want.environment, origin.environment),
        (want.group, origin.group),
    )
    if any(asked is not None and asked != has for asked, has in exact):
        return False
    listed = (
        (want.event_types, record.event_type),
        (want.kinds, record.kind),
        (want.severities, record.severity),
    )
    if any(asked and has not in asked for asked, has in listed):
        return False
    if want.exclude_heartbeats and record.event_type == "heartbeat":
        return False
    if want.since is not None and record.ts < want.since:
        return False
    if want.until is not None and record.ts >= want.until:
        return False
    return want.before is None or _moment(event) < want.before


def samples(data: MemoryData, tenant: str, want: SampleFilter) -> list[Sample]:
    """Heartbeats or snapshots of queues, newest first; of several agents the latest of each."""
    scope = want.scope
    is_kind = want.told != "heartbeat"
    found: list[StoredEvent] = []
    for agent_id in want.agents or (scope.agent_id,):
        filters = EventFilter(
            project_id=scope.project_id, agent_id=agent_id, environment=scope.environment, group=scope.group,
            since=want.since, until=want.until, exclude_heartbeats=False, limit=want.limit,
            kinds=(want.told,) if is_kind else (), event_types=() if is_kind else (want.told,),
        )  # fmt: skip
        found += list_events(data, tenant, filters)[0]
    return [
        Sample(
            one.seq, one.record.ts, one.record.agent_id, one.record.project_id, one.origin.environment,
            one.origin.group, one.record.payload,
        )
        for one in sorted(found, key=_moment, reverse=True)
    ]  # fmt: skip


def events_after(
    data: MemoryData, tenant: str, seq: int, limit: int, only: tuple[str, ...]
) -> list[StoredEvent]:
    """Events stored after ``seq``, oldest first; ``only`` names the types and the kinds of custom events wanted."""
    later = (event for event in data.of(tenant).events if event.seq > seq)
    found = [event for event in later if not only or (event.record.kind or event.record.event_type) in only]
    return found[:limit]


def task_events(data: MemoryData, tenant: str, task: TaskState, limit: int) -> RunEvents:
    """The events of one run in the order they happened.

    Of a run with more than ``limit`` events these: the last quarter of so many; up to a quarter of failures, retries
    and escalations, the earliest first; and from the beginning as many as are left.
    """
    name = task.task_id, task.task_run_id
    own = [
        event
        for event in data.of(tenant).events
        if (event.record.task_id, event.record.task_run_id) == name
        and task.first_ts <= event.record.ts <= task.last_ts
    ]
    events = sorted(own, key=_moment)
    if task.events <= limit:
        return RunEvents(events)
    head_size, tail_size = max(1, limit // 2), max(1, limit // 4)
    head, tail = events[:head_size], events[-tail_size:]
    between = [event for event in events[head_size:] if _moment(event) < _moment(tail[0])]
    room = max(0, limit - head_size - tail_size)
    middle = [event for event in between if _matters(event)][:room]
    longer = between[: room - len(middle)]
    head += longer
    shown = [*head, *(event for event in middle if event not in longer), *tail]
    return RunEvents(shown, max(0, task.events - len(shown)), head[-1].record.ts, tail[0].record.ts)


def _matters(event: StoredEvent) -> bool:
    """Whether error chains are made of it."""
    record = event.record
    if record.severity in ("warn", "error") or record.event_type in _TROUBLE_TYPES:
        return True
    if record.kind == "recovered":
        return True
    return record.event_type == "action_completed" and action_failed(
        record.event_type, msgspec.json.decode(record.payload or b"{}")
    )

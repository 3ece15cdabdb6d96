"""A stored event as one line of an export: all that is needed to send it to a collector again."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from hiveboard.instant import format_instant
from hiveboard.store.records import Origin, StoredEvent

from .task_status import dollars

__all__ = ["EventLine", "event_line"]

_NULL = Raw(b"null")
_encode = msgspec.json.Encoder().encode


class EventLine(Struct, kw_only=True):
    """One event with what its envelope said. ``cost`` (US dollars), ``cost_source``, ``tokens_in``, ``tokens_out`` and
    ``model`` are what the collector made of a model call; importing counts them anew from the payload."""

    record: str = "event"
    seq: int
    event_id: str
    timestamp: str
    received_at: str
    event_type: str
    agent_id: str
    agent_type: str
    agent_version: str | None
    framework: str | None
    runtime: str | None
    sdk_version: str | None
    environment: str
    group: str
    process: str | None
    project_id: str | None
    task_id: str | None
    task_type: str | None
    task_run_id: str | None
    correlation_id: str | None
    action_id: str | None
    parent_action_id: str | None
    parent_event_id: str | None
    severity: str
    status: str | None
    duration_ms: int | None
    model: str | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    cost_source: str | None
    payload: Raw


def event_line(event: StoredEvent, origin: Origin) -> bytes:
    """The line, with its end. A payload that was sent over several lines is put on one."""
    record = event.record
    payload = record.payload
    if payload is not None and (b"\n" in payload or b"\r" in payload):
        payload = _encode(msgspec.json.decode(payload))
    line = EventLine(
        seq=event.seq,
        event_id=record.event_id,
        timestamp=format_instant(record.ts),
        received_at=format_instant(record.received_at),
        event_type=record.event_type,
        agent_id=record.agent_id,
        agent_type=record.agent_type,
        agent_version=origin.agent_version,
        framework=origin.framework,
        runtime=origin.runtime,
        sdk_version=origin.sdk_version,
        environment=origin.environment,
        group=origin.group,
        process=origin.process,
        project_id=record.project_id,
        task_id=record.task_id,
        task_type=record.task_type,
        task_run_id=record.task_run_id or None,
        correlation_id=record.correlation_id,
        action_id=record.action_id,
        parent_action_id=record.parent_action_id,
        parent_event_id=record.parent_event_id,
        severity=record.severity,
        status=record.status,
        duration_ms=record.duration_ms,
        model=record.model,
        tokens_in=record.tokens_in,
        tokens_out=record.tokens_out,
        cost=dollars(record.cost_nano),
        cost_source=record.cost_source,
        payload=_NULL if payload is None else Raw(payload),
    )
    return _encode(line) + b"\n"

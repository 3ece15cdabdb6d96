"""A stored event as clients see it, with its plain sentence and a hint how to draw it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from hiveboard.instant import format_instant
from hiveboard.pricing import OWN
from hiveboard.store.records import EventRecord, StoredEvent

from .activity import headline, narrate
from .render_hint import render_hint
from .task_status import dollars

__all__ = ["EventView", "LlmCallView", "event_view", "llm_call_view", "payload_of"]

_NULL = Raw(b"null")


class EventView(Struct, kw_only=True):
    """One event. ``cost`` (US dollars) and ``cost_source`` are set for priced LLM calls; ``cost_model_matched``, where the
    cost was estimated here, is the price entry it rests on, ``price_source`` whose that is: own or library.

    ``narrative`` says in one sentence what the agent did; ``headline`` is the same without naming the agent.
    """

    seq: int
    event_id: str
    agent_id: str
    agent_type: str
    agent_version: str | None
    project_id: str | None
    timestamp: str
    received_at: str
    environment: str
    group: str
    task_id: str | None
    task_type: str | None
    task_run_id: str | None
    correlation_id: str | None
    action_id: str | None
    parent_action_id: str | None
    parent_event_id: str | None
    event_type: str
    payload_kind: str | None
    severity: str
    status: str | None
    duration_ms: int | None
    cost: float | None
    cost_source: str | None
    cost_model_matched: str | None
    price_source: str | None
    render_hint: str
    narrative: str
    headline: str
    payload: Raw


class LlmCallView(Struct, kw_only=True):
    """One model call. ``cost`` in US dollars, ``duration_ms`` in milliseconds; null is unknown."""

    event_id: str
    agent_id: str
    project_id: str | None
    task_id: str | None
    task_run_id: str | None
    action_id: str | None
    timestamp: str
    name: str | None
    model: str | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    cost_source: str | None
    cost_model_matched: str | None
    price_source: str | None
    duration_ms: int | None
    prompt_preview: Any
    response_preview: Any
    metadata: Any


def _price_entry(record: EventRecord) -> str | None:
    return None if record.cost_model is None else record.cost_model.removeprefix(OWN)


def _price_source(record: EventRecord) -> str | None:
    if record.cost_model is None:
        return None
    return "own" if record.cost_model.startswith(OWN) else "library"


def payload_of(event: StoredEvent) -> dict[str, Any]:
    """The payload as an object, empty when there is none."""
    raw = event.record.payload
    decoded: dict[str, Any] = {} if raw is None else msgspec.json.decode(raw)
    return decoded


def event_view(event: StoredEvent) -> EventView:
    """The event with everything derived from it alone."""
    record, origin = event.record, event.origin
    payload = payload_of(event)
    said = headline(record, payload)
    return EventView(
        seq=event.seq,
        event_id=record.event_id,
        agent_id=record.agent_id,
        agent_type=record.agent_type,
        agent_version=origin.agent_version,
        project_id=record.project_id,
        timestamp=format_instant(record.ts),
        received_at=format_instant(record.received_at),
        environment=origin.environment,
        group=origin.group,
        task_id=record.task_id,
        task_type=record.task_type,
        task_run_id=record.task_run_id or None,
        correlation_id=record.correlation_id,
        action_id=record.action_id,
        parent_action_id=record.parent_action_id,
        parent_event_id=record.parent_event_id,
        event_type=record.event_type,
        payload_kind=record.kind,
        severity=record.severity,
        status=record.status,
        duration_ms=record.duration_ms,
        cost=dollars(record.cost_nano),
        cost_source=record.cost_source,
        cost_model_matched=_price_entry(record),
        price_source=_price_source(record),
        render_hint=render_hint(record, payload),
        narrative=narrate(record, said),
        headline=said,
        payload=_NULL if record.payload is None else Raw(record.payload),
    )


def llm_call_view(event: StoredEvent) -> LlmCallView:
    """The call's row, with previews and metadata as they were sent."""
    record = event.record
    data = payload_of(event).get("data")
    data = data if isinstance(data, dict) else {}
    name = data.get("name")
    return LlmCallView(
        event_id=record.event_id,
        agent_id=record.agent_id,
        project_id=record.project_id,
        task_id=record.task_id,
        task_run_id=record.task_run_id or None,
        action_id=record.action_id,
        timestamp=format_instant(record.ts),
        name=name if isinstance(name, str) else None,
        model=record.model,
        tokens_in=record.tokens_in,
        tokens_out=record.tokens_out,
        cost=dollars(record.cost_nano),
        cost_source=record.cost_source,
        cost_model_matched=_price_entry(record),
        price_source=_price_source(record),
        duration_ms=record.duration_ms,
        prompt_preview=data.get("prompt_preview"),
        response_preview=data.get("response_preview"),
        metadata=data.get("metadata"),
    )

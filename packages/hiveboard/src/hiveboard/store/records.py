"""What the write path hands to a store: one event as it is kept, and the batch it came in."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

__all__ = ["Appended", "Batch", "EventRecord", "Origin", "Published", "StoredEvent"]


class Origin(Struct, frozen=True, gc=False):
    """Who sent a batch: the envelope without the agent's id, and the process its header names. Kept once, events point to it."""

    agent_version: str | None = None
    framework: str | None = None
    runtime: str | None = None
    sdk_version: str | None = None
    environment: str = "production"
    group: str = "default"
    process: str | None = None


class EventRecord(Struct, gc=False):
    """One accepted event.

    ``origin_id`` and ``scope_id`` are filled in by the store. Times are microseconds since 1970, ``cost_nano`` is billionths of a US dollar (integers add up the same in
    any order), ``payload`` is the JSON object as it came. ``model`` to ``cost_model`` are set for LLM calls only.
    """

    tenant: str
    event_id: str
    ts: int
    received_at: int
    origin_id: int
    agent_id: str
    agent_type: str
    event_type: str
    kind: str | None
    severity: str
    project_id: str | None
    task_id: str | None
    task_type: str | None
    task_run_id: str
    correlation_id: str | None
    action_id: str | None
    parent_action_id: str | None
    parent_event_id: str | None
    status: str | None
    duration_ms: int | None
    payload: bytes | None
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_nano: int | None = None
    cost_source: str | None = None
    cost_model: str | None = None
    scope_id: int = 0


class StoredEvent(Struct, frozen=True, gc=False):
    """An event as it is read back: ``seq`` counts stored events. Of the origin only version, environment and group are sure."""

    seq: int
    record: EventRecord
    origin: Origin


class Published(Struct, frozen=True):
    """What one commit added: its events in order, numbered from ``first_seq`` on, and the origins they point to."""

    first_seq: int
    records: list[EventRecord]
    origins: dict[int, Origin]


class Batch(Struct):
    """What one request contributes: events of one origin, with their decoded payloads side by side."""

    tenant: str
    origin: Origin
    records: list[EventRecord]
    payloads: list[dict[str, Any] | None]


class Appended(Struct):
    """Result of a durable append: how many events the store already had."""

    stored: int
    duplicates: int

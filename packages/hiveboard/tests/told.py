"""Stored events from short descriptions, for tests of what is derived from them."""

from __future__ import annotations

import json
from typing import Any

from hiveboard.projections.event_view import payload_of
from hiveboard.store.records import EventRecord, Origin, StoredEvent

NOW = 1_770_000_000_000_000


def told(*events: dict[str, Any]) -> list[tuple[StoredEvent, dict[str, Any]]]:
    """Stored events from short descriptions: ``at`` in milliseconds, ``type``, and any field of a record."""
    made = []
    for number, one in enumerate(events, 1):
        fields = dict(one)
        payload = fields.pop("payload", None)
        at = fields.pop("at", number)
        kind = payload.get("kind") if payload and fields.get("type", "custom") == "custom" else None
        record = EventRecord(
            tenant="live", event_id=f"e{number}", ts=NOW + at * 1000, received_at=NOW, origin_id=1, agent_id="a",
            agent_type="general", event_type=fields.pop("type", "custom"), kind=kind, severity="info",
            project_id=None, task_id="t", task_type=None, task_run_id="r", correlation_id=None,
            action_id=fields.pop("action_id", None), parent_action_id=fields.pop("parent", None),
            parent_event_id=fields.pop("parent_event", None), status=fields.pop("status", None),
            duration_ms=fields.pop("ms", None), payload=None if payload is None else json.dumps(payload).encode(),
        )  # fmt: skip
        assert not fields, fields
        stored = StoredEvent(number, record, Origin())
        made.append((stored, payload_of(stored)))
    return made


def llm(at: int, ms: int, action: str | None = None) -> dict[str, Any]:
    return {"at": at, "ms": ms, "action_id": action, "payload": {"kind": "llm_call", "data": {"name": "n"}}}


def start(
    action: str, at: int, parent: str | None = None, name: str = "tool", kind: str | None = None
) -> dict[str, Any]:
    return {
        "type": "action_started",
        "at": at,
        "action_id": action,
        "parent": parent,
        "payload": {"action_name": name} | ({} if kind is None else {"kind": kind}),
    }


def done(action: str, at: int, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "action_completed", "at": at, "action_id": action, "parent": parent, **more}

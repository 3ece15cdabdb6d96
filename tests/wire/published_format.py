"""What collectors in the field accept, written down a second time on purpose: the SDK's catalogue must not vouch for itself.

Field names and types are those the published SDK 0.2.0 sends. What ours adds inside a payload is listed by name
under ``ADDED``: old collectors keep such fields without reading them. Nothing is added outside payloads.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["EVENT_TYPES", "violations"]

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(map(_object, value))


def _uuid(value: Any) -> bool:
    try:
        return bool(str(uuid.UUID(value)) == value)
    except (ValueError, AttributeError, TypeError):
        return False


def _instant(value: Any) -> bool:
    return _text(value) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None


def _short(limit: int) -> Check:
    return lambda value: _text(value) and len(value) <= limit


def _one_of(*allowed: str) -> Check:
    return lambda value: value in allowed


def _plan_steps(value: Any) -> bool:
    return _objects(value) and all(not _fields(step, _STEP, {"index", "description"}, "") for step in value)


_STEP: dict[str, Check] = {"index": _whole, "description": _text}

ENVELOPE: dict[str, Check] = {
    "agent_id": _short(256),
    "agent_type": _text,
    "agent_version": _text,
    "framework": _text,
    "runtime": _text,
    "sdk_version": _text,
    "environment": _short(64),
    "group": _short(128),
}

EVENT_TYPES = frozenset(
    (
        "agent_registered",
        "heartbeat",
        "task_started",
        "task_completed",
        "task_failed",
        "action_started",
        "action_completed",
        "action_failed",
        "retry_started",
        "escalated",
        "approval_requested",
        "approval_received",
        "custom",
    )
)

EVENT: dict[str, Check] = {
    "event_id": _uuid,
    "timestamp": _instant,
    "event_type": _one_of(*EVENT_TYPES),
    "agent_id": _short(256),
    "agent_type": _text,
    "project_id": _text,
    "task_id": _short(256),
    "task_type": _text,
    "task_run_id": _text,
    "correlation_id": _text,
    "action_id": _text,
    "parent_action_id": _text,
    "severity": _one_of("debug", "info", "warn", "error"),
    "status": _text,
    "duration_ms": _whole,
    "parent_event_id": _text,
    "payload": _object,
}

CUSTOM: dict[str, Check] = {"kind": _text, "summary": _short(512), "data": lambda value: True, "tags": _texts}

#: `data` of the kinds published collectors read, and the fields they need there.
KINDS: dict[str, tuple[dict[str, Check], set[str]]] = {
    "llm_call": (
        {
            "name": _text,
            "model": _text,
            "tokens_in": _whole,
            "tokens_out": _whole,
            "cost": _number,
            "duration_ms": _whole,
            "prompt_preview": _text,
            "response_preview": _text,
            "metadata": _object,
        },
        {"name"},
    ),
    "plan_created": (
        {"goal": _text, "steps": _plan_steps, "revision": _whole},
        {"goal", "steps", "revision"},
    ),
    "plan_step": (
        {
            "step_index": _whole,
            "total_steps": _whole,
            "action": _one_of("started", "completed", "failed", "skipped"),
            "turns": _whole,
            "tokens": _whole,
            "plan_revision": _whole,
        },
        {"step_index", "action"},
    ),
    "issue": (
        {
            "severity": _one_of("critical", "high", "medium", "low"),
            "action": _one_of("reported", "resolved", "dismissed"),
            "issue_id": _text,
            "category": _text,
            "context": _object,
            "occurrence_count": _whole,
        },
        {"severity", "action"},
    ),
    "todo": (
        {
            "todo_id": _text,
            "action": _one_of("created", "completed", "failed", "dismissed", "deferred"),
            "priority": _text,
            "source": _text,
            "context": _text,
            "due_by": _text,
        },
        {"todo_id", "action"},
    ),
    "scheduled": ({"items": _objects}, {"items"}),
    "queue_snapshot": (
        {
            "depth": _whole,
            "oldest_age_seconds": _number,
            "items": _objects,
            "processing": lambda value: value is None or _object(value),
        },
        {"depth"},
    ),
}

#: `data` of event types that carry one; None where the payload is flat and open to the program's own fields.
TYPE_DATA: dict[str, dict[str, Check]] = {
    "agent_registered": {"type": _text, "version": _text, "framework": _text, "stuck_threshold": _whole},
    "escalated": {"assigned_to": _text, "reason": _text},
    "approval_requested": {"approver": _text},
    "approval_received": {"decision": _text, "approved_by": _text},
    "retry_started": {"attempt": _whole, "backoff_seconds": _number},
}

#: Our additions, by event type or kind.
ADDED: dict[str, dict[str, Check]] = {
    "agent_registered": {"heartbeat_interval": _number},
    "approval_requested": {"approval_id": _text, "reason": _text},
    "approval_received": {"approval_id": _text},
    "retry_started": {"reason": _text},
}

_PAYLOAD_NEEDS: dict[str, set[str]] = {
    "agent_registered": {"summary", "data"},
    "task_started": {"summary"},
    "task_completed": {"summary"},
    "task_failed": {"summary"},
    "action_started": {"action_name"},
    "action_completed": {"action_name"},
    "action_failed": {"action_name", "exception_type", "exception_message"},
    "retry_started": {"summary"},
    "escalated": {"summary"},
    "approval_requested": {"summary"},
    "approval_received": {"summary"},
    "custom": {"kind"},
}
_PAYLOAD_TEXTS = ("summary", "action_name", "function", "exception_type", "exception_message")


def violations(batch: Any) -> list[str]:
    """Everything in a batch that published collectors do not know or would refuse; empty when it is fine."""
    if not _object(batch) or set(batch) != {"envelope", "events"} or not _objects(batch["events"]):
        return ["a batch is {envelope, events}"]
    found = _fields(batch["envelope"], ENVELOPE, {"agent_id"}, "envelope")
    if len(batch["events"]) > 500:
        found.append("more than 500 events")
    if len(json.dumps(batch).encode()) > 1_048_576:
        found.append("more than 1 MB")
    ids = [event.get("event_id") for event in batch["events"]]
    if len(set(map(str, ids))) != len(ids):
        found.append("an event_id appears twice")
    for event in batch["events"]:
        found += _event(event)
    return found


def _event(event: Mapping[str, Any]) -> list[str]:
    where = str(event.get("event_type"))
    found = _fields(event, EVENT, {"event_id", "timestamp", "event_type"}, where)
    payload = event.get("payload")
    needed = _PAYLOAD_NEEDS.get(where, set())
    if not isinstance(payload, dict):
        return found + ([f"{where}: payload lacks {sorted(needed)}"] if needed else [])
    if len(json.dumps(payload).encode()) > 32_768:
        found.append(f"{where}: payload above 32 KB, counted as published collectors do")
    found += [f"{where}: payload lacks {name}" for name in sorted(needed - set(payload))]
    found += [f"{where}: {name} is not text" for name in _PAYLOAD_TEXTS if not _text(payload.get(name, ""))]
    if where == "custom":
        return found + _custom(payload)
    if where in TYPE_DATA and "data" in payload:
        known = {**TYPE_DATA[where], **ADDED.get(where, {})}
        found += _fields(payload["data"], known, set(), f"{where}.data")
    return found


def _custom(payload: Mapping[str, Any]) -> list[str]:
    kind = str(payload.get("kind"))
    found = _fields(payload, CUSTOM, {"kind", "data"}, f"custom {kind}")
    if kind in KINDS:
        known, needed = KINDS[kind]
        found += _fields(payload.get("data"), {**known, **ADDED.get(kind, {})}, needed, f"{kind}.data")
    return found


def _fields(value: Any, known: Mapping[str, Check], needed: set[str], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    found = [f"{where}: lacks {name}" for name in sorted(needed - set(value))]
    for name, item in value.items():
        if name not in known:
            found.append(f"{where}: unknown field {name}")
        elif not known[name](item):
            found.append(f"{where}: {name} is {json.dumps(item)[:80]}")
    return found

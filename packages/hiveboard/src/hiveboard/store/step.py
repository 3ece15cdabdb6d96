"""What one event is called where a run is told in steps: the name of its action, of its model call, or its summary."""

from __future__ import annotations

from typing import Any

from .records import EventRecord
from .values import dict_of, text_in

__all__ = ["action_name", "step_name"]

_MAX_NAME = 256
_ACTIONS = frozenset({"action_started", "action_completed", "action_failed"})


def action_name(payload: dict[str, Any] | None) -> str:
    """Name of the action an event belongs to; ``action`` when it names none."""
    if payload is None:
        return "action"
    name = payload.get("action_name")
    if type(name) is str and 0 < len(name) <= _MAX_NAME:
        return name  # the usual case, without the detours
    name = text_in(payload, "action_name") or text_in(dict_of(payload.get("data")), "action_name")
    return (name or text_in(payload, "function") or text_in(payload, "summary") or "action")[:_MAX_NAME]


def step_name(record: EventRecord, payload: dict[str, Any] | None) -> str | None:
    """What an event is called as a step of its run; None when it says nothing of itself."""
    if record.event_type in _ACTIONS:
        return action_name(payload)
    name = None
    if record.kind == "llm_call":
        name = text_in(dict_of((payload or {}).get("data")), "name") or record.model
    name = name or text_in(payload, "summary")
    return None if name is None else name[:_MAX_NAME]

"""The answer to an ingest request, and what is said of an event that cannot be stored as it is."""

from __future__ import annotations

from typing import Any

import msgspec
from hiveloop.events import EVENT_TYPES
from msgspec import Struct

from .wire import MAX_ID, WireEvent

__all__ = ["IngestAnswer", "Refusal", "RefusedError", "Remark", "encode_answer", "event_id_of", "explain"]


class Refusal(Struct):
    """Why one event was not stored. ``error`` is a code of the wire protocol."""

    event_id: str | None
    error: str
    message: str


class Remark(Struct):
    """Something about a stored event its sender may want to know."""

    event_id: str | None
    warning: str
    message: str


class IngestAnswer(Struct):
    """What became of a batch. ``accepted`` includes ``duplicates``."""

    accepted: int
    rejected: int
    duplicates: int
    errors: list[Refusal]
    warnings: list[Remark]


class RefusedError(Exception):
    """One event cannot be stored; raised while judging it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_REQUIRED = ("event_id", "timestamp", "event_type")
_TEXTS = tuple(name for name in WireEvent.__struct_fields__ if name not in ("duration_ms", "payload"))


def explain(event: Any) -> RefusedError:
    """The reason why something that failed to decode as an event is refused."""
    if not isinstance(event, dict):
        return RefusedError("invalid_field", f"an event is a JSON object, not {_kind_of(event)}")
    for name in _REQUIRED:
        if event.get(name) is None or event[name] == "":
            return RefusedError("missing_field", f"{name} is required")
    for name in _TEXTS:
        value = event.get(name)
        if value is not None and not isinstance(value, str):
            return RefusedError("invalid_field", f"{name} must be a string, not {_kind_of(value)}")
    duration = event.get("duration_ms")
    if duration is not None and (isinstance(duration, bool) or not isinstance(duration, int | float)):
        return RefusedError("invalid_field", f"duration_ms must be a number, not {_kind_of(duration)}")
    if event["event_type"] not in EVENT_TYPES:
        return RefusedError("invalid_event_type", f"unknown event_type {event['event_type'][:64]!r}")
    for name in _TEXTS:
        if len(event.get(name) or "") > MAX_ID:
            return RefusedError("field_too_long", f"{name} is longer than {MAX_ID} characters")
    return RefusedError("invalid_field", "a field has a value that cannot be read")


def _kind_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "a boolean", str: "a string", type(None): "null"}
    return names.get(type(value), "a number")


def event_id_of(event: Any) -> str | None:
    """The id to name in an answer, when the event has one that can be repeated."""
    value = event.get("event_id") if isinstance(event, dict) else None
    return value[:MAX_ID] if isinstance(value, str) else None


def encode_answer(answer: IngestAnswer) -> bytes:
    """The answer as JSON."""
    return msgspec.json.encode(answer)

"""Event → bytes, once, on the calling thread: that is the snapshot. Total: every event comes out, within its limits."""

from __future__ import annotations

from typing import Any

import msgspec

from ._fit import fit
from ._plain import is_plain_struct, weigh_dict
from ._sanitize import plain_payload, sanitize, shorten
from .events import LIMITS, SEVERITIES, Event

__all__ = ["encode", "encode_envelope"]

_to_json = msgspec.json.Encoder().encode
_PAYLOAD_BYTES = LIMITS["payload_bytes"]
#: Published collectors measure with escapes and blanks, which at most triples the size.
_SURELY_FITS = _PAYLOAD_BYTES // 3
_SUMMARY = LIMITS["summary"]
_HEADER_ROOM = 256
_HEADER_FIELDS = tuple(name for name in Event.__struct_fields__ if name != "payload")


def encode(event: Event) -> bytes:
    """JSON of one event. Values that cannot be sent become markers, long ones are cut; the event itself is never lost."""
    payload = event.payload
    try:
        if weigh_dict(payload) >= 0 if type(payload) is dict else _is_plain_payload(payload):
            data = _to_json(event)
            # A small event cannot hold an oversized payload; a summary is checked where it may be over its limit.
            if len(data) <= _SUMMARY:
                return data
            summary = payload.get("summary") if type(payload) is dict else getattr(payload, "summary", None)
            if len(data) <= _SURELY_FITS and (not isinstance(summary, str) or len(summary) <= _SUMMARY):
                return data
    except (TypeError, ValueError, RuntimeError, OverflowError, AttributeError):
        return _encode_carefully(event)  # surrogates, or something another thread changed after we had looked
    return _encode_carefully(event)


def encode_envelope(fields: dict[str, Any]) -> bytes:
    """JSON of an envelope, absent fields left out."""
    return _to_json({key: sanitize(value) for key, value in fields.items() if value is not None})


def _is_plain_payload(payload: Any) -> bool:
    # By type: an object may lie about its class, or raise when it is asked.
    return payload is None or (issubclass(type(payload), msgspec.Struct) and is_plain_struct(payload))


def _encode_carefully(event: Event) -> bytes:
    fields: dict[str, Any] = {"event_type": event.event_type}
    for name in _HEADER_FIELDS:
        value = _header(name, getattr(event, name))
        if value is not None:
            fields[name] = value
    if event.payload is not None:
        fields["payload"] = fit(_tree(event.payload), _PAYLOAD_BYTES)
    return _to_json(fields)


def _header(name: str, value: Any) -> str | int | None:
    """A field beside the payload: text of limited length, but for the duration. What cannot be either is left out."""
    if value is None:
        return None
    plain = sanitize(value)
    if name == "duration_ms":
        return round(plain) if isinstance(plain, int | float) and plain >= 0 else None
    if name == "severity" and plain not in SEVERITIES:
        return None
    if isinstance(plain, dict | list):
        return f"$unserializable:{type(value).__name__}"[:_HEADER_ROOM]
    return shorten(str(plain), _HEADER_ROOM)


def _tree(payload: Any) -> dict[str, Any]:
    """The payload as an object of plain JSON values; a typed payload keeps its ``kind``."""
    tree = plain_payload(payload)
    if not isinstance(tree, dict):
        return {"data": tree}
    if isinstance(tree.get("summary"), str):
        tree["summary"] = shorten(tree["summary"], _SUMMARY)
    return tree

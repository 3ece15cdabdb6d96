"""Event → bytes, once, on the calling thread: that is the snapshot. Total: every event comes out, within its limits."""

from __future__ import annotations

from typing import Any

import msgspec

from ._sanitize import is_plain, is_plain_dict, plain_payload, sanitize, shorten
from .events import LIMITS, Event

__all__ = ["encode", "encode_envelope", "fit"]

_encoder = msgspec.json.Encoder()
_PAYLOAD_BYTES = LIMITS["payload_bytes"]
_SUMMARY = LIMITS["summary"]
_HEADER_ROOM = 256
_HEADER_FIELDS = tuple(name for name in Event.__struct_fields__ if name != "payload")


def encode(event: Event) -> bytes:
    """JSON of one event. Values that cannot be sent become markers, long ones are cut; the event itself is never lost."""
    payload = event.payload
    if is_plain_dict(payload) if type(payload) is dict else is_plain(payload):
        try:
            data = _encoder.encode(event)
        except (UnicodeEncodeError, TypeError, RecursionError, ValueError, RuntimeError):
            return _encode_carefully(event)
        # A small event cannot hold an oversized payload; a summary is checked where it is longer than its limit.
        if len(data) <= _SUMMARY or (len(data) <= _PAYLOAD_BYTES and _summary_fits(event.payload)):
            return data
    return _encode_carefully(event)


def encode_envelope(fields: dict[str, Any]) -> bytes:
    """JSON of an envelope, absent fields left out."""
    return _encoder.encode({key: sanitize(value) for key, value in fields.items() if value is not None})


def _summary_fits(payload: Any) -> bool:
    summary = payload.get("summary") if type(payload) is dict else getattr(payload, "summary", None)
    return not isinstance(summary, str) or len(summary) <= _SUMMARY


def _encode_carefully(event: Event) -> bytes:
    fields: dict[str, Any] = {"event_type": event.event_type}
    for name in _HEADER_FIELDS:
        value = getattr(event, name)
        if value is not None:
            plain = sanitize(value)
            fields[name] = shorten(plain, _HEADER_ROOM) if isinstance(plain, str) else plain
    if event.payload is not None:
        fields["payload"] = fit(_tree(event.payload))
    return _encoder.encode(fields)


def _tree(payload: Any) -> Any:
    """The payload as plain JSON values; a typed payload keeps its ``kind``."""
    tree = plain_payload(payload)
    if isinstance(tree, dict) and isinstance(tree.get("summary"), str):
        tree["summary"] = shorten(tree["summary"], _SUMMARY)
    return tree


def fit(tree: Any) -> Any:
    """Cut the longest strings first, then the longest collections, until the tree is within the payload limit."""
    if len(_encoder.encode(tree)) <= _PAYLOAD_BYTES:
        return tree
    for items in (100_000, 64, 16, 4, 1):
        shorter = _cap(tree, 32, items)
        if len(_encoder.encode(shorter)) <= _PAYLOAD_BYTES:
            return _longest_that_fits(tree, items)
    return {"$truncated": "payload"}


def _longest_that_fits(tree: Any, items: int) -> Any:
    low, high = 32, _PAYLOAD_BYTES
    best = _cap(tree, low, items)
    while high - low > 32:
        middle = (low + high) // 2
        candidate = _cap(tree, middle, items)
        if len(_encoder.encode(candidate)) <= _PAYLOAD_BYTES:
            low, best = middle, candidate
        else:
            high = middle
    return best


def _cap(value: Any, chars: int, items: int) -> Any:
    if isinstance(value, str):
        return shorten(value, chars)
    if isinstance(value, list):
        kept = [_cap(item, chars, items) for item in value[:items]]
        return kept if len(value) <= items else [*kept, {"$truncated": f"{len(value) - items} more"}]
    if isinstance(value, dict):
        return _cap_dict(value, chars, items)
    return value


def _cap_dict(value: dict[str, Any], chars: int, items: int) -> dict[str, Any]:
    room = max(items, 16)
    tree = {shorten(key, 64): _cap(item, chars, items) for key, item in list(value.items())[:room]}
    if len(value) > room:
        tree["$truncated"] = f"{len(value) - room} more"
    return tree

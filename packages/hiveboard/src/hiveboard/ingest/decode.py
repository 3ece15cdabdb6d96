"""Bytes to typed events: at once when all is well, else one by one so that a bad event costs only itself."""

from __future__ import annotations

from typing import Any

import msgspec
from hiveloop.events import LIMITS
from msgspec import Struct

from hiveboard.errors import BadRequestError
from hiveboard.settings import Limits

from . import sanitize
from .body import too_many
from .verdict import Refusal, RefusedError, event_id_of, explain
from .wire import WireEnvelope, WireEvent, batch_decoder, event_decoder, outline_decoder

__all__ = ["Decoded", "decode_batch", "refuse"]

_any_decoder = msgspec.json.Decoder()


class Decoded(Struct):
    """The envelope, the events that have the right types, and the verdicts on those that have not."""

    envelope: WireEnvelope
    events: list[WireEvent]
    refusals: list[Refusal]
    long_digits: bool = False


def decode_batch(body: bytes, limits: Limits) -> Decoded:
    """Read a request body. Raises the 400 or 413 envelope when it is not a batch at all."""
    body = sanitize.clean_text(body)
    try:
        batch = batch_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        decoded = _decode_each(body, limits)
    else:
        decoded = Decoded(batch.envelope, batch.events, [])
    decoded.long_digits = sanitize.has_long_digits(body)
    if len(decoded.events) + len(decoded.refusals) > LIMITS["batch_events"]:
        raise too_many(len(decoded.events) + len(decoded.refusals))
    if not decoded.envelope.agent_id:
        raise _shape("envelope.agent_id", "envelope.agent_id is required")
    return decoded


def _decode_each(body: bytes, limits: Limits) -> Decoded:
    envelope, events = _outline(body, limits)
    if len(events) > LIMITS["batch_events"]:
        raise too_many(len(events))
    decoded = Decoded(_envelope(envelope), [], [])
    for raw in events:
        try:
            decoded.events.append(event_decoder.decode(raw))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            event = _read(raw)
            mended = _without_infinity(event)
            if mended is not None:
                decoded.events.append(mended)
                continue
            refused = explain(event)
            decoded.refusals.append(Refusal(event_id_of(event), refused.code, refused.message))
    return decoded


def _without_infinity(event: Any) -> WireEvent | None:
    """An event of which nothing is wrong but a duration beyond every number: it is judged like any absurd duration."""
    if not isinstance(event, dict) or not isinstance(event.get("duration_ms"), dict):
        return None
    if list(event["duration_ms"]) != ["$float"]:
        return None
    try:
        return event_decoder.decode(sanitize.encode({**event, "duration_ms": -1}))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _outline(body: bytes, limits: Limits) -> tuple[Any, list[Any]]:
    """The envelope (decoded) and the events (as raw JSON each)."""
    try:
        outline = outline_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _tolerant_outline(body, limits)
    return _read(outline.envelope), list(outline.events)


def _tolerant_outline(body: bytes, limits: Limits) -> tuple[Any, list[Any]]:
    # Events sit two levels down and payloads three, so what exceeds the payload's depth is still seen as too deep.
    flat = sanitize.flatten_deep(body, limits.json_depth + 8)
    try:
        document = sanitize.parse_tolerantly(flat)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON", code="invalid_json") from None
    if not isinstance(document, dict):
        raise _shape("body", "the body must be an object with envelope and events")
    if not isinstance(document.get("envelope"), dict):
        raise _shape("envelope", "envelope is required and must be an object")
    if not isinstance(document.get("events"), list):
        raise _shape("events", "events is required and must be a list")
    return document["envelope"], [sanitize.encode(event) for event in document["events"]]


def _read(raw: Any) -> Any:
    """Generic JSON; None when even that is impossible (a number too large for this process)."""
    try:
        return _any_decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        try:
            return sanitize.parse_tolerantly(bytes(raw))
        except (ValueError, RecursionError):
            return None


def _envelope(value: Any) -> WireEnvelope:
    """The envelope with what has the right type; only ``agent_id`` must be right."""
    if not isinstance(value, dict):
        raise _shape("envelope", "envelope must be an object")
    if not isinstance(value.get("agent_id"), str):
        raise _shape("envelope.agent_id", "envelope.agent_id is required and must be a string")
    names = WireEnvelope.__struct_fields__
    return WireEnvelope(**{name: text for name in names if isinstance(text := value.get(name), str)})


def _shape(field: str, message: str) -> BadRequestError:
    return BadRequestError(message, code="invalid_batch", details={"field": field})


def refuse(refused: RefusedError, event_id: str | None) -> Refusal:
    """The verdict that names an event."""
    return Refusal(event_id, refused.code, refused.message)

"""Judging typed events: each becomes a record to store or a refusal, with remarks where something is odd."""

from __future__ import annotations

from typing import Any

import msgspec
from hiveloop.events import EVENT_TYPES, LIMITS, SEVERITIES, default_severity
from hiveloop.payloads import CUSTOM_PAYLOADS, CustomPayload
from msgspec import Struct

from hiveboard.instant import parse_instant
from hiveboard.pricing import PriceBook
from hiveboard.settings import Limits
from hiveboard.store.records import Batch, EventRecord, Origin
from hiveboard.store.values import dict_of, number_of

from . import sanitize
from .decode import Decoded, refuse
from .event_id import canonical_id
from .llm_call import read_llm_call
from .verdict import Refusal, RefusedError, Remark
from .wire import MAX_ID, WireEnvelope, WireEvent

__all__ = ["MAX_DURATION_MS", "Judge", "Judged"]

#: Ten years; a longer duration is a broken clock, not a measurement.
MAX_DURATION_MS = 315_360_000_000
_SUMMARY = LIMITS["summary"]
_PAYLOAD_BYTES = LIMITS["payload_bytes"]
#: Events that say nothing of a run they do not name.
_OF_RUNS = frozenset({"task_started", "task_completed", "task_failed"})
_RECOMMENDED = {kind: body.recommended for kind, body in CUSTOM_PAYLOADS.items() if body.recommended}
#: The one copy of each name: what is compared later is mostly the same object.
_NAMES = {name: name for name in EVENT_TYPES}
#: Severities that follow from the type or the kind alone.
_SEVERITY_OF_TYPE = {name: default_severity(name) for name in EVENT_TYPES}
_SEVERITY_OF_KIND = {
    kind: body.severity_of({})
    for kind, body in CUSTOM_PAYLOADS.items()
    if body.severity_of.__func__ is CustomPayload.severity_of.__func__  # type: ignore[attr-defined]
}
_decode = msgspec.json.Decoder().decode


class Judged(Struct):
    """What is to be stored, what is not and why, and what is worth a remark."""

    batch: Batch
    refusals: list[Refusal]
    remarks: list[Remark]


class _Sender(Struct):
    """What the events of a request have in common unless they say otherwise."""

    tenant: str
    received_at: int
    agent_id: str
    agent_type: str


class Judge:
    """Judges batches against the limits; prices the LLM calls that came without a cost."""

    def __init__(self, limits: Limits, prices: PriceBook) -> None:
        self._depth = limits.json_depth
        self._prices = prices
        self._long_digits = False

    def judge(self, decoded: Decoded, tenant: str, received_at: int) -> Judged:
        """Judge every event of a request alone. ``received_at`` is microseconds since 1970."""
        remarks: list[Remark] = []
        envelope = decoded.envelope
        batch = Batch(tenant, _origin(envelope, remarks), [], [])
        judged = Judged(batch, decoded.refusals, remarks)
        self._long_digits = decoded.long_digits
        by = _Sender(tenant, received_at, envelope.agent_id, (envelope.agent_type or "general")[:MAX_ID])
        for event in decoded.events:
            try:
                record, payload = self._record(event, by, remarks)
            except RefusedError as refused:
                judged.refusals.append(refuse(refused, event.event_id))
            else:
                batch.records.append(record)
                batch.payloads.append(payload)
        return judged

    def _record(
        self, event: WireEvent, by: _Sender, remarks: list[Remark]
    ) -> tuple[EventRecord, dict[str, Any] | None]:
        event_type = _NAMES.get(event.event_type)
        if event_type is None:
            raise RefusedError("invalid_event_type", f"unknown event_type {event.event_type[:64]!r}")
        ts = parse_instant(event.timestamp)
        if ts is None:
            raise RefusedError("invalid_field", f"timestamp {event.timestamp[:64]!r} is not ISO 8601")
        agent_id = event.agent_id or by.agent_id
        if len(agent_id) > MAX_ID:
            raise RefusedError("field_too_long", f"agent_id is longer than {MAX_ID} characters")
        event_id = event.event_id
        payload, raw = self._payload(event, remarks)
        kind = _kind(payload) if event_type == "custom" and payload is not None else None
        record = EventRecord(
            by.tenant,
            event_id if len(event_id) == 36 and event_id.lower() == event_id else canonical_id(event_id),
            ts,
            by.received_at,
            0,
            agent_id,
            event.agent_type or by.agent_type,
            event_type,
            kind,
            _severity(event, event_type, kind, payload, remarks)
            if event.severity or kind is not None
            else _SEVERITY_OF_TYPE[event_type],
            event.project_id or None,
            event.task_id or None,
            event.task_type or None,
            event.task_run_id or "",
            event.correlation_id or None,
            event.action_id or None,
            event.parent_action_id or None,
            canonical_id(event.parent_event_id) if event.parent_event_id else None,
            event.status or None,
            None if event.duration_ms is None else _duration(event, remarks),
            raw,
        )
        if not event.task_id and event_type in _OF_RUNS:
            remarks.append(
                Remark(
                    event.event_id, "missing_recommended_field", f"{event_type} without task_id is of no run"
                )
            )
        if kind is not None and payload is not None:
            recommended = _RECOMMENDED.get(kind)
            if recommended is not None:
                _advise(event.event_id, kind, recommended, payload, remarks)
            if kind == "llm_call":
                read_llm_call(record, payload, self._prices, remarks)
        return record, payload

    def _payload(self, event: WireEvent, remarks: list[Remark]) -> tuple[dict[str, Any] | None, bytes | None]:
        raw = bytes(event.payload)
        if not raw or raw == b"null":
            return None, None
        # Every level takes at least an opening and a closing byte.
        if len(raw) > 2 * self._depth and raw.count(b"{") + raw.count(b"[") > self._depth:
            _refuse_deeper(raw, self._depth)
        if self._long_digits:
            payload, raw = _decoded(raw)
        else:
            try:
                payload = _decode(raw)
            except msgspec.DecodeError:
                payload, raw = _mended(raw)
        if type(payload) is not dict:
            raise RefusedError("invalid_field", "payload must be an object")
        # What is too long has at least as many bytes.
        if len(raw) > _SUMMARY:
            raw = _fit(event.event_id, payload, raw, remarks)
        return payload, raw


def _fit(event_id: str, payload: dict[str, Any], raw: bytes, remarks: list[Remark]) -> bytes:
    """The payload's JSON with its summary cut to the limit, which goes for ``payload`` too."""
    summary = payload.get("summary")
    if type(summary) is str and len(summary) > _SUMMARY:
        payload["summary"] = summary[: _SUMMARY - 1] + "…"
        raw = msgspec.json.encode(payload)
        remarks.append(
            Remark(event_id, "field_truncated", f"payload.summary was cut to {_SUMMARY} characters")
        )
    if len(raw) > _PAYLOAD_BYTES:
        raw = msgspec.json.encode(payload)
        if len(raw) > _PAYLOAD_BYTES:
            raise RefusedError("payload_too_large", f"payload exceeds {_PAYLOAD_BYTES} bytes of JSON")
    return raw


def _decoded(raw: bytes) -> tuple[Any, bytes]:
    """Like plain decoding where long runs of digits are about, some of which may be numbers."""
    if sanitize.has_long_digits(raw):
        return _mended(raw)
    try:
        return _decode(raw), raw
    except msgspec.DecodeError:
        return _mended(raw)


def _mended(raw: bytes) -> tuple[Any, bytes]:
    """A payload in which a number beyond 64 bits becomes a text; floats beyond their range a marked value."""
    try:
        payload = sanitize.parse_tolerantly(raw)
    except (ValueError, RecursionError):
        raise RefusedError("invalid_field", "payload cannot be read") from None
    return payload, sanitize.encode(payload)


def _refuse_deeper(raw: bytes, depth: int) -> None:
    if sanitize.flatten_deep(raw, depth) != raw:
        raise RefusedError("invalid_field", f"payload nests deeper than {depth} levels")


def _kind(payload: dict[str, Any]) -> str | None:
    kind = payload.get("kind")
    if type(kind) is not str or not kind:
        return None
    return kind if len(kind) <= MAX_ID else kind[:MAX_ID]


def _severity(
    event: WireEvent, event_type: str, kind: str | None, payload: dict[str, Any] | None, remarks: list[Remark]
) -> str:
    severity = event.severity
    if severity:
        if severity in SEVERITIES:
            return severity
        remarks.append(
            Remark(
                event.event_id, "invalid_value", f"severity {severity[:32]!r} is unknown; the default is used"
            )
        )
    if kind is None:
        return _SEVERITY_OF_TYPE[event_type]
    usual = _SEVERITY_OF_KIND.get(kind)
    return usual or default_severity(event_type, kind, None if payload is None else payload.get("data"))


def _duration(event: WireEvent, remarks: list[Remark]) -> int | None:
    value = event.duration_ms
    if type(value) is int and 0 <= value <= MAX_DURATION_MS:
        return value
    value = number_of(value)
    if value is not None and 0 <= value <= MAX_DURATION_MS:
        return round(value)
    remarks.append(
        Remark(
            event.event_id, "invalid_value", "duration_ms is no duration from 0 to ten years and was ignored"
        )
    )
    return None


def _advise(
    event_id: str,
    kind: str,
    recommended: tuple[str, ...],
    payload: dict[str, Any],
    remarks: list[Remark],
) -> None:
    data = dict_of(payload.get("data"))
    for name in recommended:
        if data.get(name) is None:
            remarks.append(
                Remark(event_id, "missing_recommended_field", f"payload.kind={kind} recommends data.{name}")
            )


def _origin(envelope: WireEnvelope, remarks: list[Remark]) -> Origin:
    def fit(name: str, text: str, maximum: int) -> str:
        if len(text) > maximum:
            remarks.append(
                Remark(None, "field_truncated", f"envelope.{name} was cut to {maximum} characters")
            )
        return text[:maximum]

    def optional(text: str | None) -> str | None:
        return text[:MAX_ID] if text else None

    return Origin(
        optional(envelope.agent_version),
        optional(envelope.framework),
        optional(envelope.runtime),
        optional(envelope.sdk_version),
        fit("environment", envelope.environment or "production", LIMITS["environment"]),
        fit("group", envelope.group or "default", LIMITS["group"]),
    )

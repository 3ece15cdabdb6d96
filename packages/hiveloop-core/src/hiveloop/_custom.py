"""Events built from loose arguments: LLM calls and whatever a program names itself."""

from __future__ import annotations

import logging
from typing import Any

from ._arguments import amount, count, identifier, text
from ._runtime import runtime
from ._sanitize import shorten
from .events import EVENT_TYPES, SEVERITIES, Custom, Event, Severity
from .payloads import LlmCall, LlmCallData

__all__ = ["custom_event", "llm_call_event", "llm_summary"]

log = logging.getLogger("hiveloop")

PREVIEW_CHARS = 2_000
_said: set[str] = set()


def llm_summary(
    name: str, model: str | None, tokens_in: int | None, tokens_out: int | None, cost: float | None
) -> str:
    """``name → model (in in / out out, $cost)``, with what is known."""
    line = f"{name} → {model}" if model else name
    known = []
    if tokens_in is not None or tokens_out is not None:
        known.append(
            f"{'?' if tokens_in is None else tokens_in} in / {'?' if tokens_out is None else tokens_out} out"
        )
    if cost is not None:
        known.append(f"${cost:.6f}".rstrip("0").rstrip("."))
    return f"{line} ({', '.join(known)})" if known else line


def llm_call_event(
    name: Any,
    model: Any,
    tokens_in: Any,
    tokens_out: Any,
    cost: Any,
    duration_ms: Any,
    prompt_preview: Any,
    response_preview: Any,
    metadata: Any,
) -> Custom:
    """A ``custom`` event of kind ``llm_call``; unknown values stay absent."""
    data = LlmCallData(
        name=identifier(name) or "llm_call",
        model=identifier(model),
        tokens_in=count(tokens_in, "tokens_in"),
        tokens_out=count(tokens_out, "tokens_out"),
        cost=amount(cost, "cost"),
        duration_ms=count(duration_ms, "duration_ms"),
        prompt_preview=_preview(prompt_preview),
        response_preview=_preview(response_preview),
        metadata=metadata,
    )
    session = runtime.session
    if data.cost is None and session is not None and session.prices is not None:
        data.cost = session.prices.estimate(data.model, data.tokens_in, data.tokens_out)
        if data.cost is not None:
            data.cost_source = "estimated"
    summary = llm_summary(data.name, data.model, data.tokens_in, data.tokens_out, data.cost)
    return Custom(
        payload=LlmCall(
            summary=summary if len(summary) <= 512 else shorten(summary, 512), data=data, tags=["llm"]
        )
    )


def _preview(value: Any) -> str | None:
    if value is None:
        return None
    return shorten(value, PREVIEW_CHARS) if type(value) is str else text(value, PREVIEW_CHARS)


def custom_event(
    event_type: Any, payload: dict[str, Any] | None, severity: Any = None, parent_event_id: Any = None
) -> Event:
    """An event of a named type; a type outside the catalogue becomes the ``kind`` of a custom event."""
    cls = EVENT_TYPES.get(event_type) if type(event_type) is str else None
    if cls is None:
        cls, payload = Custom, _foreign(identifier(event_type, 128) or "custom", payload or {})
    event = cls(payload=payload)
    if severity is not None:
        event.severity = _severity(severity)
    if parent_event_id is not None:
        event.parent_event_id = identifier(parent_event_id)
    return event


def _foreign(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if name not in _said and len(_said) < 1_000:
        _said.add(name)
        log.warning("%r is not an event type; sent as a custom event of that kind (said once)", name)
    inner = given.get("data", {key: value for key, value in given.items() if key not in ("summary", "tags")})
    payload = {"kind": name, "summary": given.get("summary", name), "data": inner}
    if "tags" in given:
        payload["tags"] = given["tags"]
    return payload


def _severity(value: Any) -> Severity | None:
    if value is None:
        return None
    level = str(value).lower()
    level = {"warning": "warn", "critical": "error", "fatal": "error"}.get(level, level)
    return level if level in SEVERITIES else None  # type: ignore[return-value]

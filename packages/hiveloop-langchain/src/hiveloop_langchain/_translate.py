"""Plain data → events of the catalogue: every mapping of this adapter, pure, without a framework object in sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hiveloop import events, payloads
from hiveloop.adapters.actions import (
    STATUS_OF_OUTCOME,
    ErrorInfo,
    action_completed,
    action_failed,
    action_started,
)

__all__ = [
    "STATUS_OF_OUTCOME",
    "ErrorInfo",
    "Prompt",
    "action_completed",
    "action_failed",
    "action_started",
    "approval_received",
    "approval_requested",
    "custom_event",
    "llm_call",
    "retry_started",
]

_CUSTOM_PREFIX = "hiveloop."
_LIFECYCLE: dict[str, tuple[type[events.Event], type[payloads.Payload]]] = {
    "retry": (events.RetryStarted, payloads.Retry),
    "retry_started": (events.RetryStarted, payloads.Retry),
    "escalate": (events.Escalated, payloads.Escalation),
    "escalated": (events.Escalated, payloads.Escalation),
    "approval_requested": (events.ApprovalRequested, payloads.ApprovalPayload),
    "approval_received": (events.ApprovalReceived, payloads.ApprovalPayload),
}
_KIND_ALIASES = {"plan": "plan_created", "report_issue": "issue", "resolve_issue": "issue"}


class Prompt(NamedTuple):
    """What went to a model: the text to show and estimated shares in tokens."""

    text: str | None = None
    system_tokens: int = 0
    history_tokens: int = 0
    tool_tokens: int = 0
    messages: int = 0


def retry_started(
    action_id: str | None,
    name: str,
    attempt: int,
    error: ErrorInfo | None = None,
    backoff_seconds: float | None = None,
    fallback_to: str | None = None,
) -> events.RetryStarted:
    """``name`` is tried again; ``attempt`` counts the try that begins now, the first one being 1."""
    data: dict[str, Any] = {"attempt": attempt, "function": name}
    if backoff_seconds is not None:
        data["backoff_seconds"] = backoff_seconds
    if error is not None:
        data["reason"] = error.type
        if error.message:
            data["original_error"] = error.message
    if fallback_to is not None:
        data["strategy"] = "fallback"
        data["fallback_to"] = fallback_to
    summary = f"Fallback from {name} to {fallback_to}" if fallback_to else f"Attempt {attempt} of {name}"
    return events.RetryStarted(action_id=action_id, payload=payloads.Retry(summary=summary, data=data))


def approval_requested(
    action_id: str | None, approval_id: str, summary: str, details: Mapping[str, Any]
) -> events.ApprovalRequested:
    """The run waits for a person. ``details``: ``reason, kind, node, thread_id, tools, question, arguments``."""
    data = {"approval_id": approval_id, **details}
    return events.ApprovalRequested(
        action_id=action_id, payload=payloads.ApprovalPayload(summary=summary, data=data)
    )


def approval_received(
    approval_id: str | None, decision: str, details: Mapping[str, Any]
) -> events.ApprovalReceived:
    """A person answered and the run goes on. ``details``: ``edited, answer, thread_id``."""
    data: dict[str, Any] = {"decision": decision, **details}
    if approval_id is not None:
        data["approval_id"] = approval_id
    return events.ApprovalReceived(
        payload=payloads.ApprovalPayload(summary=f"Resumed: {decision}", data=data)
    )


def llm_call(
    data: payloads.LlmCallData, action_id: str | None, started_action_id: str | None = None
) -> events.Custom:
    """One model call, with its summary line."""
    return events.Custom(
        action_id=action_id,
        parent_action_id=started_action_id,
        payload=payloads.LlmCall(summary=_llm_summary(data), data=data, tags=["llm"]),
    )


def _llm_summary(data: payloads.LlmCallData) -> str:
    line = f"{data.name} → {data.model}" if data.model else data.name
    given, made = data.tokens_in, data.tokens_out
    if given is not None and made is not None:
        counts = f"{given} in / {made} out"
    else:
        counts = f"{given} in" if given is not None else f"{made} out" if made is not None else ""
    if data.cost is not None:
        counts = f"{counts}, ${data.cost:.4f}" if counts else f"${data.cost:.4f}"
    return f"{line} ({counts})" if counts else line


def custom_event(name: str, data: Any, action_id: str | None, capture: bool) -> events.Event:
    """A user's ``dispatch_custom_event``. Named ``hiveloop.<kind>`` it is that event, said on purpose and sent whole."""
    if name.startswith(_CUSTOM_PREFIX):
        return _named_event(name[len(_CUSTOM_PREFIX) :], data, action_id)
    kind = f"langchain.{name}"[:64]
    payload: dict[str, Any] = {"kind": kind, "summary": name[:512], "tags": ["langchain"]}
    if capture and data is not None:
        payload["data"] = data
    return events.Custom(action_id=action_id, payload=payload)


def _named_event(name: str, data: Any, action_id: str | None) -> events.Event:
    fields = dict(data) if isinstance(data, Mapping) else {} if data is None else {"value": data}
    summary = fields.pop("summary", None)
    summary = summary if isinstance(summary, str) else None
    if name in _LIFECYCLE:
        event, body = _LIFECYCLE[name]
        return event(action_id=action_id, payload=body(summary=summary, data=fields))  # type: ignore[call-arg]
    kind = _KIND_ALIASES.get(name, name)
    if kind == "issue":
        fields.setdefault("severity", "medium")
        fields.setdefault("action", "resolved" if name == "resolve_issue" else "reported")
    if kind == "plan_created":
        fields["steps"] = _steps(fields.get("steps"))
        summary = summary or (fields["goal"] if isinstance(fields.get("goal"), str) else None)
    body_type = payloads.CUSTOM_PAYLOADS.get(kind)
    if body_type is None:
        return events.Custom(
            action_id=action_id,
            payload={"kind": kind[:64] or "custom", "summary": summary or kind, "data": fields},
        )
    return events.Custom(action_id=action_id, payload=body_type(summary=summary or kind, data=fields))


def _steps(steps: Any) -> list[Any]:
    """Steps as the wire has them; a plain list of texts is numbered."""
    if not isinstance(steps, (list, tuple)):
        return []
    return [
        {"index": index, "description": step} if isinstance(step, str) else step
        for index, step in enumerate(steps)
    ]

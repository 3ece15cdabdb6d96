"""Steps as events of the catalogue: what every adapter says of an action and of the error that ended it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hiveloop import events

__all__ = ["STATUS_OF_OUTCOME", "ErrorInfo", "action_completed", "action_failed", "action_started", "failure"]

#: Outcomes that are a status of their own on the wire; the others are only named in the payload.
STATUS_OF_OUTCOME = {"cancelled": "cancelled", "abandoned": "abandoned", "aborted": "aborted"}


class ErrorInfo(NamedTuple):
    """An error as plain data. ``message`` is ``None`` where content is not captured."""

    type: str
    message: str | None = None
    status_code: int | None = None


def action_started(
    action_id: str,
    parent_action_id: str | None,
    name: str,
    kind: str,
    details: Mapping[str, Any] | None = None,
) -> events.ActionStarted:
    """A turn, node, tool, retriever, handoff or nested run began."""
    payload: dict[str, Any] = {"action_name": name, "kind": kind}
    if details:
        payload.update(details)
    return events.ActionStarted(action_id=action_id, parent_action_id=parent_action_id, payload=payload)


def action_completed(
    action_id: str,
    parent_action_id: str | None,
    name: str,
    duration_ms: int,
    outcome: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> events.ActionCompleted:
    """A step ended without failing; ``outcome`` says how where it was not simply done."""
    payload: dict[str, Any] = {"action_name": name}
    if outcome is not None:
        payload["outcome"] = outcome
    if details:
        payload.update(details)
    return events.ActionCompleted(
        action_id=action_id,
        parent_action_id=parent_action_id,
        status="success" if outcome is None else STATUS_OF_OUTCOME.get(outcome),
        duration_ms=duration_ms,
        payload=payload,
    )


def action_failed(
    action_id: str,
    parent_action_id: str | None,
    name: str,
    duration_ms: int,
    error: ErrorInfo,
    origin: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> events.ActionFailed:
    """A step ended by an error. With ``origin``, the action that reported it first, the message is not repeated."""
    payload: dict[str, Any] = {"action_name": name, **failure(error, origin)}
    if details:
        payload.update(details)
    return events.ActionFailed(
        action_id=action_id,
        parent_action_id=parent_action_id,
        status="failure",
        duration_ms=duration_ms,
        payload=payload,
    )


def failure(error: ErrorInfo, origin: str | None = None) -> dict[str, Any]:
    """The fields by which a failed action or task names its error."""
    fields: dict[str, Any] = {"exception_type": error.type}
    if origin is not None:
        fields["error_origin"] = origin
    elif error.message is not None:
        fields["exception_message"] = error.message
    if error.status_code is not None:
        fields["status_code"] = error.status_code
    return fields

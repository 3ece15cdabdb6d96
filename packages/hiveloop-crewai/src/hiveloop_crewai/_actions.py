"""Steps as actions: how each begins, ends and fails, and how an error that is only passed on points to where it began."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import _translate as translate
from ._facts import Fact
from ._translate import ErrorInfo
from ._tree import Node, Reported, Try

__all__ = [
    "LONE",
    "begin_action",
    "end_action",
    "error_of",
    "explain",
    "fail_action",
    "spent_ms",
    "status_code",
    "tell_guardrail_retry",
    "tried",
]

#: Under which a lone agent counts its tries.
LONE = "lone"
#: What CrewAI raises in place of a tool's own error; its text holds the tool's.
_WRAPPER = "ToolExecutionFailedError"
_WRAPPED = re.compile(r"^Tool '")
_REASON_CHARS = 120
_STATUS = re.compile(r"\b(?:Error code|status code|HTTP)[: ]+(\d{3})\b", re.IGNORECASE)


def spent_ms(node: Node, at: float) -> int:
    """Whole milliseconds between a start and an end, by the framework's clock."""
    return max(0, round((at - node.at) * 1000))


def begin_action(node: Node, kind: str, name: str, details: Mapping[str, Any]) -> None:
    """The node is an action from here on, and what comes below it belongs to it."""
    node.name = name
    node.parent_action = node.scope
    node.action_id = node.scope = node.id
    if node.run is not None:
        event = translate.action_started(node.id, node.parent_action, name, kind, details)
        node.run.emit(event, node.at, node.actor)


def end_action(node: Node, at: float, details: Mapping[str, Any], status: str = "success") -> None:
    """It ended without failing; nothing happens where the node is no action."""
    if node.action_id is not None and node.run is not None:
        event = translate.action_completed(
            node.action_id, node.parent_action, node.name, spent_ms(node, at), details, status
        )
        node.run.emit(event, at, node.actor)


def fail_action(
    node: Node, at: float, error: ErrorInfo, text: str | None, details: Mapping[str, Any]
) -> None:
    """It ended by an error; ``text`` recognises the error when it is told again further up, sent or not."""
    if node.action_id is None or node.run is None:
        return
    if error.origin is None and text:
        node.run.reported.append(Reported(text, error.type, node.action_id, node))
    event = translate.action_failed(
        node.action_id, node.parent_action, node.name, spent_ms(node, at), error, details
    )
    node.run.emit(event, at, node.actor)


def error_of(data: Mapping[str, Any]) -> ErrorInfo:
    """An error as an event says it."""
    message = data.get("error")
    return ErrorInfo(
        data.get("error_type"), message if data.get("told") else None, None, status_code(message)
    )


def explain(node: Node, data: Mapping[str, Any]) -> ErrorInfo:
    """An error of ``node``, with the action that told it first where a step inside has failed by it."""
    error, text = error_of(data), data.get("error")
    if node.run is not None and node.run.stopped_by is not None:
        return error._replace(type=node.run.stopped_by)
    if not text or node.run is None:
        return error
    is_wrapped = error.type in (None, _WRAPPER) and _WRAPPED.match(text) is not None
    for known in reversed(node.run.reported):
        if (known.text == text or (is_wrapped and known.text in text)) and known.is_below(node):
            own = error.type if error.type != _WRAPPER else None
            return error._replace(type=known.type or own or error.type, origin=known.action_id)
    return error if error.type is not None else error._replace(type=_type_of_call(node, text))


def _type_of_call(node: Node, text: str) -> str | None:
    """The type of a model call's error that is passed on as it is: CrewAI puts words in front of its text only."""
    text_of_call, kind = node.run.failed_call if node.run and node.run.failed_call else ("", None)
    return kind if len(text) < len(text_of_call) and text_of_call.endswith(text) else None


def status_code(text: str | None) -> int | None:
    """The HTTP status that a client's error text names."""
    found = _STATUS.search(text) if text else None
    return int(found[1]) if found is not None else None


def tried(node: Node, fact: Fact, name: str) -> None:
    """Count one more try below ``node``'s parent, and say so when it is not the first."""
    parent = node.parent
    if parent is None or node.run is None:
        return
    attempt = parent.tries.setdefault(name, Try())
    attempt.count += 1
    if attempt.count > 1:
        event = translate.retry_started(parent.scope, name, attempt.count, attempt.reason, attempt.text)
        node.run.emit(event, fact.at, node.actor)
    attempt.reason = attempt.text = None


def tell_guardrail_retry(node: Node, fact: Fact) -> None:
    """A lone agent asks its model again after its guardrail refused the answer: nothing else says that it does."""
    lone = node.parent
    while lone is not None and lone.kind == "transparent":
        lone = lone.parent
    attempt = lone.tries.get(LONE) if lone is not None and lone.kind == "lite" else None
    if lone is None or attempt is None or attempt.reason is None or node.run is None:
        return
    attempt.count += 1
    name = lone.role or "agent"
    event = translate.retry_started(lone.scope, name, attempt.count + 1, attempt.reason, attempt.text)
    node.run.emit(event, fact.at, lone.actor)
    attempt.reason = attempt.text = None


def note_failure(attempt: Try, fact: Fact, kind: str | None) -> None:
    """Keep why a try failed, by an error of this ``kind`` where it is known, for the one that follows."""
    attempt.text = fact.data["error"] if fact.data["told"] else None
    attempt.reason = kind or (attempt.text or "error")[:_REASON_CHARS]

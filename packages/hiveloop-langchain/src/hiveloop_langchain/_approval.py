"""What an interrupt asks and what a resume answers → plain data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hiveloop.adapters.preview import ARGUMENT_CHARS, preview
from hiveloop.adapters.shown import arguments, shown

__all__ = ["Answered", "Question", "answers", "question_of"]

_YES = frozenset({"approve", "approved", "accept", "accepted", "allow", "yes", "y", "ok", "continue", "true"})
_NO = frozenset(
    {"reject", "rejected", "deny", "denied", "decline", "declined", "no", "n", "cancel", "ignore", "false"}
)
_EDITED = frozenset({"edit", "edited"})
_DECISION_KEYS = ("type", "decision", "action", "approved", "approve")


class Question(NamedTuple):
    """An interrupt in words: one line, and the fields of `approval_requested`."""

    summary: str
    details: dict[str, Any]


class Answered(NamedTuple):
    """A resume value in words: `approved`, `rejected` or `answered`, and the fields of `approval_received`."""

    decision: str
    details: dict[str, Any]


def question_of(value: Any, node: str, capture: bool) -> Question:
    """Read an interrupt's value: human-in-the-loop requests name their tools, anything else is the question itself."""
    requests = _requests(value)
    details: dict[str, Any] = {"node": node}
    if requests:
        names = [_name(request) for request in requests]
        details["kind"] = "tool_approval"
        details["tools"] = names
        if capture:
            details["arguments"] = [_arguments(request) for request in requests]
        return Question(f"Approve {', '.join(names)}?"[:200], details)
    details["kind"] = "interrupt"
    if not capture:
        return Question(f"{node} waits for an answer", details)
    question = _question(value)
    details["question"] = question
    text = question if isinstance(question, str) else ""
    return Question(text[:200] or f"{node} waits for an answer", details)


def answers(resume: Any, pending: list[str], capture: bool) -> dict[str, Answered]:
    """Which pending interrupts a resume value answers, and how. A mapping by interrupt id answers those it names."""
    if isinstance(resume, Mapping) and resume and all(key in pending for key in resume):
        return {key: _answer(value, capture) for key, value in resume.items()}
    return {interrupt_id: _answer(resume, capture) for interrupt_id in pending}


def _requests(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        return []
    if value.get("type") == "tool_approval":
        return [value]
    found = value.get("action_requests")
    if isinstance(found, (list, tuple)):
        return [request for request in found[:20] if isinstance(request, Mapping)]
    one = value.get("action_request")
    return [one] if isinstance(one, Mapping) else []


def _name(request: Mapping[str, Any]) -> str:
    name = request.get("name") or request.get("action")
    return name[:100] if isinstance(name, str) else "tool"


def _arguments(request: Mapping[str, Any]) -> Any:
    given = request.get("args", request.get("arguments"))
    return arguments(given) if isinstance(given, dict) else shown(given, ARGUMENT_CHARS)


def _question(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in ("question", "query", "message", "prompt", "description"):
            if isinstance(value.get(key), str):
                return preview(value[key], ARGUMENT_CHARS)
    return shown(value, ARGUMENT_CHARS)


def _answer(value: Any, capture: bool) -> Answered:
    details: dict[str, Any] = {"answer": shown(value, ARGUMENT_CHARS)} if capture else {}
    words = _words(value)
    if words and all(word in _YES or word in _EDITED for word in words):
        if any(word in _EDITED for word in words):
            details["edited"] = True
        return Answered("approved", details)
    if words and all(word in _NO for word in words):
        return Answered("rejected", details)
    if words and all(word in _YES or word in _NO or word in _EDITED for word in words):
        # Some tools let through, some not: the run goes on, and the counts say what was refused.
        details["rejected_count"] = sum(word in _NO for word in words)
        return Answered("approved", details)
    return Answered("answered", details)


def _words(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, str):
        return [value.strip().lower()[:20]]
    if isinstance(value, Mapping):
        decisions = value.get("decisions")
        if isinstance(decisions, (list, tuple)):
            return [word for decision in decisions for word in _words(decision)]
        for key in _DECISION_KEYS:
            if key in value:
                return _words(value[key])
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
        return [word for item in value for word in _words(item)]
    return []

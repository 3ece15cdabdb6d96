"""Events of tools, flows and questions to people → plain data; duck-typed: a field that has moved costs only itself."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters.preview import RESULT_CHARS
from hiveloop.adapters.shown import arguments

from ._facts import NAME_CHARS, Data, event_role, failed, listed, name_of, text

__all__ = [
    "answers",
    "asks",
    "flow_end",
    "flow_fail",
    "flow_start",
    "method",
    "method_fail",
    "tool_end",
    "tool_fail",
    "tool_problem",
    "tool_start",
]


# -- tools --


def _tool_name(event: Any) -> str:
    return name_of(getattr(event, "tool_name", None), "tool")


def tool_start(source: Any, event: Any, capture: bool) -> Data:
    given = getattr(event, "tool_args", None)
    known = given if isinstance(given, dict) else {}
    return _tool_name(event), {
        "role": event_role(event),
        "args": (arguments(given) if isinstance(given, dict) else text(given)) if capture else None,
        # Written by the model: it leaves as it is only where content may.
        "coworker": text(known.get("coworker") or known.get("co_worker"), NAME_CHARS),
        "told": capture,
        "reason": text(known.get("task") or known.get("question")) if capture else None,
        "attempt": _count(getattr(event, "run_attempts", None)),
    }


def _count(value: Any) -> int | None:
    return value if type(value) is int else None


def _failure(failure: Any, capture: bool) -> dict[str, Any] | None:
    if failure is None:
        return None
    reason = getattr(failure, "reason", None)
    return {
        "error": text(getattr(failure, "message", None), RESULT_CHARS),
        "error_type": text(getattr(failure, "code", None), NAME_CHARS),
        "reason": text(getattr(reason, "value", reason), NAME_CHARS),
        "told": capture,
    }


def tool_end(source: Any, event: Any, capture: bool) -> Data:
    return _tool_name(event), {
        "output": text(getattr(event, "output", None), RESULT_CHARS) if capture else None,
        "failure": _failure(getattr(event, "failure", None), capture),
        "from_cache": bool(getattr(event, "from_cache", False)),
    }


def tool_fail(source: Any, event: Any, capture: bool) -> Data:
    return _tool_name(event), failed(event, capture)


def tool_problem(source: Any, event: Any, capture: bool) -> Data:
    failure = _failure(getattr(event, "failure", None), capture)
    return _tool_name(event), {"role": event_role(event), **(failure or failed(event, capture))}


# -- flows --


def flow_start(source: Any, event: Any, capture: bool) -> Data:
    inputs = getattr(event, "inputs", None)
    module = type(source).__module__
    return name_of(getattr(event, "flow_name", None), "flow"), {
        "internal": module == "crewai" or module.startswith("crewai."),
        "inputs": arguments(inputs) if capture and isinstance(inputs, dict) else None,
    }


def flow_end(source: Any, event: Any, capture: bool) -> Data:
    result = text(getattr(event, "result", None), RESULT_CHARS) if capture else None
    return name_of(getattr(event, "flow_name", None), "flow"), {"output": result}


def flow_fail(source: Any, event: Any, capture: bool) -> Data:
    return name_of(getattr(event, "flow_name", None), "flow"), failed(event, capture)


def method(source: Any, event: Any, capture: bool) -> Data:
    result = getattr(event, "result", None)
    return name_of(getattr(event, "method_name", None), "method"), {
        "output": text(result, RESULT_CHARS) if capture else None,
        # Only to be compared with the answers a person could choose from.
        "said": result if isinstance(result, str) and len(result) <= NAME_CHARS else None,
    }


def method_fail(source: Any, event: Any, capture: bool) -> Data:
    return name_of(getattr(event, "method_name", None), "method"), failed(event, capture)


def asks(source: Any, event: Any, capture: bool) -> Data:
    options = getattr(event, "emit", None)
    return name_of(getattr(event, "method_name", None), "method"), {
        "message": text(getattr(event, "message", None)) if capture else None,
        "shown": text(getattr(event, "output", None)) if capture else None,
        "options": [str(option)[:NAME_CHARS] for option in listed(options)],
        "request_id": text(getattr(event, "request_id", None), 200),
    }


def answers(source: Any, event: Any, capture: bool) -> Data:
    answer = getattr(event, "feedback", None)
    answer = answer if answer is not None else getattr(event, "response", None)
    return name_of(getattr(event, "method_name", None), "method"), {
        "answer": text(answer),
        "told": capture,
        "outcome": text(getattr(event, "outcome", None), NAME_CHARS),
        "ended": None,
        "request_id": text(getattr(event, "request_id", None), 200),
    }

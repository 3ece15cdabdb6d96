"""Events of guardrails, plans, memory, knowledge, MCP, A2A, training and hooks → plain data."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters.preview import PROMPT_CHARS, RESULT_CHARS
from hiveloop.adapters.shown import arguments

from ._facts import NAME_CHARS, Data, event_role, failed, name_of, text
from ._servers import server_name

__all__ = [
    "a2a_cancelled",
    "a2a_end",
    "a2a_start",
    "fails",
    "guardrail_end",
    "guardrail_start",
    "hook",
    "learned",
    "mcp_end",
    "mcp_start",
    "mcp_unknown",
    "nothing",
    "plan_step",
    "plan_turn",
    "reasoned",
    "remembered",
]


def nothing(source: Any, event: Any, capture: bool) -> Data:
    """Only that it happened."""
    return "", {"role": event_role(event)}


def fails(source: Any, event: Any, capture: bool) -> Data:
    """Something without a key of its own went wrong."""
    return "", {"role": event_role(event), **failed(event, capture)}


def guardrail_start(source: Any, event: Any, capture: bool) -> Data:
    """A task's result is about to be checked."""
    kind = text(getattr(event, "guardrail_type", None), 40)
    # The name of a model's guardrail is its prompt.
    known = getattr(event, "guardrail_name", None) if capture or kind == "function" else None
    return "", {
        "name": f"guardrail:{name_of(known, kind or 'check')[:80]}",
        "type": kind,
        "retry_count": _whole(event, "retry_count"),
    }


def guardrail_end(source: Any, event: Any, capture: bool) -> Data:
    """The check passed or did not."""
    return "", {
        "success": bool(getattr(event, "success", True)),
        "retry_count": _whole(event, "retry_count"),
        **failed(event, capture),
    }


def reasoned(source: Any, event: Any, capture: bool) -> Data:
    """An agent has thought of a plan."""
    plan = getattr(event, "plan", None)
    return "", {
        "role": event_role(event),
        "plan": plan[:8_000] if isinstance(plan, str) else "",
        "goal": text(getattr(event, "task_name", None), 200) if capture else None,
        "ready": bool(getattr(event, "ready", True)),
        "told": capture,
    }


def plan_step(source: Any, event: Any, capture: bool) -> Data:
    """A step of a plan begins or ends."""
    return "", {
        "role": event_role(event),
        "number": _whole(event, "step_number"),
        "description": text(getattr(event, "step_description", None), 200) if capture else None,
        "success": bool(getattr(event, "success", True)),
        **failed(event, capture),
    }


def plan_turn(source: Any, event: Any, capture: bool) -> Data:
    """A plan is given up for another, or its goal is reached before its end."""
    return "", {
        "role": event_role(event),
        "reason": text(getattr(event, "replan_reason", None)) if capture else None,
        "remaining": _whole(event, "steps_remaining"),
        "completed": _whole(event, "steps_completed"),
    }


def remembered(source: Any, event: Any, capture: bool) -> Data:
    """Memory or knowledge was asked or written."""
    asked = getattr(event, "query", None) or getattr(event, "value", None)
    results = getattr(event, "results", None)
    spent = next(
        (
            value
            for name in ("query_time_ms", "save_time_ms", "retrieval_time_ms")
            if isinstance(value := getattr(event, name, None), (int, float))
        ),
        None,
    )
    return "", {
        "role": event_role(event),
        "asked": text(asked, PROMPT_CHARS) if capture else None,
        "found": len(results) if isinstance(results, (list, tuple)) else None,
        "latency_ms": None if spent is None else round(spent),
        **failed(event, capture),
    }


def mcp_start(source: Any, event: Any, capture: bool) -> Data:
    """An MCP server is connected to, or one of its tools is run."""
    server = server_name(getattr(event, "server_name", None), getattr(event, "transport_type", None))
    tool = getattr(event, "tool_name", None)
    given = getattr(event, "tool_args", None)
    return f"{server}/{tool or ''}", {
        "role": event_role(event),
        "name": name_of(f"mcp:{server}/{tool}" if tool else f"mcp:{server}", "mcp"),
        "transport": text(getattr(event, "transport_type", None), 40),
        "args": arguments(given) if capture and isinstance(given, dict) else None,
    }


def mcp_end(source: Any, event: Any, capture: bool) -> Data:
    """The MCP server answered, or failed to."""
    server = server_name(getattr(event, "server_name", None), getattr(event, "transport_type", None))
    return f"{server}/{getattr(event, 'tool_name', None) or ''}", {
        "output": text(getattr(event, "result", None), RESULT_CHARS) if capture else None,
        "server": server,
        "status_code": _whole(event, "status_code"),
        **failed(event, capture),
    }


def mcp_unknown(source: Any, event: Any, capture: bool) -> Data:
    """What an MCP server is set up with could not be fetched."""
    slug = name_of(getattr(event, "slug", None), "server")
    return f"{slug}/", {"role": event_role(event), "server": slug, **failed(event, capture)}


def a2a_cancelled(source: Any, event: Any, capture: bool) -> Data:
    """What another agent asked for is not wanted any more."""
    return "", {"outcome": "cancelled"}


def a2a_start(source: Any, event: Any, capture: bool) -> Data:
    """Work is handed to a remote agent."""
    remote = server_name(getattr(event, "a2a_agent_name", None) or getattr(event, "endpoint", None), None)
    return name_of(getattr(event, "endpoint", None), ""), {
        "name": f"a2a:{remote}"[:NAME_CHARS],
        "coworker": remote,
        "reason": text(getattr(event, "task_description", None)) if capture else None,
    }


def a2a_end(source: Any, event: Any, capture: bool) -> Data:
    """The remote agent answered."""
    status = text(getattr(event, "status", None), 40)
    return name_of(getattr(event, "endpoint", None), ""), {
        "success": status not in ("failed", "rejected", "canceled"),
        "outcome": status,
        "output": text(getattr(event, "result", None), RESULT_CHARS) if capture else None,
        **failed(event, capture),
    }


def learned(source: Any, event: Any, capture: bool) -> Data:
    """Training, testing or evaluation said something."""
    score = getattr(event, "score", None)
    about = {
        "iterations": _whole(event, "n_iterations"),
        "iteration": _whole(event, "iteration"),
        "quality": _number(getattr(event, "quality", None)),
        "score": _number(getattr(score, "score", score)),
        "metric": text(getattr(getattr(event, "metric_category", None), "value", None), 80),
        "evaluation_type": text(getattr(event, "evaluation_type", None), 80),
    }
    return "", {
        "role": event_role(event),
        "what": name_of(getattr(event, "type", None), "learning"),
        "crew": text(getattr(event, "crew_name", None), NAME_CHARS),
        "about": {key: value for key, value in about.items() if value is not None},
        **failed(event, capture),
    }


def hook(source: Any, event: Any, capture: bool) -> Data:
    """Hooks were asked at an interception point."""
    return "", {
        "outcome": text(getattr(event, "outcome", None), 40),
        "point": text(getattr(event, "interception_point", None), 80),
        "reason": text(getattr(event, "abort_reason", None)) if capture else None,
        "source": text(getattr(event, "abort_source", None), NAME_CHARS),
    }


def _whole(event: Any, name: str) -> int | None:
    value = getattr(event, name, None)
    return value if type(value) is int else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

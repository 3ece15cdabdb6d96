"""Events of crews, their tasks and their agents → plain data; duck-typed: a field that has moved costs only itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hiveloop.adapters.preview import RESULT_CHARS

from ._facts import NAME_CHARS, Data, failed, listed, name_of, role_of, text

__all__ = [
    "agent_end",
    "agent_fail",
    "agent_start",
    "crew_end",
    "crew_fail",
    "crew_start",
    "lite_end",
    "lite_fail",
    "lite_start",
    "task_end",
    "task_fail",
    "task_start",
]


def _tools(tools: Any) -> list[str]:
    return [name_of(getattr(tool, "name", None), "tool") for tool in listed(tools)]


def _model(llm: Any) -> str | None:
    model = llm if isinstance(llm, str) else getattr(llm, "model", None)
    return model[:200] if isinstance(model, str) else None


def _member(agent: Any) -> dict[str, Any]:
    return {
        "role": role_of(agent),
        "id": str(getattr(agent, "id", "")),
        "model": _model(getattr(agent, "llm", None)),
        "tools": _tools(getattr(agent, "tools", None)),
        "max_turns": getattr(agent, "max_iter", None),
    }


def _queued(task: Any, capture: bool) -> dict[str, Any]:
    name = getattr(task, "name", None)
    return {
        "key": str(getattr(task, "id", "")),
        "role": role_of(getattr(task, "agent", None)),
        "summary": name_of(name, "task"),
        # Content, and so under a key of its own: a summary is not dropped with content.
        "input": text(getattr(task, "description", None), NAME_CHARS) if capture and not name else None,
    }


def crew_start(source: Any, event: Any, capture: bool) -> Data:
    process = getattr(source, "process", None)
    manager = getattr(source, "manager_agent", None)
    members = [_member(agent) for agent in listed(getattr(source, "agents", None))]
    return str(getattr(source, "id", "")), {
        "crew": name_of(getattr(event, "crew_name", None) or getattr(source, "name", None), "crew"),
        "stable_key": str(getattr(source, "key", ""))[:8],
        "process": getattr(process, "value", None),
        "planning": bool(getattr(source, "planning", False)),
        "memory": bool(getattr(source, "memory", False)),
        "members": [member for member in members if member["role"]],
        "manager": role_of(manager),
        "tasks": [_queued(task, capture) for task in listed(getattr(source, "tasks", None))],
    }


def crew_end(source: Any, event: Any, capture: bool) -> Data:
    output = getattr(event, "output", None)
    raw = getattr(output, "raw", None)
    return str(getattr(source, "id", "")), {"output": text(raw, RESULT_CHARS) if capture else None}


# -- tasks --


def crew_fail(source: Any, event: Any, capture: bool) -> Data:
    return str(getattr(source, "id", "")), failed(event, capture)


def _task_key(event: Any) -> str:
    # Older versions leave the event's own field empty.
    return str(getattr(event, "task_id", None) or getattr(getattr(event, "task", None), "id", None) or "")


def task_start(source: Any, event: Any, capture: bool) -> Data:
    task = getattr(event, "task", None)
    return _task_key(event), {
        # Never the description: that is content, and a name is not redacted.
        "name": name_of(getattr(task, "name", None), ""),
        "role": role_of(getattr(task, "agent", None)),
        "description": text(getattr(task, "description", None)) if capture else None,
        "expected_output": text(getattr(task, "expected_output", None)) if capture else None,
        "async_execution": bool(getattr(task, "async_execution", False)),
        "human_input": bool(getattr(task, "human_input", False)),
    }


def task_end(source: Any, event: Any, capture: bool) -> Data:
    output = getattr(event, "output", None)
    plans = getattr(getattr(output, "pydantic", None), "list_of_plans_per_task", None)
    return _task_key(event), {
        "output": text(getattr(output, "raw", None), RESULT_CHARS) if capture else None,
        "plans": [
            text(getattr(plan, "task", None), 200) or "task" if capture else "task" for plan in listed(plans)
        ],
    }


def task_fail(source: Any, event: Any, capture: bool) -> Data:
    return _task_key(event), failed(event, capture)


# -- agents --


def agent_start(source: Any, event: Any, capture: bool) -> Data:
    agent = getattr(event, "agent", None)
    task = getattr(event, "task", None)
    return str(getattr(agent, "id", "")), {
        "role": role_of(agent),
        "name": name_of(getattr(task, "name", None), "task"),
        "task_key": str(getattr(task, "id", "")),
    }


def agent_end(source: Any, event: Any, capture: bool) -> Data:
    key = str(getattr(getattr(event, "agent", None), "id", ""))
    return key, {"output": text(getattr(event, "output", None), RESULT_CHARS) if capture else None}


def agent_fail(source: Any, event: Any, capture: bool) -> Data:
    return str(getattr(getattr(event, "agent", None), "id", "")), failed(event, capture)


def _lite(event: Any) -> tuple[str, str | None]:
    info = getattr(event, "agent_info", None)
    info = info if isinstance(info, Mapping) else {}
    role = info.get("role")
    return str(info.get("id", "")), role.strip()[:500] if isinstance(role, str) and role.strip() else None


def lite_start(source: Any, event: Any, capture: bool) -> Data:
    key, role = _lite(event)
    messages = getattr(event, "messages", None)
    if isinstance(messages, list) and messages and isinstance(messages[-1], Mapping):
        messages = messages[-1].get("content")
    return key, {"role": role_of(source) or role, "description": text(messages) if capture else None}


def lite_end(source: Any, event: Any, capture: bool) -> Data:
    return _lite(event)[0], {
        "output": text(getattr(event, "output", None), RESULT_CHARS) if capture else None
    }


def lite_fail(source: Any, event: Any, capture: bool) -> Data:
    return _lite(event)[0], failed(event, capture)

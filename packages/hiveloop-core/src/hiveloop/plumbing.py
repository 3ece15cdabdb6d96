"""The little module the manual asks every project to write, for those who copied it: task and agent in ContextVars."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ._ambient import current_agent, current_task
from ._runtime import runtime

__all__ = [
    "clear_current_task",
    "clear_hiveloop_agent",
    "get_current_task",
    "get_hiveloop_agent",
    "set_current_task",
    "set_hiveloop_agent",
]

_task: ContextVar[Any] = ContextVar("hiveloop_plumbing_task", default=None)
_agent: ContextVar[Any] = ContextVar("hiveloop_plumbing_agent", default=None)


def set_current_task(task: Any) -> None:
    """Make this task what :func:`get_current_task` returns in this context."""
    _task.set(task)


def get_current_task() -> Any:
    """The task set here, else the one the running code is part of, else ``None``."""
    task = _task.get()
    return task if task is not None else current_task()


def clear_current_task() -> None:
    """Forget what was set here; the SDK's own current task is not touched."""
    _task.set(None)


def set_hiveloop_agent(agent: Any) -> None:
    """Make this agent what :func:`get_hiveloop_agent` returns in this context."""
    _agent.set(agent)


def get_hiveloop_agent(name: str | None = None) -> Any:
    """The agent of this name if it is known; without a name the one set here, else the current one, else ``None``."""
    if name is not None:
        return runtime.agents.get(name)
    agent = _agent.get()
    return agent if agent is not None else current_agent()


def clear_hiveloop_agent() -> None:
    """Forget what was set here; the SDK's own current agent is not touched."""
    _agent.set(None)

"""Tasks for callbacks: handles linked by the framework's run ids, never by the ambient scope."""

from __future__ import annotations

from typing import Any

from hiveloop import _scope
from hiveloop._agent import Agent
from hiveloop._registry import agent
from hiveloop._runtime import runtime
from hiveloop._task import Task
from hiveloop.events import TaskCompleted, TaskFailed

__all__ = [
    "add_scope_resolver",
    "begin_task",
    "end_task",
    "framework_agent",
    "remove_scope_resolver",
    "resume_task",
]


def framework_agent(name: str, framework: str, type: str | None = None, version: str | None = None) -> Agent:
    """The agent of this name; one the program has declared itself keeps the identity it said."""
    known = runtime.agents.get(name[:256])
    return known if known is not None else agent(name[:256], type, version, framework)


def begin_task(
    agent: Agent,
    task_id: Any = None,
    project: str | None = None,
    type: str | None = None,
    *,
    timestamp: str = "",
    **details: Any,
) -> Task:
    """Like ``agent.start_task`` (same keywords), but the calling context is not put inside the task.

    ``timestamp``: when it began by the framework's own clock (see :func:`format_timestamp`), where that is known.
    """
    task = agent.task(task_id, project, type, **details)
    task._start(timestamp)
    return task


def end_task(task: Task, event: TaskCompleted | TaskFailed) -> None:
    """End the task by this event, once; a timestamp and a duration the framework gave are kept."""
    task._end_by(event)


def resume_task(
    agent: Agent, task_id: str, task_run_id: str, project: str | None = None, type: str | None = None
) -> Task:
    """An open handle for a run that was started earlier, here or in another process. Sends nothing."""
    task = agent.task(task_id, project, type, task_run_id=task_run_id)
    task._resume()
    return task


def add_scope_resolver(resolver: _scope.Resolver) -> None:
    """Register a framework's own notion of the current step: ``() -> (key, task, action_id) | None``.

    ``key`` identifies the framework's innermost run; user code inside it nests under ``action_id``.
    """
    if resolver not in _scope.resolvers:
        _scope.resolvers.append(resolver)


def remove_scope_resolver(resolver: _scope.Resolver) -> None:
    """Unregister; unknown ones are ignored."""
    if resolver in _scope.resolvers:
        _scope.resolvers.remove(resolver)

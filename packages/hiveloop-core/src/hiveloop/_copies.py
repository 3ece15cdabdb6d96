"""Handles sent to another process: the agent of the same id there, and handles that tell of the same task and action."""

from __future__ import annotations

import copyreg
from typing import Any

from ._action import Action
from ._agent import Agent
from ._registry import agent
from ._task import Task

__all__: list[str] = []


def _reduce_agent(known: Agent) -> tuple[Any, ...]:
    intervals = (known.heartbeat_interval, known.stuck_threshold)
    return agent, (known.agent_id, known.agent_type, known.version, known.framework, *intervals)


def _reduce_task(task: Task) -> tuple[Any, ...]:
    ids = (task.task_run_id, task.correlation_id)
    return _task_elsewhere, (task.agent, task.task_id, task.project_id, task.task_type, *ids)


def _task_elsewhere(
    owner: Agent, task_id: str, project: str | None, kind: str | None, run_id: str, correlation_id: str | None
) -> Task:
    """A handle that tells and never ends the run: that is for where it was started."""
    task = Task(owner, task_id, project, kind, task_run_id=run_id, correlation_id=correlation_id)
    task._go_on_elsewhere()
    return task


def _reduce_action(action: Action) -> tuple[Any, ...]:
    told = (action.action_id, action.parent_action_id, action.task)
    return Action, (action.agent, action.name, action.function, *told)


copyreg.pickle(Agent, _reduce_agent)
copyreg.pickle(Task, _reduce_task)
copyreg.pickle(Action, _reduce_action)

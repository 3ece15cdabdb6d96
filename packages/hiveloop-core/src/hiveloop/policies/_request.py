"""What the policies are asked about: a run that is to begin or goes on, or one call of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from hiveloop._task import Task

__all__ = ["Phase", "Request", "fits", "request_of"]

Phase = Literal["pre_execution", "mid_execution"]


class Request(Struct, frozen=True, kw_only=True):
    """Given to a policy that is a function. Of a call, ``kind`` is ``tool`` or ``llm``; else it is ``None``.

    ``is_made`` marks a call that was told after it was made, so that only what comes next can be stopped.
    """

    phase: Phase
    agent_id: str
    agent_type: str = "general"
    task_id: str | None = None
    task_type: str | None = None
    run_id: str = ""
    session_id: str | None = None
    user_id: str | None = None
    user_group: str | None = None
    inputs: Any = None
    kind: str | None = None
    name: str | None = None
    model: str | None = None
    arguments: Any = None
    is_made: bool = False


def request_of(task: Task, phase: Phase, **call: Any) -> Request:
    """The request of this task, or of one ``call`` of it."""
    details = task.details
    return Request(
        phase=phase,
        agent_id=task.agent.agent_id,
        agent_type=task.agent.agent_type,
        task_id=task.task_id,
        task_type=task.task_type,
        run_id=task.task_run_id,
        session_id=details.get("session_id"),
        user_id=details.get("user_id"),
        user_group=details.get("user_group"),
        inputs=details.get("inputs"),
        **call,
    )


def fits(name: str | None, pattern: str) -> bool:
    """Whether a name is the one that is meant; ``*`` at the end of it stands for any rest."""
    if name is None:
        return False
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern

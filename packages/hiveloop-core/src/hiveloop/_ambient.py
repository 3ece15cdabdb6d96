"""What the running code is part of, and how to carry that into other threads."""

from __future__ import annotations

import contextvars
import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import _scope
from ._action import Action
from ._agent import Agent, ambient_agent
from ._safety import contained
from ._task import Task
from ._track import tracker

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["current_action", "current_agent", "current_task", "propagate", "track"]

F = TypeVar("F", bound=Callable[..., Any])


@contained
def current_task() -> Task | None:
    """The task the running code is part of, or ``None``."""
    scope = _scope.current()
    return None if scope is None else scope.task


@contained
def current_agent() -> Agent | None:
    """The agent the running code belongs to, or ``None``."""
    return ambient_agent()


@contained
def current_action() -> Action | None:
    """The innermost action the running code is part of, or ``None``; good for its ``action_id``."""
    scope = _scope.current()
    if scope is None or scope.action_id is None:
        return None
    found = Action(scope.agent, "current")
    found.action_id = scope.action_id
    found.task = scope.task
    return found


@overload
def track(name: F) -> F: ...
@overload
def track(name: str | None = None) -> Callable[[F], F]: ...
def track(name: Any = None) -> Any:
    """Like ``agent.track``, for the agent that is current when the function is called; without one it just runs."""
    return tracker(name, ambient_agent)


@overload
def propagate(target: Executor) -> Executor: ...
@overload
def propagate(target: F) -> F: ...
def propagate(target: Any) -> Any:
    """Carry the current task into a thread: wrap the function to run there, or the executor that will run it.

    ``Thread(target=hiveloop.propagate(work))``, ``hiveloop.propagate(ThreadPoolExecutor())``.
    """
    # Without it there are no executors.
    executor = getattr(sys.modules.get("concurrent.futures"), "Executor", None)
    if executor is not None and isinstance(target, executor):
        from ._executor import PropagatingExecutor

        return PropagatingExecutor(target)
    context = contextvars.copy_context()

    @functools.wraps(target)
    def carried(*args: Any, **kwargs: Any) -> Any:
        # A context can be entered once at a time; a copy lets many threads run the same function.
        return context.copy().run(target, *args, **kwargs)

    return carried

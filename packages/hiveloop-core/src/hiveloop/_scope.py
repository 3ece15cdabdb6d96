"""Where the running code is: agent, task and action, right under asyncio, threads and interleaving generators.

Scopes form a chain through ``previous``. A scope counts only while it is *live*: not when it was closed in a
context other than its own, and not when it was opened inside a generator that is suspended right now. So a
``with`` block half way through a generator is never the parent of what its consumer does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable
from contextvars import ContextVar, Token
from types import FrameType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from ._agent import Agent
    from ._task import Task

__all__ = [
    "Resolver",
    "Scope",
    "caller_frame",
    "clear",
    "current",
    "current_for",
    "enter",
    "leave",
    "resolvers",
]

#: Asked for the framework's own notion of the current step: ``(key, task, action_id)`` or ``None``.
Resolver = Callable[[], "tuple[Hashable, Task, str | None] | None"]
resolvers: list[Resolver] = []

# `inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR`; that module would be a tenth of what importing this package costs.
_GENERATOR = 0x20 | 0x200
#: Modules that turn a generator into a context manager or fixture: there, being suspended means being open.
_CONTEXT_MAKERS = ("contextlib", "_pytest.", "pytest_asyncio.", "pluggy.")


class Scope(Struct, eq=False):
    """One entered task or action. Immutable but for ``detached`` and ``frame``, which say whether it still counts."""

    agent: Any  # Agent
    task: Any  # Task | None
    action_id: str | None
    previous: Scope | None
    #: The generator frame it was opened in, and the thread and asyncio task that ran it then.
    frame: FrameType | None = None
    opener: tuple[int, int | None] | None = None
    framework_key: Any = None
    #: What the context held when this was entered, if that belonged to a suspended generator: whose work this is not.
    over: Scope | None = None
    #: Left from another context than the one it was entered in: skipped wherever it is still seen.
    detached: bool = False
    #: Restores the variable, in the context it was entered in and in no other: which is how the two are told apart.
    token: Any = None  # Token[Scope | None] | None

    @property
    def is_conditional(self) -> bool:
        """Whether it may be seen from code that is not inside of it."""
        return self.detached or self.frame is not None or self.over is not None

    def is_live(self) -> bool:
        """Whether code that runs now, in this context, is inside this scope."""
        if self.detached:
            return False
        if self.over is not None and self.over.is_running():
            return False
        if self.frame is None or self.frame.f_back is not None:
            return True
        # The generator is suspended. Its own consumer is outside; a thread or asyncio task it started is inside.
        return self.opener != _running_unit()

    def is_running(self) -> bool:
        """Whether this was opened in a generator whose code runs now."""
        return self.frame is not None and self.frame.f_back is not None


_scope: ContextVar[Scope | None] = ContextVar("hiveloop_scope", default=None)


def _running_unit() -> tuple[int, int | None]:
    # A program that never imported it, or is just about to, runs no asyncio task.
    current_task = getattr(sys.modules.get("asyncio"), "current_task", None)
    try:
        task = None if current_task is None else current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), None if task is None else id(task)


def caller_frame(depth: int) -> FrameType | None:
    """The frame ``depth`` calls up if it belongs to a generator that plain code iterates, else ``None``."""
    frame = sys._getframe(depth + 1)
    if not frame.f_code.co_flags & _GENERATOR:
        return None
    driver = frame.f_back
    if driver is not None and str(driver.f_globals.get("__name__", "")).startswith(_CONTEXT_MAKERS):
        return None
    return frame


def current() -> Scope | None:
    """The innermost live scope, or the framework's current step when that was started later."""
    scope = _scope.get()
    while scope is not None and scope.is_conditional and not scope.is_live():
        scope = scope.previous
    return _with_framework(scope) if resolvers else scope


def _with_framework(scope: Scope | None) -> Scope | None:
    for resolve in tuple(resolvers):
        found = resolve()
        if found is None:
            continue
        key, task, action_id = found
        if scope is None or scope.framework_key != key:
            return Scope(task.agent, task, action_id, scope, framework_key=key)
    return scope


def current_for(agent: Agent) -> Scope | None:
    """The innermost live scope whose task is this agent's; else the innermost of all."""
    first = scope = current()
    if first is None or (first.task is not None and first.task.agent is agent):
        return first
    while scope is not None:
        if scope.task is not None and scope.task.agent is agent and scope.is_live():
            return scope
        scope = scope.previous
    return first


def enter(
    agent: Agent, task: Task | None, action_id: str | None, frame: FrameType | None, around: Scope | None
) -> Scope:
    """Make this the current scope of the calling context; ``around`` is what :func:`current` said just before."""
    key = around.framework_key if around is not None else None
    opener = None if frame is None else _running_unit()
    # Chained to what the context really holds, suspended generators included: they come back.
    previous = _scope.get()
    if previous is not None and previous.detached:
        previous = _attached(previous)
    is_above = previous is not None and previous is not around and previous.frame is not None
    scope = Scope(agent, task, action_id, previous, frame, opener, key, previous if is_above else None)
    scope.token = _scope.set(scope)
    return scope


def _attached(scope: Scope | None) -> Scope | None:
    """The first of the chain that was not left for good."""
    while scope is not None and scope.detached:
        scope = scope.previous
    return scope


def leave(scope: Scope) -> None:
    """End a scope, from any context. Elsewhere than where it was entered it is marked: there it may still be seen."""
    token: Token[Scope | None] | None = scope.token
    scope.token = scope.frame = None
    if _scope.get() is not scope or token is None:
        scope.detached = True
        return
    try:
        _scope.reset(token)
    except (
        ValueError
    ):  # a copy of the context: an asyncio task or an executor's thread started inside the scope
        scope.detached = True
        _scope.set(scope.previous)
    previous = scope.previous
    if previous is not None and previous.detached:
        _scope.set(_attached(previous))


def clear() -> None:
    """Forget what the calling context is part of, tasks started by hand and never ended included."""
    _scope.set(None)

"""Hooks to pass to ``tenacity.retry`` by hand: ours, and one that runs several in order."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from hiveloop import HiveLoopConfigError
from hiveloop.adapters import contained

from ._options import Options
from ._report import Reporter

__all__ = ["before_sleep", "chain"]

Hook = Callable[[Any], Any]

_own = Reporter(Options(exclude=()))


@contained
def before_sleep(retry_state: Any) -> None:
    """A ``before_sleep=`` hook, for sync and async functions alike: tells each retry on the current task and action.

    It cannot see the end: for what recovered and what gave up there are ``watch`` and ``instrument``.
    """
    reporter = getattr(type(retry_state.retry_object), "_hiveloop_reporter", None)
    if reporter is None:
        from . import _install

        reporter = _install._reporter or _own
    sleep = getattr(retry_state.next_action, "sleep", None)
    reporter.retrying(retry_state, float(sleep) if isinstance(sleep, (int, float)) else 0.0)


def chain(*hooks: Hook | None) -> Hook:
    """One hook that runs all of these, in order; ``None`` is skipped. What they raise, passes.

    The result is a coroutine function as soon as one of them is, and then fits an async function only: tenacity
    does not await the hooks of a sync one.
    """
    given = [hook for hook in hooks if hook is not None]
    for hook in given:
        if not callable(hook):
            raise HiveLoopConfigError(
                f"chain() takes hooks, functions of one RetryCallState, not {hook!r:.200}"
            )
    return _awaiting(given) if any(_is_async(hook) for hook in given) else _calling(given)


def _calling(hooks: list[Hook]) -> Hook:
    def chained(retry_state: Any) -> None:
        for hook in hooks:
            hook(retry_state)

    return chained


def _awaiting(hooks: list[Hook]) -> Hook:
    async def chained(retry_state: Any) -> None:
        for hook in hooks:
            done = hook(retry_state)
            if inspect.isawaitable(done):
                await done

    return chained


def _is_async(hook: Any) -> bool:
    while isinstance(hook, functools.partial):
        hook = hook.func
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(getattr(hook, "__call__", None))  # noqa: B004

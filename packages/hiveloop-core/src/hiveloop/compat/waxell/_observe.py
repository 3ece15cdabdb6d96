"""The ``observe`` decorator: each call of the function is a run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing
from typing import Any

from ._context import WaxellContext

__all__ = ["observe"]


def observe(agent_name: Any = None, **settings: Any) -> Any:
    """``@observe``, ``@observe(agent_name="x", …)``: ``settings`` are those of :class:`WaxellContext`.

    The function gets its context as ``waxell_ctx`` where it has a parameter of that name. Coroutines are awaited, and
    the run of a generator lasts as long as it is read.
    """
    if callable(agent_name):
        return _observed(agent_name, agent_name.__name__, settings)
    return lambda fn: _observed(fn, agent_name or fn.__name__, settings)


def _observed(fn: Callable[..., Any], name: str, settings: dict[str, Any]) -> Callable[..., Any]:
    takes_context = "waxell_ctx" in inspect.signature(fn).parameters

    def extended(context: WaxellContext, given: dict[str, Any]) -> dict[str, Any]:
        return {"waxell_ctx": context, **given} if takes_context else given

    if inspect.isasyncgenfunction(fn):

        @functools.wraps(fn)
        async def stream_async(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            async with WaxellContext(name, **settings) as context:
                async with aclosing(fn(*args, **extended(context, kwargs))) as stream:
                    async for item in stream:
                        yield item

        return stream_async

    if inspect.isgeneratorfunction(fn):

        @functools.wraps(fn)
        def stream(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with WaxellContext(name, **settings) as context:
                return (yield from fn(*args, **extended(context, kwargs)))

        return stream

    if inspect.iscoroutinefunction(fn):

        @functools.wraps(fn)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            async with WaxellContext(name, **settings) as context:
                return await fn(*args, **extended(context, kwargs))

        return run_async

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        with WaxellContext(name, **settings) as context:
            return fn(*args, **extended(context, kwargs))

    return run

"""The ``track`` decorator: functions, coroutines, generators and async generators as actions; the function stays what it was."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeVar

from ._action import Action

__all__ = ["tracked"]

F = TypeVar("F", bound=Callable[..., Any])


def tracked(fn: F, make: Callable[[], Action | None]) -> F:
    """``fn`` wrapped so that each call is an action of ``make()``; ``None`` from it runs the call untracked."""
    import inspect  # only where something is decorated

    wrapper: Any
    if inspect.isasyncgenfunction(fn):
        wrapper = _async_generator(fn, make)
    elif inspect.isgeneratorfunction(fn):
        wrapper = _generator(fn, make)
    elif inspect.iscoroutinefunction(fn):
        wrapper = _coroutine(fn, make)
    else:
        wrapper = _function(fn, make)
    return functools.wraps(fn)(wrapper)  # type: ignore[return-value]


def _function(fn: Callable[..., Any], make: Callable[[], Action | None]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        action = make()
        if action is None:
            return fn(*args, **kwargs)
        action.begin()
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            action.end(type(error), error)
            raise
        action.end()
        return result

    return call


def _coroutine(fn: Callable[..., Any], make: Callable[[], Action | None]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        action = make()
        if action is None:
            return await fn(*args, **kwargs)
        action.begin()
        try:
            result = await fn(*args, **kwargs)
        except BaseException as error:
            action.end(type(error), error)
            raise
        action.end()
        return result

    return call


def _generator(fn: Callable[..., Any], make: Callable[[], Action | None]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        action = make()
        if action is None:
            return (yield from fn(*args, **kwargs))
        # This frame is suspended whenever the consumer runs, so the consumer's work does not nest in here.
        action.begin(sys._getframe())
        try:
            result = yield from fn(*args, **kwargs)
        except BaseException as error:
            action.end(type(error), error)
            raise
        action.end()
        return result

    return call


def _async_generator(fn: Callable[..., Any], make: Callable[[], Action | None]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        action = make()
        if action is not None:
            action.begin(sys._getframe())
        source = fn(*args, **kwargs)
        try:
            try:
                item = await anext(source)
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as thrown:  # noqa: BLE001 - handed on into the user's generator
                        item = await source.athrow(thrown)
                    else:
                        item = await source.asend(sent)
            except StopAsyncIteration:
                pass
            finally:
                await source.aclose()
        except BaseException as error:
            if action is not None:
                action.end(type(error), error)
            raise
        if action is not None:
            action.end()

    return call

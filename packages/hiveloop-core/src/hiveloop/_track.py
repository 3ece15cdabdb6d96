"""The ``track`` decorator: functions, coroutines, generators and async generators as actions; the function stays what it was."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from ._action import Action
from ._arguments import identifier
from ._safety import code_of

if TYPE_CHECKING:
    from ._agent import Agent

__all__ = ["tracked", "tracker"]

log = logging.getLogger("hiveloop")

_COROUTINE = 0x80  # as `inspect` names it

F = TypeVar("F", bound=Callable[..., Any])


def tracker(name: Any, owner: Callable[[], Agent | None]) -> Any:
    """The decorator behind ``agent.track`` and ``hiveloop.track``; ``owner`` is asked at each call."""

    def decorate(fn: Any) -> Any:
        label = identifier(given) or _name_of(fn)
        function = getattr(fn, "__qualname__", None)

        def make() -> Action | None:
            agent = owner()
            return None if agent is None else Action(agent, label, function)

        return tracked(fn, make)

    given = None if _is_decorated(name) else name
    return _around(name, decorate) if _is_decorated(name) else lambda fn: _around(fn, decorate)


def _is_decorated(name: Any) -> bool:
    """Whether this is what stands under a bare ``@track``, not the name of the action."""
    return callable(name) or (name is not None and not isinstance(name, str) and hasattr(name, "__get__"))


def _around(fn: Any, decorate: Callable[[Any], Any]) -> Any:
    """``fn`` decorated inside of what a class makes of it; what is no function stays what it is."""
    if isinstance(fn, staticmethod | classmethod):
        return type(fn)(decorate(fn.__func__))
    if isinstance(fn, property) and fn.fget is not None:
        return type(fn)(decorate(fn.fget), fn.fset, fn.fdel, fn.__doc__)
    if isinstance(fn, type) or not callable(fn):
        log.warning("track: %s is left as it is: decorate the functions in it", _name_of(fn))
        return fn
    return decorate(fn)


def _is_awaited(fn: Any) -> bool:
    """Whether it is an object whose ``__call__`` is a coroutine function."""
    code = code_of(fn)
    return code is not None and bool(code.co_flags & _COROUTINE)


def _name_of(fn: Any) -> str:
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__name__", None)
    return name if isinstance(name, str) else type(fn).__name__


def tracked(fn: F, make: Callable[[], Action | None]) -> F:
    """``fn`` wrapped so that each call is an action of ``make()``; ``None`` from it runs the call untracked."""
    import inspect  # only where something is decorated

    wrapper: Any
    if inspect.isasyncgenfunction(fn):
        wrapper = _async_generator(fn, make)
    elif inspect.isgeneratorfunction(fn):
        wrapper = _generator(fn, make)
    elif inspect.iscoroutinefunction(fn) or _is_awaited(fn):
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

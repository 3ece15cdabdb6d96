"""Reading somebody else's stream on their behalf: each item passes unchanged, each step runs inside its node."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained

from ._nodes import Node, inside

__all__ = ["Watch", "await_inside", "call_inside", "follow", "is_followed"]

_PACKAGE = "hiveloop_autogen."


class Watch:
    """What is told about one stream or call. No method raises anything but an Intervention."""

    #: Set by ``open`` where a gate put something in the place of the call's result.
    instead: Any = None

    def open(self) -> Node | None:
        """It begins; ``None`` lets it pass unobserved."""
        raise NotImplementedError

    def saw(self, item: Any) -> None:
        """An item came."""

    def closed(self) -> None:
        """It ended by itself."""

    def failed(self, error: BaseException) -> Intervention | None:
        """It raised, or its consumer left (``GeneratorExit``); an Intervention is raised in the error's place."""


async def follow(stream: Any, watch: Watch) -> AsyncGenerator[Any, Any]:
    """The items of ``stream``, with ``watch`` told of each and of the end. What is sent or thrown in, goes through."""
    node = watch.open()
    if watch.instead is not None:
        yield watch.instead
        return
    items = aiter(stream)
    step: Callable[[], Awaitable[Any]] = items.__anext__
    try:
        while True:
            if node is None:
                item = await _next(step)
            else:
                with inside(node):
                    item = await _next(step)
            if item is _END:
                break
            if node is not None:
                watch.saw(item)
            step = items.__anext__
            try:
                sent = yield item
            except GeneratorExit:
                raise
            except BaseException as thrown:
                if not hasattr(items, "athrow"):
                    raise
                step = functools.partial(items.athrow, thrown)
            else:
                if sent is not None and hasattr(items, "asend"):
                    step = functools.partial(items.asend, sent)
    except BaseException as error:
        instead = await _left(items, node, watch, error)
        _cut_out(error)
        if instead is not None:
            raise instead from error
        raise
    if node is not None:
        watch.closed()


_END: Any = object()


async def _next(step: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await step()
    except StopAsyncIteration:
        return _END


async def _left(items: Any, node: Node | None, watch: Watch, error: BaseException) -> Intervention | None:
    """Close what is read before its end is told: AutoGen finishes the turns under way before it lets go."""
    close = getattr(items, "aclose", None)
    if node is None:
        if close is not None:
            await close()
        return None
    try:
        if close is not None:
            with inside(node):
                await close()
    finally:
        instead = watch.failed(error)
    return instead


@contained
def _cut_out(error: BaseException) -> None:
    """Take our frames out of a traceback: AutoGen makes text of it, and may show that to a model."""
    kept: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        if not str(entry.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
            kept.append(entry)
        entry = entry.tb_next
    rest: TracebackType | None = None
    for entry in reversed(kept):
        rest = TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    error.__traceback__ = rest


def is_followed(stream: Any) -> bool:
    """Whether a stream is one that ``instrument()`` tells of already."""
    return getattr(stream, "ag_code", None) is follow.__code__


async def await_inside(call: Callable[[], Awaitable[Any]], watch: Watch) -> Any:
    """The result of ``call``, awaited inside the node of ``watch``."""
    node = watch.open()
    if watch.instead is not None:
        return watch.instead
    if node is None:
        return await call()
    try:
        with inside(node):
            result = await call()
        watch.saw(result)
        watch.closed()
    except BaseException as error:
        instead = watch.failed(error)
        _cut_out(error)
        if instead is not None:
            raise instead from error
        raise
    return result


def call_inside(call: Callable[[], Any], watch: Watch) -> Any:
    """The result of ``call``, made inside the node of ``watch``."""
    node = watch.open()
    if watch.instead is not None:
        return watch.instead
    if node is None:
        return call()
    try:
        with inside(node):
            result = call()
        watch.saw(result)
        watch.closed()
    except BaseException as error:
        instead = watch.failed(error)
        _cut_out(error)
        if instead is not None:
            raise instead from error
        raise
    return result

"""The one story of this process, the assembly that feeds it, and where in it the running code is."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hiveloop import Task
from hiveloop.adapters import ClientRetries, ModelCall, guarded

from ._assembly import THREAD_NAME, Assembly
from ._crew import forget_issues
from ._story import Story
from ._tree import Node

__all__ = ["assembly", "client_retries", "drain", "forget", "here", "listening", "scope", "story"]

_RESOLVE_SECONDS = 0.25
_MAX_UNKNOWN = 1_000

story = Story()
assembly = Assembly(story.tell, story.sweep)

_thread = threading.local()
#: Events that never reached us: nobody waits for one a second time.
_unknown: OrderedDict[str, None] = OrderedDict()


@contextmanager
def listening() -> Iterator[None]:
    """Inside a bus handler: the running code is the bus's, and waiting for other handlers would block them."""
    _thread.listens = True
    try:
        yield
    finally:
        _thread.listens = False


def here(timeout: float = _RESOLVE_SECONDS) -> Node | None:
    """The innermost thing of the framework the calling code runs in, as the bus's own context variable says."""
    if getattr(_thread, "listens", False) or threading.current_thread().name == THREAD_NAME:
        return None
    event_id = _current_event()
    if event_id is None or event_id in _unknown:
        return None
    node = story.tree.get(event_id)
    if node is None and assembly.catch_up(event_id, timeout):
        node = story.tree.get(event_id)
    elif node is None:
        _unknown[event_id] = None
        if len(_unknown) > _MAX_UNKNOWN:
            _unknown.popitem(last=False)
    return node


def _current_event() -> str | None:
    from crewai.events.event_context import get_current_parent_id

    return get_current_parent_id()


def scope() -> tuple[Any, Task, str | None] | None:
    """The scope resolver: user code inside a tool nests under that tool."""
    node = here()
    if node is None or node.run is None or node.run.task is None:
        return None
    return node.id, node.run.task, node.scope


def model_call() -> ModelCall | None:
    """The model call that the calling code is inside of: where an HTTP retry of its client belongs."""
    node = here()
    if node is None or node.kind != "llm" or node.run is None:
        return None
    run, actor = node.run, node.actor
    return ModelCall(lambda event: run.emit(event, time.time(), actor), node.scope, node.role or "llm")


#: HTTP retries inside the providers' clients.
client_retries = ClientRetries(model_call)


def drain(timeout: float, is_final: bool) -> None:
    """Tell all there is: what the bus still handles, and what waits for its cause. At the end, end what is open."""
    from crewai.events import crewai_event_bus

    if not _is_of_bus(crewai_event_bus):
        crewai_event_bus.flush(timeout)
    assembly.settle()
    if is_final:
        story.abort(time.time())


def _is_of_bus(bus: Any) -> bool:
    """Whether a handler is running here, ours or the program's: waiting for all handlers would wait for this one."""
    thread = threading.current_thread()
    if getattr(_thread, "listens", False) or thread is getattr(bus, "_loop_thread", None):
        return True
    return thread in guarded(lambda: set(bus._sync_executor._threads), set())


def forget() -> None:
    """End what is open and start afresh."""
    story.abort(time.time())
    story.tree.clear()
    forget_issues()
    _unknown.clear()

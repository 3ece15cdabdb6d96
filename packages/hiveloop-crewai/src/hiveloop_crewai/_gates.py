"""The gate before tool and model calls, through CrewAI's own hooks: the bus could neither stop nor replace a call."""

from __future__ import annotations

import functools
import time
import uuid
from contextvars import ContextVar
from typing import Any

from hiveloop import Intervention, Task
from hiveloop.adapters import contained, gate, has_gates

from ._facts import FAIL, STOP_SOURCE, Fact, error_text
from ._settings import captures
from ._watching import assembly, client_retries, here

__all__ = ["after_tool", "before_model", "before_tool"]

_GATE_SECONDS = 1.0

#: What the gate said of the tool call under way in this context, until the hook after it: a stop, or the result.
_said: ContextVar[Intervention | str | None] = ContextVar("hiveloop_crewai_said", default=None)


def before_model(context: Any) -> bool | None:
    """Asked by CrewAI before each model call. Raises what the gate raised, as something CrewAI lets through.

    Older versions let nothing through: there ``False`` blocks the call, and every later one of the run.
    """
    # Clients are imported when they are first used.
    client_retries.watch()
    if not has_gates():
        return None
    model = getattr(getattr(context, "llm", None), "model", None)
    name = model if isinstance(model, str) else "llm"
    try:
        if _is_stopped():
            return False
        _ask("llm", name, {"model": model, "messages": getattr(context, "messages", None)})
    except Intervention as stop:
        aborted = _abort(stop)
        if aborted is None:
            return False
        raise aborted  # noqa: B904 - it is the same exception
    return None


def before_tool(context: Any) -> bool | None:
    """Asked by CrewAI before each tool call; ``False`` blocks it, and :func:`after_tool` then says how it goes on."""
    if not has_gates():
        return None
    try:
        replacement = _ask("tool", context.tool_name, context.tool_input)
    except Intervention as stop:
        _said.set(stop)
        return False
    if replacement is None:
        return None
    _said.set(replacement)
    return False


def after_tool(context: Any) -> str | None:
    """Asked by CrewAI after each tool call, blocked ones too: here a stop can leave the framework."""
    said = _said.get()
    if said is None:
        return None
    _said.set(None)
    if isinstance(said, str):
        return said
    _tell_stopped(said)
    aborted = _abort(said)
    if aborted is None:
        return None
    raise aborted


@contained
def _ask(kind: str, name: str, arguments: Any) -> str | None:
    # Contained on its own: a gate that breaks must not be mistaken for one that stops.
    return gate(_task(), kind, name, arguments)


def _task() -> Task | None:
    node = here(_GATE_SECONDS)
    return None if node is None or node.run is None else node.run.task


@contained
def _tell_stopped(stop: Intervention) -> None:
    """CrewAI does not tell the end of a tool that was stopped like this."""
    node = here()
    if node is not None and node.kind == "tool":
        data = {"error": error_text(stop), "error_type": type(stop).__name__, "told": captures()}
        assembly.add(Fact("tool", FAIL, uuid.uuid4().hex, None, node.id, time.time(), node.key, data))


def _is_stopped() -> bool:
    """Whether this run was stopped before, by a version of CrewAI that went on nevertheless."""
    node = here(_GATE_SECONDS)
    return node is not None and node.run is not None and node.run.stopped_by is not None


def _abort(stop: Intervention) -> Exception | None:
    """The Intervention itself, made one of the exceptions that CrewAI does not swallow; ``None`` before it had any.

    Only ``HookAborted`` leaves a hook. The object stays the user's own, and so does every ``except`` for it.
    """
    try:
        from crewai.hooks.dispatch import HookAborted
    except ImportError:
        node = here()
        if node is not None and node.run is not None:
            node.run.stopped_by = type(stop).__name__
        return None
    if isinstance(stop, HookAborted):
        return stop
    try:
        stop.__class__ = _both(type(stop), HookAborted)  # type: ignore[arg-type]
        stop.reason, stop.source = str(stop), STOP_SOURCE  # type: ignore[attr-defined]
    except (TypeError, AttributeError):
        # A class with slots or properties of its own cannot change: what comes out then only carries it.
        aborted = HookAborted(str(stop), STOP_SOURCE)
        aborted.__cause__ = stop
        return aborted
    return stop


@functools.cache
def _both(kind: Any, aborted: Any) -> Any:
    return type(
        kind.__name__, (kind, aborted), {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    )

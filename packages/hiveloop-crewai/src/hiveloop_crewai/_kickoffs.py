"""Kickoffs that are cancelled or interrupted: CrewAI tells the end of a run only where it returned or failed."""

from __future__ import annotations

import functools
import importlib
import inspect
import time
import uuid
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import bind, contained, outcome_of

from ._facts import CANCELLED, POINT, Fact
from ._watching import assembly
from ._wrapping import Switch, replace

__all__ = ["wrap_kickoffs"]

_METHODS = (
    ("crewai.crew", "Crew", "kickoff"),
    ("crewai.crew", "Crew", "akickoff"),
    ("crewai.flow.flow", "Flow", "kickoff_async"),
    ("crewai.flow.flow", "Flow", "resume_async"),
    ("crewai.agent.core", "Agent", "kickoff"),
    ("crewai.agent.core", "Agent", "kickoff_async"),
)


def wrap_kickoffs() -> list[Callable[[], None]]:
    """Wrap them; returns what undoes it."""
    undo: list[Callable[[], None]] = []
    for module, owner, name in _METHODS:
        try:
            found = getattr(importlib.import_module(module), owner, None)
        except ImportError:
            continue
        undo += replace(_definer(found, name), name, _wrapped)
    return undo


def _definer(kind: Any, name: str) -> type | None:
    """The class that has the method of this name, which may be one it inherits from."""
    mro = kind.__mro__ if isinstance(kind, type) else ()
    return next((owner for owner in mro if name in vars(owner)), None)


def _wrapped(original: Any, switch: Switch) -> Any:
    return _async(original, switch) if inspect.iscoroutinefunction(original) else _sync(original, switch)


def _sync(original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    def kickoff(self: Any, *args: Any, **kwargs: Any) -> Any:
        around = len(_scopes())
        try:
            return bind(original, self)(*args, **kwargs)
        except BaseException as error:
            _left(around, error, switch)
            raise

    return kickoff


def _async(original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    async def kickoff(self: Any, *args: Any, **kwargs: Any) -> Any:
        around = len(_scopes())
        try:
            return await bind(original, self)(*args, **kwargs)
        except BaseException as error:
            _left(around, error, switch)
            raise

    return kickoff


def _scopes() -> tuple[Any, ...]:
    """What the bus has begun and not ended in this context, outermost first."""
    return _read_scopes() or ()


@contained
def _read_scopes() -> tuple[Any, ...]:
    from crewai.events import event_context

    variable = getattr(event_context, "_event_id_stack", None)
    return () if variable is None else tuple(variable.get())


@contained
def _left(around: int, error: BaseException, switch: Switch) -> None:
    """It raised: where CrewAI has ended nothing because it was no failure, what began inside ends here."""
    outcome = outcome_of(error)
    left = _scopes()[around:]
    if outcome is None or not left or not switch.is_on:
        return
    begun, data = str(left[0][0]), {"outcome": outcome}
    event_id = f"cancelled-{uuid.uuid4().hex}"
    assembly.add(Fact(CANCELLED, POINT, event_id, begun, None, time.time(), "", data))

"""Types of the errors of model calls: the bus has their texts only, so they are read where CrewAI says that a call failed."""

from __future__ import annotations

import functools
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import bind, contained

from ._wrapping import Switch, replace

__all__ = ["CallErrors", "call_errors", "wrap_failing"]

_MAX_ERRORS = 2_000


class CallErrors:
    """Call id → type of its error; the oldest go when there are many. CrewAI may say twice that a call failed."""

    def __init__(self) -> None:
        self._types: OrderedDict[str, str] = OrderedDict()

    def note(self, call_id: str, kind: str) -> None:
        """This call is about to be told as failed."""
        self._types[call_id] = kind
        if len(self._types) > _MAX_ERRORS:
            self._types.popitem(last=False)

    def get(self, call_id: str) -> str | None:
        """Name of the type, where it is known."""
        return self._types.get(call_id)


call_errors = CallErrors()


def wrap_failing() -> list[Callable[[], None]]:
    """Wrap it; returns what undoes it. Where CrewAI has moved it nothing is wrapped, and errors have no types."""
    try:
        from crewai.llms import base_llm
    except ImportError:
        return []
    current = getattr(base_llm, "get_current_call_id", None)
    if current is None:
        return []
    owner = getattr(base_llm, "BaseLLM", None)
    return replace(owner, "_emit_call_failed_event", functools.partial(_failing, current))


def _failing(current: Callable[[], str], original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    def failing(self: Any, *args: Any, **kwargs: Any) -> Any:
        if switch.is_on:
            _note(current)
        return bind(original, self)(*args, **kwargs)

    return failing


@contained
def _note(current: Callable[[], str]) -> None:
    # CrewAI says it while it handles the error.
    error = sys.exc_info()[1]
    if error is not None:
        call_errors.note(current(), type(error).__name__)

"""Usage that an event leaves out: noted where CrewAI itself counts it, by call id, through a guarded wrap.

Planning runs its tool inside the model call, and the event that ends such a call carries no usage.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import bind, contained

from ._usage import NO_USAGE, Usage, read_usage
from ._wrapping import Switch, replace

__all__ = ["UsageNotes", "usage_notes", "wrap_counting"]

_MAX_NOTES = 2_000


class UsageNotes:
    """Call id → tokens of its requests so far; each dictionary step is atomic, and the oldest go when there are many."""

    def __init__(self) -> None:
        self._notes: OrderedDict[str, Usage] = OrderedDict()

    def note(self, call_id: str, usage: Usage) -> None:
        """One request of a call was answered; a call may need several."""
        before = self._notes.get(call_id)
        self._notes[call_id] = usage if before is None else _sum(before, usage)
        if len(self._notes) > _MAX_NOTES:
            self._notes.popitem(last=False)

    def take(self, call_id: str) -> Usage:
        """What was noted, which is then forgotten."""
        return self._notes.pop(call_id, NO_USAGE)


def _sum(first: Usage, second: Usage) -> Usage:
    pairs = zip(first, second, strict=True)
    return Usage(*(one if two is None else two if one is None else one + two for one, two in pairs))


usage_notes = UsageNotes()


def wrap_counting() -> list[Callable[[], None]]:
    """Wrap it; returns what undoes it. Where CrewAI has moved it nothing is wrapped, and such calls have no tokens."""
    try:
        from crewai.llms import base_llm
    except ImportError:
        return []
    current = getattr(base_llm, "get_current_call_id", None)
    if current is None:
        return []
    return replace(
        getattr(base_llm, "BaseLLM", None),
        "_track_token_usage_internal",
        functools.partial(_counting, current),
    )


def _counting(current: Callable[[], str], original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    def counting(self: Any, *args: Any, **kwargs: Any) -> Any:
        if switch.is_on:
            _note(current, args[0] if args else kwargs.get("usage_data"))
        return bind(original, self)(*args, **kwargs)

    return counting


@contained
def _note(current: Callable[[], str], usage: Any) -> None:
    read = read_usage(usage)
    if read is not NO_USAGE:
        usage_notes.note(current(), read)

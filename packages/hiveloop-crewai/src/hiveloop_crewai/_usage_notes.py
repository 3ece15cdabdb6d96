"""Usage that an event leaves out: noted where CrewAI itself counts it, by call id, through a guarded wrap.

Planning runs its tool inside the model call, and the event that ends such a call carries no usage.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import contained

from ._usage import NO_USAGE, Usage, read_usage

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
    owner = getattr(base_llm, "BaseLLM", None)
    current = getattr(base_llm, "get_current_call_id", None)
    name = "_track_token_usage_internal"
    original = vars(owner).get(name) if isinstance(owner, type) else None
    if not isinstance(owner, type) or not callable(original) or current is None:
        return []

    @functools.wraps(original)
    def counting(self: Any, *args: Any, **kwargs: Any) -> Any:
        _note(current, args[0] if args else kwargs.get("usage_data"))
        return original(self, *args, **kwargs)

    setattr(owner, name, counting)

    def undo() -> None:
        # Somebody who wrapped after us keeps their wrapper.
        if vars(owner).get(name) is counting:
            setattr(owner, name, original)

    return [undo]


@contained
def _note(current: Callable[[], str], usage: Any) -> None:
    read = read_usage(usage)
    if read is not NO_USAGE:
        usage_notes.note(current(), read)

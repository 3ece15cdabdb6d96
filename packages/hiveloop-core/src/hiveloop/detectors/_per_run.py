"""Bounded memory of what a detector knows about each run: the one touched longest ago is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerRun"]

T = TypeVar("T")
_MAX_RUNS = 1_000


class PerRun(Generic[T]):
    """State by run. Callers hold their own lock."""

    __slots__ = ("_make", "_most", "_states")

    def __init__(self, make: Callable[[], T], most: int = _MAX_RUNS) -> None:
        self._make = make
        self._most = most
        self._states: OrderedDict[str, T] = OrderedDict()

    def __getitem__(self, run: str) -> T:
        state = self._states.get(run)
        if state is None:
            state = self._states[run] = self._make()
            if len(self._states) > self._most:
                self._states.popitem(last=False)
        elif len(self._states) > self._most // 2:  # before that, nothing is forgotten soon
            self._states.move_to_end(run)
        return state

    def get(self, run: str) -> T | None:
        """The state of a run if there is one; asking does not keep it."""
        return self._states.get(run)

    def forget(self, run: str) -> T | None:
        """Drop a run that ended. Returns its state."""
        return self._states.pop(run, None)

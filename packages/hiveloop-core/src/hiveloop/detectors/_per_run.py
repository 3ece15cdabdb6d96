"""Bounded memory of what a detector knows about each run: the ones touched longest ago are forgotten first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["PerRun"]

T = TypeVar("T")
_MAX_RUNS = 1_000


class PerRun(dict[str, T]):
    """State by run, made when it is first asked for with ``states[run]``. Callers hold their own lock.

    At least the latest ``most`` runs are kept, at most twice as many: the dict itself holds those touched since it was
    last full, and those of the time before wait to be asked for once more. So that to touch one costs a look-up.
    """

    __slots__ = ("_earlier", "_make", "_most")

    def __init__(self, make: Callable[[], T], most: int = _MAX_RUNS) -> None:
        super().__init__()
        self._make = make
        self._most = most
        self._earlier: dict[str, T] = {}

    def __missing__(self, run: str) -> T:
        state = self._earlier.pop(run, None)
        if state is None:
            state = self._make()
        if len(self) >= self._most:
            self._earlier = dict(self)
            self.clear()
        self[run] = state
        return state

    @property
    def kept(self) -> int:
        """How many runs are remembered."""
        return len(self) + len(self._earlier)

    def peek(self, run: str) -> T | None:
        """The state of a run if there is one; asking does not keep it."""
        state = self.get(run)
        return self._earlier.get(run) if state is None else state

    def forget(self, run: str) -> T | None:
        """Drop a run that ended. Returns its state."""
        state = self.pop(run, None)
        return self._earlier.pop(run, None) if state is None else state

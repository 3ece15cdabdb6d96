"""Runs under way by run id. Read at every callback and token, so a plain dict: each operation is one atomic step."""

from __future__ import annotations

import time
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["RunTable"]


class Started(Protocol):
    """What a record must tell: its ``perf_counter_ns`` at the start."""

    started: int


T = TypeVar("T", bound=Started)


class RunTable(Generic[T]):
    """Bounded: beyond ``max_runs`` the oldest goes, and at each sweep what is older than the TTL.

    Unlike ``hiveloop.adapters.RunMap`` reading does not count as a touch and takes no lock.
    """

    def __init__(self, max_runs: int, ttl_seconds: float) -> None:
        self._max_runs = max_runs
        self._ttl_ns = int(ttl_seconds * 1e9)
        self._runs: dict[Any, T] = {}
        #: The record of a run, or ``None``.
        self.get = self._runs.get
        #: ``take(run_id, None)``: the record of a run, which is then forgotten.
        self.take = self._runs.pop
        #: Whether a run is under way.
        self.knows = self._runs.__contains__
        #: Runs dropped for age or room.
        self.evicted = 0

    def put(self, run_id: Any, record: T) -> tuple[Any, T] | None:
        """Remember a run. Returns what had to go for it, with its id: the caller owes that run its end."""
        self._runs[run_id] = record
        return self._drop_oldest() if len(self._runs) > self._max_runs else None

    def sweep(self) -> list[tuple[Any, T]]:
        """Drop what is too old and return it. Cheap when nothing is: records are in the order they started."""
        limit = time.perf_counter_ns() - self._ttl_ns
        dropped: list[tuple[Any, T]] = []
        while self._runs:
            oldest = self._oldest()
            if oldest is None or oldest[1].started > limit:
                break
            gone = self._drop_oldest()
            if gone is not None:
                dropped.append(gone)
        return dropped

    def values(self) -> list[T]:
        """All records, oldest first."""
        return list(self._runs.values())

    def clear(self) -> None:
        """Forget all."""
        self._runs.clear()

    def __len__(self) -> int:
        return len(self._runs)

    def _oldest(self) -> tuple[Any, T] | None:
        try:
            return next(iter(self._runs.items()))
        except (StopIteration, RuntimeError):  # another thread changed it meanwhile: next time
            return None

    def _drop_oldest(self) -> tuple[Any, T] | None:
        oldest = self._oldest()
        if oldest is None or self._runs.pop(oldest[0], None) is None:
            return None
        self.evicted += 1
        return oldest

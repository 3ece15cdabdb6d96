"""Run id → record: bounded and aged, so that a framework that forgets to end a run cannot make us grow."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from hiveloop._locks import Lock

__all__ = ["RunMap"]

T = TypeVar("T")


class RunMap(Generic[T]):
    """A thread-safe map of runs. Beyond ``max_runs`` the least recently touched goes; so does what was idle for the TTL."""

    def __init__(
        self, max_runs: int = 10_000, ttl_seconds: float = 3600.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_runs = max_runs
        self._ttl_seconds = ttl_seconds
        self._now = now
        self._runs: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = Lock()
        #: Runs dropped for age or room.
        self.evicted = 0

    def put(self, run_id: Hashable, record: T) -> None:
        """Remember a run."""
        now = self._now()
        with self._lock:
            self._runs[run_id] = (now, record)
            self._runs.move_to_end(run_id)
            self._evict(now)

    def get(self, run_id: Hashable) -> T | None:
        """The record of a run, or ``None``; counts as a touch."""
        with self._lock:
            found = self._runs.get(run_id)
            if found is None:
                return None
            self._runs[run_id] = (self._now(), found[1])
            self._runs.move_to_end(run_id)
            return found[1]

    def pop(self, run_id: Hashable) -> T | None:
        """The record of a run, which is then forgotten."""
        with self._lock:
            found = self._runs.pop(run_id, None)
        return None if found is None else found[1]

    def values(self) -> list[T]:
        """All records, least recently touched first."""
        with self._lock:
            return [record for _, record in self._runs.values()]

    def items(self) -> list[tuple[Hashable, T]]:
        """All runs with their records, least recently touched first."""
        with self._lock:
            return [(run_id, record) for run_id, (_, record) in self._runs.items()]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._runs.clear()

    def __len__(self) -> int:
        return len(self._runs)

    def _evict(self, now: float) -> None:
        while self._runs:
            touched, _ = next(iter(self._runs.values()))
            if len(self._runs) <= self._max_runs and now - touched <= self._ttl_seconds:
                return
            self._runs.popitem(last=False)
            self.evicted += 1

"""How many retries of one call are told a minute: a loop that never stops must not flood the timeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from hiveloop.adapters import RunMap

__all__ = ["MAX_PER_MINUTE", "Pace"]

MAX_PER_MINUTE = 30
_MINUTE_SECONDS = 60.0


class _Window:
    """One minute of one key."""

    __slots__ = ("held_back", "since", "told")

    def __init__(self, since: float) -> None:
        self.since = since
        self.told = 0
        self.held_back = 0


class Pace:
    """Admits so many events per key and minute, and counts those between."""

    def __init__(self, per_minute: int = MAX_PER_MINUTE, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now = now
        self._windows: RunMap[_Window] = RunMap(max_runs=5_000, ttl_seconds=10 * _MINUTE_SECONDS, now=now)

    def admit(self, key: Hashable) -> int | None:
        """``None``: hold this one back. Else how many were held back since the last one admitted."""
        now = self._now()
        window = self._windows.get(key)
        if window is None:
            window = _Window(now)
            self._windows.put(key, window)
        if now - window.since >= _MINUTE_SECONDS:
            window.since, window.told = now, 0
        if window.told >= self._per_minute:
            window.held_back += 1
            return None
        window.told += 1
        held_back, window.held_back = window.held_back, 0
        return held_back

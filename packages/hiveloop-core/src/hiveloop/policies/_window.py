"""How many of something came within the last seconds, in bounded memory."""

from __future__ import annotations

from collections import deque

__all__ = ["Window"]

#: How finely a window is kept: so many stretches of it at most.
_STRETCHES = 10_000


class Window:
    """Counts of the last ``seconds``. Exact, until more than 10,000 come: then to a 10,000th of the window, and never too few."""

    __slots__ = ("_entries", "_stretch", "seconds", "total")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._stretch = seconds / _STRETCHES
        #: When a stretch began, when its latest came, and how many.
        self._entries: deque[list[float]] = deque()
        self.total = 0

    def add(self, now: float) -> None:
        entries = self._entries
        if entries:
            if entries[0][1] <= now - self.seconds:
                self.prune(now)
            self.total += 1
            last = entries[-1] if entries else None
            if last is not None and now - last[0] <= self._stretch:
                last[1] = now
                last[2] += 1
                return
        else:
            self.total += 1
        entries.append([now, now, 1])

    def prune(self, now: float) -> int:
        """Forget what is too old. Returns how many are left."""
        entries = self._entries
        while entries and entries[0][1] <= now - self.seconds:
            self.total -= int(entries.popleft()[2])
        return self.total

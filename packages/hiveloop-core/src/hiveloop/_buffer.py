"""Events between the program and the sender: bounded by count and bytes, oldest dropped first, every drop counted."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Protocol

from msgspec import Struct

__all__ = ["Buffer", "Lane", "MemoryBuffer", "Record"]


class Lane(Struct, gc=False, eq=False):
    """One envelope: all events that may share a request. ``envelope`` is its JSON, encoded once."""

    agent_id: str
    envelope: bytes


#: Serial (counts appended events of this process), lane, encoded event. A plain tuple: one is made per event.
Record = tuple[int, Lane, bytes]


class Buffer(Protocol):
    """What the pipeline appends to and the sender empties. Thread-safe; no call blocks on I/O the caller waits for."""

    def append(self, lane: Lane, data: bytes) -> int:
        """Keep one event and return how many are pending. May drop the oldest, counted as ``queue_overflow``."""

    def lease(self, max_events: int, max_bytes: int) -> list[Record]:
        """The oldest events, at most so many; they stay pending until settled or released."""

    def settle(self, records: list[Record]) -> None:
        """These were delivered."""

    def discard(self, records: list[Record], reason: str) -> None:
        """These will never be delivered; counted under ``reason``."""

    def release(self, records: list[Record]) -> None:
        """Put leased events back in front, in order."""

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Count events that were dropped before they reached the buffer."""

    def oldest_serial(self) -> int | None:
        """Serial of the oldest pending event; ``None`` when empty."""

    @property
    def pending(self) -> int:
        """Events appended and neither delivered nor dropped."""

    @property
    def appended(self) -> int:
        """Events ever appended: the serial of the newest one."""

    @property
    def delivered(self) -> int:
        """Events ever delivered."""

    def dropped(self) -> dict[str, int]:
        """Events dropped so far, by reason."""


class MemoryBuffer:
    """The buffer in memory. Bytes are those of the encoded events."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything: in a forked child what was pending is the parent's to send."""
        self._lock = threading.Lock()
        self._queue: deque[Record] = deque()
        self._leased: dict[int, Record] = {}
        self._bytes = 0
        self._pending = 0
        self._appended = 0
        self._delivered = 0
        self._drops: Counter[str] = Counter()

    def append(self, lane: Lane, data: bytes) -> int:
        """Keep one event; see :class:`Buffer`."""
        with self._lock:
            self._appended = serial = self._appended + 1
            self._queue.append((serial, lane, data))
            self._bytes = size = self._bytes + len(data)
            self._pending = pending = self._pending + 1
            if pending > self._max_events or size > self._max_bytes:
                self._drop_oldest()
            return self._pending

    def _drop_oldest(self) -> None:
        while len(self._queue) > 1 and (self._pending > self._max_events or self._bytes > self._max_bytes):
            self._bytes -= len(self._queue.popleft()[2])
            self._pending -= 1
            self._drops["queue_overflow"] += 1

    def lease(self, max_events: int, max_bytes: int) -> list[Record]:
        """The oldest events, at most so many; at least one when there is any."""
        taken: list[Record] = []
        size = 0
        with self._lock:
            while self._queue and len(taken) < max_events:
                size += len(self._queue[0][2])
                if taken and size > max_bytes:
                    break
                record = self._queue.popleft()
                self._leased[record[0]] = record
                taken.append(record)
        return taken

    def settle(self, records: list[Record]) -> None:
        """These were delivered."""
        with self._lock:
            self._delivered += self._forget(records)

    def discard(self, records: list[Record], reason: str) -> None:
        """These will never be delivered."""
        with self._lock:
            self._drops[reason] += self._forget(records)

    def _forget(self, records: list[Record]) -> int:
        known = 0
        for record in records:
            if self._leased.pop(record[0], None) is not None:
                self._bytes -= len(record[2])
                known += 1
        self._pending -= known
        return known

    def release(self, records: list[Record]) -> None:
        """Put leased events back in front, in order."""
        with self._lock:
            back = [record for record in records if self._leased.pop(record[0], None) is not None]
            self._queue.extendleft(reversed(back))

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Count events that never reached the buffer."""
        with self._lock:
            self._drops[reason] += events

    def oldest_serial(self) -> int | None:
        """Serial of the oldest pending event."""
        with self._lock:
            serials = [min(self._leased)] if self._leased else []
            if self._queue:
                serials.append(self._queue[0][0])
            return min(serials, default=None)

    @property
    def pending(self) -> int:
        """Events neither delivered nor dropped."""
        return self._pending

    @property
    def appended(self) -> int:
        """Events ever appended."""
        return self._appended

    @property
    def delivered(self) -> int:
        """Events ever delivered."""
        return self._delivered

    def dropped(self) -> dict[str, int]:
        """Events dropped so far, by reason; reasons with none are absent."""
        with self._lock:
            return {reason: count for reason, count in self._drops.items() if count}

    def hold(self) -> None:
        """Before a fork: nobody may be half way through an append."""
        self._lock.acquire()

    def unhold(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()

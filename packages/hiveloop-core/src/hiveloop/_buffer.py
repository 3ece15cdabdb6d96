"""Events between the program and the sender: bounded by count and bytes, oldest dropped first, every drop counted."""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from operator import itemgetter
from typing import Protocol

from msgspec import Struct

__all__ = ["Buffer", "Lane", "MemoryBuffer", "Record"]


class Lane(Struct, gc=False, eq=False):
    """One envelope: all events that may share a request. ``envelope`` is its JSON, encoded once."""

    agent_id: str
    envelope: bytes


#: Serial (the how-manieth appended event of this process it is), lane, encoded event.
Record = tuple[int, Lane, bytes]


class Buffer(Protocol):
    """What the pipeline appends to and the sender empties. Thread-safe; no call blocks on I/O the caller waits for.

    At any time ``appended == delivered + lost + pending``. ``append`` may interrupt any other call on the same thread:
    a signal handler or a finalizer that emits runs wherever it likes.
    """

    def append(self, lane: Lane, data: bytes) -> int:
        """Keep one event and return how many are pending. May drop the oldest, counted as ``queue_overflow``."""

    def lease(self, max_events: int, max_bytes: int) -> list[Record]:
        """The oldest events, at most so many; they stay pending until settled, discarded or released."""

    def settle(self, records: list[Record]) -> None:
        """These were delivered. Records that are not leased are ignored, here and below."""

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

    @property
    def lost(self) -> int:
        """Events appended and later dropped, for whatever reason."""

    def dropped(self) -> dict[str, int]:
        """Events dropped so far, before or after they were appended, by reason."""


class MemoryBuffer:
    """The buffer in memory. Bytes are those of the encoded events.

    Serials are given when an event leaves the queue, so that appending has nothing to number: the queue holds the
    serials from ``_left_queue + 1`` on, without gaps. What came back from a lease waits in ``_returned``, all older.
    """

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything: in a forked child what was pending is the parent's to send."""
        # Reentrant: the garbage collector may run a finalizer that emits while this very thread is in here.
        self._lock = threading.RLock()
        self._queue: deque[tuple[Lane, bytes]] = deque()
        self._returned: deque[Record] = deque()
        self._leased: dict[int, Record] = {}
        self._left_queue = 0
        #: Pending events outside the queue: returned or leased.
        self._outside = 0
        self._bytes = 0
        self._delivered = 0
        self._discarded = 0
        self._overflowed = 0
        self._drops: Counter[str] = Counter()

    def append(self, lane: Lane, data: bytes) -> int:
        """Keep one event; see :class:`Buffer`. No call between reading and writing a number: see ``reset``."""
        size = len(data)
        with self._lock:
            self._queue.append((lane, data))
            self._bytes += size
            pending = len(self._queue) + self._outside
            if pending > self._max_events or self._bytes > self._max_bytes:
                self._drop_oldest()
                pending = len(self._queue) + self._outside
            return pending

    def _drop_oldest(self) -> None:
        """What is leased is on its way and cannot be dropped; all else goes, oldest first, until the rest fits."""
        while len(self._queue) + self._outside > self._max_events or self._bytes > self._max_bytes:
            try:
                if self._returned:
                    size = len(self._returned.popleft()[2])
                    self._outside -= 1
                else:
                    size = len(self._queue.popleft()[1])
                    self._left_queue += 1
            except IndexError:
                return
            self._bytes -= size
            self._overflowed += 1

    def _pop_oldest(self) -> Record | None:
        try:
            if self._returned:
                record = self._returned.popleft()
                self._outside -= 1
                return record
            lane, data = self._queue.popleft()
            self._left_queue += 1
            return (self._left_queue, lane, data)
        except IndexError:
            return None

    def lease(self, max_events: int, max_bytes: int) -> list[Record]:
        """The oldest events, at most so many (at least one when there is any), and at most half of what has room here.

        The other half is for what the program emits while these are on their way.
        """
        most = min(max_events, max(1, self._max_events // 2))
        taken: list[Record] = []
        size = 0
        with self._lock:
            while len(taken) < most:
                record = self._pop_oldest()
                if record is None:
                    break
                size += len(record[2])
                self._outside += 1
                if taken and size > max_bytes:
                    self._returned.appendleft(record)
                    break
                self._leased[record[0]] = record
                taken.append(record)
        return taken

    def settle(self, records: list[Record]) -> None:
        """These were delivered."""
        with self._lock:
            known = self._forget(records)
            self._delivered += known

    def discard(self, records: list[Record], reason: str) -> None:
        """These will never be delivered."""
        with self._lock:
            known = self._forget(records)
            self._discarded += known
            self._drops[reason] += known

    def _forget(self, records: list[Record]) -> int:
        known = size = 0
        for record in records:
            if self._leased.pop(record[0], None) is not None:
                size += len(record[2])
                known += 1
        self._bytes -= size
        self._outside -= known
        return known

    def release(self, records: list[Record]) -> None:
        """Put leased events back in front, in order."""
        with self._lock:
            back = [record for record in records if self._leased.pop(record[0], None) is not None]
            if back:
                self._returned = deque(sorted([*back, *self._returned], key=itemgetter(0)))

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Count events that never reached the buffer."""
        with self._lock:
            self._drops[reason] += events

    def oldest_serial(self) -> int | None:
        """Serial of the oldest pending event."""
        with self._lock:
            serials = [min(self._leased)] if self._leased else []
            if self._returned:
                serials.append(self._returned[0][0])
            if self._queue:
                serials.append(self._left_queue + 1)
            return min(serials, default=None)

    @property
    def pending(self) -> int:
        """Events neither delivered nor dropped."""
        with self._lock:
            return len(self._queue) + self._outside

    @property
    def appended(self) -> int:
        """Events ever appended."""
        with self._lock:
            return self._left_queue + len(self._queue)

    @property
    def delivered(self) -> int:
        """Events ever delivered."""
        return self._delivered

    @property
    def lost(self) -> int:
        """Events appended and later dropped."""
        return self._overflowed + self._discarded

    def dropped(self) -> dict[str, int]:
        """Events dropped so far, by reason; reasons with none are absent."""
        with self._lock:
            counts = {"queue_overflow": self._overflowed, **self._drops}
        return {reason: count for reason, count in counts.items() if count}

    def lift_limits(self) -> None:
        """From now on drop nothing: what comes is little, and the last."""
        self._max_events = self._max_bytes = sys.maxsize

    def hold(self) -> None:
        """Before a fork: nobody may be half way through an append."""
        self._lock.acquire()

    def unhold(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()

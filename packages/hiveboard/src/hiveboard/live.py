"""Live updates: a ring of the newest events and a wake-up for everyone who follows them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from msgspec import Struct

from .errors import TooManyRequestsError
from .store.records import Published, StoredEvent
from .waiters import Waiters

__all__ = ["Hub", "Notice", "Subscriber"]

_MAX_NOTICES = 1_000


class Subscriber:
    """One follower of one tenant: how far it has read, and a signal that there is more."""

    def __init__(self, tenant: str, seq: int) -> None:
        self.tenant = tenant
        self.seq = seq
        self.notice = 0
        self.wake = asyncio.Event()
        self.ended = False

    def end(self) -> None:
        """Let the follower end: its key or session is no longer good."""
        self.ended = True
        self.wake.set()


class Notice(Struct, frozen=True):
    """Something other than an event that followers of a tenant should hear: a name and its JSON."""

    number: int
    tenant: str
    name: str
    data: bytes


class Hub:
    """Takes events from the writer thread after their commit; followers read them at their own pace.

    Nothing is queued per follower: each remembers a sequence number and reads on from there, from the ring or,
    when it has fallen behind the ring (or was the first to come), from the store. A slow follower therefore costs no memory.
    """

    def __init__(self, ring_events: int, max_subscribers: int, max_waiters: int) -> None:
        #: Those who wait for an approval.
        self.waiters = Waiters(max_waiters)
        #: Set when somebody follows a tenant that nobody followed before.
        self.newcomer = asyncio.Event()
        self._ring: deque[Published] = deque()
        self._ring_events = 0
        self._ring_max = ring_events
        self._newest: int | None = None
        self._lock = threading.Lock()
        self._subscribers: set[Subscriber] = set()
        self._notices: deque[Notice] = deque(maxlen=_MAX_NOTICES)
        self._last_notice = 0
        self._max = max_subscribers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop that followers run in."""
        self._loop = loop
        self.waiters.bind(loop)

    def publish(self, added: Published) -> None:
        """Called by the writer thread after a commit."""
        if not added.records:
            return
        self.waiters.notice(added)
        with self._lock:
            self._newest = added.first_seq + len(added.records) - 1
            if not self._subscribers:
                # Nobody reads along. Records that are kept for a while and then let go cost ingest a fifth of its
                # speed: what is made next finds no warm memory to go into.
                self._ring.clear()
                self._ring_events = 0
                return
            self._ring.append(added)
            self._ring_events += len(added.records)
            while len(self._ring) > 1 and self._ring_events > self._ring_max:
                self._ring_events -= len(self._ring.popleft().records)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for subscriber in self._subscribers:
            subscriber.wake.set()

    def announce(self, tenant: str, name: str, data: bytes) -> None:
        """Tell the tenant's followers; called in the event loop."""
        self._last_notice += 1
        self._notices.append(Notice(self._last_notice, tenant, name, data))
        self._wake_all()

    def notices(self, subscriber: Subscriber) -> list[Notice]:
        """What was announced to a follower since it last asked."""
        found = [
            notice
            for notice in self._notices
            if notice.number > subscriber.notice and notice.tenant == subscriber.tenant
        ]
        subscriber.notice = self._last_notice
        return found

    @property
    def closed(self) -> bool:
        """Whether the collector is stopping; followers end."""
        return self._closed

    @property
    def tenants(self) -> set[str]:
        """Tenants somebody follows."""
        return {subscriber.tenant for subscriber in self._subscribers}

    def close(self) -> None:
        """Let every follower end."""
        self._closed = True
        self._wake_all()
        self.waiters.close()

    def subscribe(self, tenant: str, seq: int) -> Subscriber:
        """Follow a tenant from a sequence number on. Raises 429 when too many follow."""
        if len(self._subscribers) >= self._max:
            raise TooManyRequestsError(
                f"{self._max} clients follow already; close one or poll /v1/events", 10
            )
        subscriber = Subscriber(tenant, seq)
        subscriber.notice = self._last_notice
        if tenant not in self.tenants:
            self.newcomer.set()
        self._subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Stop following."""
        self._subscribers.discard(subscriber)

    def after(self, tenant: str, seq: int) -> list[StoredEvent] | None:
        """The tenant's events after ``seq``, oldest first; None when the ring does not reach back that far."""
        with self._lock:
            chunks = list(self._ring)
        if not chunks or chunks[0].first_seq > seq + 1:
            return None
        return [
            StoredEvent(number, record, chunk.origins[record.origin_id])
            for chunk in chunks
            if chunk.first_seq + len(chunk.records) - 1 > seq
            for number, record in enumerate(chunk.records, chunk.first_seq)
            if number > seq and record.tenant == tenant
        ]

    def newest_seq(self) -> int | None:
        """The newest sequence number published, None before the first."""
        return self._newest

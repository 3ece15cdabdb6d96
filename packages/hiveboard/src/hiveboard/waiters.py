"""Who waits for the answer to an approval request, and their wake-up the moment it is stored."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from .errors import TooManyRequestsError
from .store.records import EventRecord, Published
from .store.rows import ApprovalRow

__all__ = ["Waiter", "Waiters"]

#: Events after which a request may be answered, or expired.
_MOVING = frozenset({"approval_received", "task_completed", "task_failed"})
#: Between two long polls of the same client it still counts as listening.
_LINGER_SECONDS = 3.0
_RETRY_SECONDS = 5


class Waiter:
    """One client that waits for one request."""

    def __init__(self, tenant: str, row: ApprovalRow) -> None:
        self.tenant = tenant
        self.row = row
        self.name = (row.approval_id or row.event_id).encode()
        self.wake = asyncio.Event()
        self.ended = False

    def end(self) -> None:
        """Let the client go: its key or session is no longer good."""
        self.ended = True
        self.wake.set()

    def is_moved_by(self, record: EventRecord) -> bool:
        """Whether this event may decide what is waited for; when in doubt it may."""
        row = self.row
        if record.tenant != self.tenant:
            return False
        if record.event_type != "approval_received":
            return (record.task_id, record.task_run_id) == (row.task_id, row.task_run_id)
        payload = record.payload or b""
        # Escapes can hide the name, so a payload with any is looked at in the store.
        return record.agent_id == row.agent_id or self.name in payload or b"\\" in payload


class Waiters:
    """All clients that wait. A waiter is a coroutine that sleeps: it holds neither a thread nor the writer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._waiting: set[Waiter] = set()
        self._listening: Counter[tuple[str, str]] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False
        #: One decision at a time, so that of several for the same request the first is stored and the others see it.
        self.deciding = asyncio.Lock()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop that waiters sleep in."""
        self._loop = loop

    def notice(self, added: Published) -> None:
        """Called by the writer thread after a commit."""
        if not self._waiting:
            return
        moving = [record for record in added.records if record.event_type in _MOVING]
        if not moving:
            return
        with self._lock:
            moved = [one for one in self._waiting if any(map(one.is_moved_by, moving))]
        if moved and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_wake, moved)

    @contextlib.contextmanager
    def hold(self, tenant: str, row: ApprovalRow) -> Iterator[Waiter]:
        """Wait for a request within this block. Raises 429 when too many wait."""
        if len(self._waiting) >= self._most:
            raise TooManyRequestsError(f"{self._most} clients wait for approvals already", _RETRY_SECONDS)
        waiter = Waiter(tenant, row)
        with self._lock:
            self._waiting.add(waiter)
        key = (tenant, row.event_id)
        self._listening[key] += 1
        try:
            yield waiter
        except BaseException:
            self._leave(key)
            raise
        else:
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._leave, key)
        finally:
            with self._lock:
                self._waiting.discard(waiter)

    def _leave(self, key: tuple[str, str]) -> None:
        self._listening[key] -= 1
        if self._listening[key] <= 0:
            del self._listening[key]

    def listens(self, tenant: str, event_id: str) -> bool:
        """Whether somebody waits for this request, or did a moment ago and is about to ask again."""
        return (tenant, event_id) in self._listening

    def close(self) -> None:
        """Let everybody go: the collector stops."""
        self.closed = True
        _wake([*self._waiting])


def _wake(waiters: list[Waiter]) -> None:
    for waiter in waiters:
        waiter.wake.set()

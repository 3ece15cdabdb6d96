"""Waiting for a person's decision that is made at the collector: in the caller's thread, or beside an event loop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._arguments import identifier
from ._decision import Decision
from ._locks import Lock
from ._safety import attempt
from ._sender import patience

if TYPE_CHECKING:
    import asyncio

    from ._approval_wait import Wait

__all__ = ["Approvals"]


class Approvals:
    """The waits of one client, so that they can be ended together."""

    def __init__(self, endpoint: str, api_key: str, deliver: Callable[[float], bool]) -> None:
        self._endpoint = endpoint
        self._api_key = api_key
        self._deliver = deliver
        self._lock = Lock()
        self._waits: set[Wait] = set()
        self._is_released = False

    def wait(self, approval_id: Any, timeout: Any) -> Decision | None:
        """In the calling thread. See ``Task.wait_for_approval``."""
        wait = self._begin(approval_id, timeout)
        if wait is None:
            return None
        try:
            return attempt(wait.run, "wait_for_approval")[1]
        finally:
            self._end(wait)

    async def wait_async(self, approval_id: Any, timeout: Any) -> Decision | None:
        """In a thread of its own, which ends with the awaiting task."""
        wait = self._begin(approval_id, timeout)
        if wait is None:
            return None
        import asyncio

        loop = asyncio.get_running_loop()
        decided: asyncio.Future[Decision | None] = loop.create_future()

        def run() -> None:
            decision = attempt(wait.run, "wait_for_approval")[1]
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits it
                loop.call_soon_threadsafe(_hand_over, decided, decision)

        try:
            thread = threading.Thread(target=run, name="hiveloop-approval", daemon=True)
            if not attempt(thread.start, "wait_for_approval")[0]:
                return None
            return await decided
        finally:
            wait.release()
            self._end(wait)

    def _begin(self, approval_id: Any, timeout: Any) -> Wait | None:
        name = identifier(approval_id)
        if name is None:
            return None
        # Few programs wait for a person: sockets and the rest are loaded by those that do.
        from ._approval_poll import Poll
        from ._approval_wait import Wait

        seconds = None if timeout is None else patience(timeout)
        wait = Wait(Poll(self._endpoint, self._api_key, name), name, seconds, self._deliver)
        with self._lock:
            if self._is_released:
                return None
            self._waits.add(wait)
        return wait

    def _end(self, wait: Wait) -> None:
        with self._lock:
            self._waits.discard(wait)

    def release(self) -> None:
        """End all waits, now and for good: the client stops."""
        with self._lock:
            self._is_released = True
            waits = [*self._waits]
        for wait in waits:
            wait.release()

    def after_fork_in_child(self) -> None:
        """The waits are the parent's, and so are their sockets: to cut them here would cut them there."""
        self._waits = set()


def _hand_over(decided: asyncio.Future[Decision | None], decision: Decision | None) -> None:
    if not decided.done():
        decided.set_result(decision)

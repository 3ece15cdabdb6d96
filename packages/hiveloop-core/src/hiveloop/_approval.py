"""Waiting for a person's decision that is made at the collector: in the caller's thread, or beside an event loop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._approval_poll import Poll, Said, State
from ._arguments import identifier
from ._drain import drain
from ._http import imports
from ._locks import Lock
from ._runtime import runtime
from ._safety import attempt
from ._sender import patience
from .events import ApprovalReceived, Event

if TYPE_CHECKING:
    import asyncio

__all__ = ["Approvals", "Decision", "is_settled"]

log = logging.getLogger("hiveloop")

#: How long one question lets the collector wait.
POLL_SECONDS = 30
FIRST_BACKOFF_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 5.0
#: How long the request is waited for to be delivered before the first question; it goes on being delivered after.
DELIVERY_SECONDS = 5.0
#: How long a collector that has taken everything, and still knows no such request, is believed to get it yet.
UNKNOWN_SECONDS = 60.0
_DELIVERY_STEP_SECONDS = 0.2
_DRAIN_SECONDS = 1.0
_MAX_SETTLED = 10_000


class Decision(str):
    """What was decided: equal to the text ``"approved"`` or ``"rejected"`` (or what else an agent answered).

    ``approved_by`` is who decided and ``reason`` why, where it was told.
    """

    approved_by: str | None
    reason: str | None

    def __new__(cls, decision: str, approved_by: str | None = None, reason: str | None = None) -> Decision:
        made = super().__new__(cls, decision)
        made.approved_by, made.reason = approved_by, reason
        return made

    def __getnewargs__(self) -> tuple[str, str | None, str | None]:  # type: ignore[override]
        return str(self), self.approved_by, self.reason

    @property
    def is_approved(self) -> bool:
        """Whether it is a yes."""
        return self == "approved"


def is_settled(event: Event) -> bool:
    """Whether this event tells a decision that the collector stored itself, and told us."""
    if type(event) is not ApprovalReceived:
        return False
    payload: Any = event.payload
    data = payload.get("data") if type(payload) is dict else getattr(payload, "data", None)
    approval_id = data.get("approval_id") if type(data) is dict else None
    return approval_id in runtime.settled_approvals


def _settle(approval_id: str, decision: str) -> None:
    settled = runtime.settled_approvals
    settled[approval_id] = decision
    while len(settled) > _MAX_SETTLED:
        with contextlib.suppress(KeyError, RuntimeError):
            del settled[next(iter(settled))]


class Wait:
    """One wait for one decision."""

    def __init__(
        self, poll: Poll, approval_id: str, timeout: float | None, deliver: Callable[[float], bool]
    ) -> None:
        self._poll = poll
        self._approval_id = approval_id
        self._deliver = deliver
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._released = threading.Event()
        self._failures = 0
        self._unknown_since: float | None = None

    def release(self) -> None:
        """End the wait at once, from any thread."""
        self._released.set()
        self._poll.cut()

    def run(self) -> Decision | None:
        """Block until there is a decision, there will be none, or time is up."""
        try:
            imports.load()
            drain(min(_DRAIN_SECONDS, self._left()))
            self._await_delivery()
            while not self._released.is_set():
                asked_at, seconds = time.monotonic(), int(min(POLL_SECONDS, self._left()))
                said = self._poll.ask(seconds)
                if said.state == State.DECIDED:
                    _settle(self._approval_id, said.decision)
                    return Decision(said.decision, said.approved_by, said.reason)
                # One that is about to stop, or that does not wait, answers at once: no reason to ask again at once.
                is_patient = said.state == State.PENDING and time.monotonic() - asked_at >= seconds / 2 > 0
                if self._is_over(said) or not self._pause(said, is_patient):
                    return None
            return None
        finally:
            self._poll.close()

    def _left(self) -> float:
        return (
            threading.TIMEOUT_MAX if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        )

    def _await_delivery(self) -> None:
        until = time.monotonic() + min(DELIVERY_SECONDS, self._left())
        while not self._released.is_set() and (left := until - time.monotonic()) > 0:
            if self._deliver(min(_DELIVERY_STEP_SECONDS, left)):
                return

    def _is_over(self, said: Said) -> bool:
        """Whether no decision can come any more."""
        if said.state == State.EXPIRED:
            return True
        if said.state in (State.UNSUPPORTED, State.REFUSED):
            reason = (
                "answers no approvals" if said.state == State.UNSUPPORTED else "does not take the question"
            )
            log.warning("wait_for_approval ends without a decision: the collector %s (%s)", reason, said.why)
            return True
        if said.state != State.UNKNOWN:
            self._unknown_since = None
            return False
        now = time.monotonic()
        if not self._deliver(0.0) or self._unknown_since is None:
            self._unknown_since = now
        if now - self._unknown_since > UNKNOWN_SECONDS:
            log.warning("wait_for_approval ends without a decision: the collector knows no such request")
            return True
        return False

    def _pause(self, said: Said, is_patient: bool) -> bool:
        """Wait before the next question. False when time is up or nobody waits any more."""
        import random  # loaded by `imports`

        left = self._left()
        if left <= 0:
            return False
        self._failures = 0 if is_patient else self._failures + 1
        delay = 0.0
        if self._failures:
            delay = min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(self._failures - 1, 8))
            delay = max(delay * random.uniform(0.75, 1.0), said.retry_after_seconds or 0.0)
            log.debug("waiting for an approval: %s; next question in %.1f s", said.why or said.state, delay)
        return not self._released.wait(min(delay, left))


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

"""One wait for a person's decision: asks the collector until there is one, there will be none, or time is up."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Callable

from ._approval_poll import Poll, Said, State
from ._clock import steady_seconds
from ._decision import Decision
from ._drain import drain
from ._http import imports
from ._runtime import runtime

__all__ = ["Wait"]

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


class Wait:
    """One wait for one decision."""

    def __init__(
        self, poll: Poll, approval_id: str, timeout: float | None, deliver: Callable[[float], bool]
    ) -> None:
        self._poll = poll
        self._approval_id = approval_id
        self._deliver = deliver
        self._deadline = None if timeout is None else steady_seconds() + timeout
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
                asked_at, seconds = steady_seconds(), int(min(POLL_SECONDS, self._left()))
                said = self._poll.ask(seconds)
                if said.state == State.DECIDED:
                    _settle(self._approval_id, said.decision)
                    return Decision(said.decision, said.approved_by, said.reason)
                # One that is about to stop, or that does not wait, answers at once: no reason to ask again at once.
                is_patient = said.state == State.PENDING and steady_seconds() - asked_at >= seconds / 2 > 0
                if self._is_over(said) or not self._pause(said, is_patient):
                    return None
            return None
        finally:
            self._poll.close()

    def _left(self) -> float:
        return (
            threading.TIMEOUT_MAX if self._deadline is None else max(0.0, self._deadline - steady_seconds())
        )

    def _await_delivery(self) -> None:
        until = steady_seconds() + min(DELIVERY_SECONDS, self._left())
        while not self._released.is_set() and (left := until - steady_seconds()) > 0:
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
        now = steady_seconds()
        if not self._deliver(0.0) or self._unknown_since is None:
            self._unknown_since = now
        if now - self._unknown_since > UNKNOWN_SECONDS:
            log.warning("wait_for_approval ends without a decision: the collector knows no such request")
            return True
        return False

    def _pause(self, said: Said, is_patient: bool) -> bool:
        """Wait before the next question. False when time is up or nobody waits any more."""
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


def _settle(approval_id: str, decision: str) -> None:
    settled = runtime.settled_approvals
    settled[approval_id] = decision
    while len(settled) > _MAX_SETTLED:
        with contextlib.suppress(KeyError, RuntimeError):
            del settled[next(iter(settled))]

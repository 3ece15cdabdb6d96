"""The one background thread that delivers: wakes on a threshold or an interval, backs off, flushes, gives up on time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ._buffer import Buffer
from ._delivery import Delivery
from ._http import Answer, Http, Verdict
from ._safety import attempt

__all__ = ["Sender"]

log = logging.getLogger("hiveloop")

FIRST_BACKOFF_SECONDS = 0.25
MAX_BACKOFF_SECONDS = 5.0
MAX_REFUSED_BACKOFF_SECONDS = 60.0
#: While the program exits: how long without a single delivered batch until the rest is given up.
GIVE_UP_SECONDS = 1.5
#: While somebody waits for a flush, a failed attempt is repeated this soon (unless the collector named a time).
HURRY_SECONDS = 0.2
OVERFLOW_LOG_SECONDS = 60.0


class Sender:
    """Empties a buffer into the collector. Its thread starts with the first event, not before."""

    def __init__(
        self, buffer: Buffer, make_http: Callable[[], Http], batch_size: int, flush_interval: float
    ) -> None:
        self._buffer = buffer
        self._make_http = make_http
        self._batch_size = batch_size
        self._flush_interval = flush_interval
        self.reset()

    def reset(self) -> None:
        """No thread, no connection, no memory of failures: at start and in a forked child."""
        self._wake = threading.Event()
        self._moved = threading.Condition()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.is_started = False
        self._exiting = False
        self._ended = False
        self._waiters = 0
        self._failures = 0
        self._not_before = 0.0
        self._told_to_wait = False
        self._last_progress = 0.0
        self._said: set[str] = set()
        self._overflow_said = (0.0, 0)

    # -- called by the program's threads --

    def notice(self) -> None:
        """There is something to send: start the thread, or wake it because a batch is full."""
        if self.is_started:
            self._wake.set()
        else:
            self._start()

    def flush(self, timeout: float) -> bool:
        """Block until everything appended so far was delivered; ``False`` when it was not within ``timeout`` seconds."""
        target = self._buffer.appended
        drops_before = sum(self._buffer.dropped().values())
        started = time.monotonic()
        if not self._is_settled(target):
            self._start()
        with self._moved:
            self._waiters += 1
            self._wake.set()
            try:
                while not self._is_settled(target):
                    left = started + timeout - time.monotonic()
                    if left <= 0 or (self._exiting and self._is_stalled(started)):
                        return False
                    self._moved.wait(min(left, 0.05))
            finally:
                self._waiters -= 1
        return sum(self._buffer.dropped().values()) == drops_before

    def stop(self, timeout: float) -> bool:
        """Deliver what is left, but give up after a while without progress; end the thread. True when nothing was left."""
        self._exiting = True
        self.flush(timeout)
        self._ended = True
        self._wake.set()
        left = self._buffer.pending
        if left:
            log.warning("hiveloop stopped with %d event(s) undelivered", left)
        return not left

    def _is_stalled(self, since: float) -> bool:
        return time.monotonic() - max(self._last_progress, since) > GIVE_UP_SECONDS

    def _is_settled(self, target: int) -> bool:
        oldest = self._buffer.oldest_serial()
        return oldest is None or oldest > target

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="hiveloop-sender", daemon=True)
                self._thread.start()
                self.is_started = True

    # -- the thread --

    def _run(self) -> None:
        http = self._make_http()
        delivery = Delivery(self._buffer, http, self._batch_size)
        while not self._ended:
            self._wait()
            fine, _ = attempt(lambda: self._deliver_all(delivery), "Sender._run")
            if not fine:  # the sender must outlive any single round
                self._back_off(Answer(Verdict.RETRY, "internal error"))
            self._say_overflow()
            with self._moved:
                self._moved.notify_all()
        http.close()

    def _wait(self) -> None:
        delay = self._flush_interval
        if self._buffer.pending:
            blocked = self._not_before - time.monotonic()
            if self._waiters:
                delay = max(0.0, blocked) if self._told_to_wait else min(max(0.0, blocked), HURRY_SECONDS)
            elif blocked > 0:
                delay = blocked
        if delay > 0:
            self._wake.wait(delay)
        self._wake.clear()

    def _may_send(self) -> bool:
        if self._waiters and not self._told_to_wait:
            return True
        return time.monotonic() >= self._not_before

    def _deliver_all(self, delivery: Delivery) -> None:
        while self._buffer.pending and self._may_send() and not self._ended:
            outcome = delivery.round()
            if outcome.progressed:
                self._last_progress = time.monotonic()
                with self._moved:
                    self._moved.notify_all()
            if outcome.problem is not None:
                self._back_off(outcome.problem)
                return
            self._failures = 0
            self._not_before = 0.0

    def _back_off(self, answer: Answer) -> None:
        import random  # costs 4 ms to import, and only a failing delivery needs it

        self._failures += 1
        self._told_to_wait = answer.retry_after_seconds is not None
        if answer.retry_after_seconds is not None:
            delay = answer.retry_after_seconds + random.uniform(0.0, 0.1)
        else:
            ceiling = (
                MAX_REFUSED_BACKOFF_SECONDS if answer.verdict == Verdict.REFUSED else MAX_BACKOFF_SECONDS
            )
            delay = min(ceiling, FIRST_BACKOFF_SECONDS * 2 ** min(self._failures - 1, 12)) * random.uniform(
                0.75, 1.0
            )
        self._not_before = time.monotonic() + delay
        topic = answer.reason.split(":")[0]
        if topic not in self._said:
            self._said.add(topic)
            log.warning("events are kept, the collector did not take them: %s (said once)", answer.reason)

    def _say_overflow(self) -> None:
        dropped = self._buffer.dropped().get("queue_overflow", 0)
        said_at, said = self._overflow_said
        now = time.monotonic()
        if dropped > said and (said == 0 or now - said_at >= OVERFLOW_LOG_SECONDS):
            self._overflow_said = (now, dropped)
            log.warning("%d event(s) dropped so far: the queue is full (max_queue_size)", dropped)

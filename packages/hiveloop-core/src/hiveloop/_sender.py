"""The one background thread that delivers: wakes on a threshold or an interval, backs off, flushes, gives up on time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ._answer import Answer, Verdict
from ._bell import Bell
from ._buffer import Buffer
from ._clock import steady_seconds
from ._delivery import Delivery
from ._http import Http, imports
from ._safety import attempt

__all__ = ["DEFAULT_TIMEOUT_SECONDS", "Sender", "patience"]

log = logging.getLogger("hiveloop")

DEFAULT_TIMEOUT_SECONDS = 10.0
FIRST_BACKOFF_SECONDS = 0.25
MAX_BACKOFF_SECONDS = 5.0
MAX_REFUSED_BACKOFF_SECONDS = 60.0
#: After ``shutdown``: how long without a single delivered batch until the rest is given up.
GIVE_UP_SECONDS = 2.0
#: The same at the end of the program, where the interpreter's own end comes on top.
EXIT_GIVE_UP_SECONDS = 1.4
#: What the thread may take to import on top: a short program on a cold disk must not lose everything for that.
IMPORT_SECONDS = 4.0
#: While somebody waits for a flush, a failed attempt is repeated this soon (unless the collector named a time).
HURRY_SECONDS = 0.2
OVERFLOW_LOG_SECONDS = 60.0
#: A problem is said once per outage, and not again within this time however often the collector comes and goes.
PROBLEM_LOG_SECONDS = 300.0
#: How long until a thread that could not be started is tried again.
START_AGAIN_SECONDS = 10.0
#: How long the end of a thread that has nothing left to do is waited for.
_JOIN_SECONDS = 0.5


def patience(timeout: Any) -> float:
    """A timeout as given by the program: seconds of 0 or more; what is no number is the default."""
    try:
        return min(max(0.0, float(timeout)), threading.TIMEOUT_MAX)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_TIMEOUT_SECONDS


class _Wait:
    """How long somebody who flushes still waits. Every settled event is progress, be it in the middle of a round."""

    def __init__(self, buffer: Buffer, timeout: float) -> None:
        self._buffer = buffer
        self._began = steady_seconds()
        self._deadline = self._began + timeout
        self._done = -1
        self._moved_at = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self._deadline - steady_seconds())

    def is_over(self, give_up_seconds: float | None, ready_at: float) -> bool:
        now, done = steady_seconds(), self._buffer.delivered + self._buffer.lost
        if done != self._done:
            self._done, self._moved_at = done, now
        if now >= self._deadline:
            return True
        since = max(self._moved_at, min(ready_at, self._began + IMPORT_SECONDS))
        return give_up_seconds is not None and now - since > give_up_seconds


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
        self._bell = Bell()
        self._moved = threading.Condition()
        self._start_lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._start_again_at = 0.0
        self.is_started = False
        self._ready_at = float("inf")
        #: Set once it stops; see :data:`GIVE_UP_SECONDS`.
        self._gives_up_after: float | None = None
        self._ended = False
        self._waiters = 0
        self._failures = 0
        self._not_before = 0.0
        self._told_to_wait = False
        self._losses_told = 0
        self._said: dict[str, float] = {}
        self._overflow_said: tuple[float, int] | None = None

    def hasten(self, flush_interval: float) -> None:
        """Deliver incomplete batches at least this often."""
        self._flush_interval = min(self._flush_interval, flush_interval)

    # -- called by the program's threads --

    def notice(self) -> None:
        """There is something to send: start the thread, or wake it because a batch is full."""
        if self.is_started:
            self._bell.ring()
        else:
            self._start()

    def flush(self, timeout: float) -> bool:
        """Block until everything appended so far is delivered.

        ``False`` when it was not within ``timeout`` seconds, or when something appended since the last flush was
        dropped instead.
        """
        if not self.settle(timeout):
            return False
        told, self._losses_told = self._losses_told, self._buffer.lost
        return told == self._losses_told

    def settle(self, timeout: float) -> bool:
        """Block until everything appended so far is delivered or lost; ``False`` when not within ``timeout`` seconds."""
        target = self._buffer.appended
        wait = _Wait(self._buffer, timeout)
        if not self._is_settled(target):
            self._start()
            if not self.is_started:
                self._deliver_here(wait, target)
        with self._moved:
            self._waiters += 1
            self._bell.ring()
            try:
                while not self._is_settled(target):
                    if self._ended or wait.is_over(self._gives_up_after, self._ready_at):
                        return False
                    self._moved.wait(min(wait.left, 0.05))
            finally:
                self._waiters -= 1
        return True

    def stop(self, timeout: float, give_up_seconds: float) -> bool:
        """Deliver what is left, but give up after a while without progress; end the thread. True when nothing was left."""
        self._gives_up_after = give_up_seconds
        try:
            self.flush(timeout)
        finally:
            self._ended = True
            self._bell.ring()
        left = self._buffer.pending
        if left:
            log.warning("hiveloop stopped with %d event(s) undelivered", left)
        elif self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)  # it closes its connection in order
        return not left

    def _is_settled(self, target: int) -> bool:
        oldest = self._buffer.oldest_serial()
        return oldest is None or oldest > target

    def _start(self) -> None:
        with self._start_lock:
            if self.is_started or self._ended or steady_seconds() < self._start_again_at:
                return
            self.is_started = True
            self._thread = threading.Thread(target=self._run, name="hiveloop-sender", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no thread is to be had: the system's limit, or the interpreter is ending
                self._thread = None
                self.is_started = False
                self._start_again_at = steady_seconds() + START_AGAIN_SECONDS
                self._say("thread", "events are kept until flush() or the end: no thread can be started")

    def _deliver_here(self, wait: _Wait, target: int) -> None:
        """Without a thread, whoever flushes delivers."""
        imports.load()
        self._ready_at = steady_seconds()
        http = self._make_http()
        delivery = Delivery(self._buffer, http, self._batch_size)
        while not (self._is_settled(target) or wait.is_over(self._gives_up_after, self._ready_at)):
            seconds = max(0.01, min(wait.left, self._gives_up_after or wait.left))
            http.read_seconds = min(http.read_seconds, seconds)
            http.connect_seconds = min(http.connect_seconds, seconds)
            self._turn(delivery)
            if not self._is_settled(target):
                time.sleep(min(HURRY_SECONDS, wait.left))
        http.close()

    # -- the thread --

    def _run(self) -> None:
        try:
            attempt(imports.load, "Sender")
            self._ready_at = steady_seconds()
            http = self._make_http()
            delivery = Delivery(self._buffer, http, self._batch_size)
            while not self._ended:
                self._wait()
                self._turn(delivery)
            http.close()
        finally:
            self.is_started = False  # should it ever end early, the next event starts another

    def _turn(self, delivery: Delivery) -> None:
        fine, _ = attempt(lambda: self._deliver_all(delivery), "Sender")
        if not fine:  # the sender must outlive any single round
            self._back_off(Answer(Verdict.RETRY, "internal error"))
        self._say_overflow()
        with self._moved:
            self._moved.notify_all()

    def _wait(self) -> None:
        delay = self._flush_interval
        if self._buffer.pending:
            blocked = self._not_before - steady_seconds()
            if self._waiters:
                delay = max(0.0, blocked) if self._told_to_wait else min(max(0.0, blocked), HURRY_SECONDS)
            elif blocked > 0:
                delay = blocked
        if delay > 0:
            self._bell.wait(delay)

    def _may_send(self) -> bool:
        if self._waiters and not self._told_to_wait:
            return True
        return steady_seconds() >= self._not_before

    def _deliver_all(self, delivery: Delivery) -> None:
        while self._buffer.pending and self._may_send() and not self._ended:
            outcome = delivery.round()
            if outcome.progressed:
                self._failures = 0
                with self._moved:
                    self._moved.notify_all()
            if outcome.problem is not None:
                self._back_off(outcome.problem)
                return
            if self._not_before:
                self._recover()

    def _recover(self) -> None:
        self._not_before = 0.0
        self._told_to_wait = False
        long_ago = steady_seconds() - PROBLEM_LOG_SECONDS
        self._said = {topic: at for topic, at in self._said.items() if at > long_ago}
        log.info("the collector takes events again, %d pending", self._buffer.pending)

    def _back_off(self, answer: Answer) -> None:
        import random  # loaded by `imports`

        self._failures += 1
        self._told_to_wait = answer.retry_after_seconds is not None
        is_refused = answer.verdict == Verdict.REFUSED
        ceiling = MAX_REFUSED_BACKOFF_SECONDS if is_refused else MAX_BACKOFF_SECONDS
        delay = min(ceiling, FIRST_BACKOFF_SECONDS * 2 ** min(self._failures - 1, 12))
        delay *= random.uniform(0.75, 1.0)
        if answer.retry_after_seconds is not None:
            # At least what we would wait by ourselves: a clock that is behind asks for nothing, for ever.
            delay = max(delay, answer.retry_after_seconds + random.uniform(0.0, 0.1))
        now = steady_seconds()
        self._not_before = now + delay
        log.debug("not delivered: %s; next attempt in %.1f s", answer.reason, delay)
        self._say(
            answer.reason.split(":")[0],
            f"events are kept, the collector did not take them: {answer.reason} (said once)",
        )

    def _say(self, topic: str, message: str) -> None:
        if topic not in self._said:
            self._said[topic] = steady_seconds()
            log.warning("%s", message)

    def _say_overflow(self) -> None:
        dropped = self._buffer.dropped().get("queue_overflow", 0)
        now = steady_seconds()
        said_at, said = self._overflow_said or (now - OVERFLOW_LOG_SECONDS, 0)
        if dropped > said and now - said_at >= OVERFLOW_LOG_SECONDS:
            self._overflow_said = (now, dropped)
            log.warning("%d event(s) dropped so far: the queue is full (max_queue_size)", dropped)

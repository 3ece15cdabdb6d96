"""One timer for the heartbeats of all agents. User callbacks run beside it, so that none can hold it up."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._safety import attempt, report

if TYPE_CHECKING:
    from ._agent import Agent

__all__ = ["CALLBACK_SECONDS", "Callback", "Heartbeats"]

#: How long a beat waits for a user's callback before it goes without it.
CALLBACK_SECONDS = 1.0


class Callback:
    """A user's callback, run in a thread of its own and waited for a bounded time."""

    __slots__ = ("_busy", "_fn", "_where", "late")

    def __init__(self, fn: Callable[[], Any], where: str) -> None:
        self._fn = fn
        self._where = where
        self._busy = threading.Lock()
        #: How often the beat went without it.
        self.late = 0

    def call(self) -> dict[str, Any] | None:
        """Its dict, or ``None`` when it raised, returned something else, or is (still) running after the wait."""
        if not self._busy.acquire(blocking=False):
            self.late += 1
            return None
        box: list[Any] = []
        done = threading.Event()

        def run() -> None:
            try:
                box.append(attempt(self._fn, self._where)[1])
            finally:
                self._busy.release()
                done.set()

        threading.Thread(target=run, name=f"hiveloop-{self._where}", daemon=True).start()
        if not done.wait(CALLBACK_SECONDS):
            self.late += 1
            report(TimeoutError(f"{self._where} took more than {CALLBACK_SECONDS:g} s"), self._where)
            return None
        result = box[0] if box else None
        if result is not None and not isinstance(result, dict):
            report(TypeError(f"{self._where} must return a dict, got {type(result).__name__}"), self._where)
            return None
        return result


class Heartbeats:
    """Beats every agent at its own interval (seconds; 0 = never) from one lazily started thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No thread and nothing scheduled: at start and in a forked child."""
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Agent]] = []
        self._intervals: dict[str, float] = {}
        self._serial = 0
        self._thread: threading.Thread | None = None
        self._stopped = False

    def schedule(self, agent: Agent, interval_seconds: float) -> None:
        """Beat this agent from now on at this interval; a repeat call changes the interval."""
        with self._changed:
            known = self._intervals.get(agent.agent_id)
            self._intervals[agent.agent_id] = interval_seconds
            if interval_seconds <= 0 or self._stopped or known == interval_seconds:
                return
            self._push(agent, interval_seconds)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hiveloop-heartbeat", daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """End the timer."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify()

    def _push(self, agent: Agent, interval: float) -> None:
        self._due = [entry for entry in self._due if entry[2] is not agent]
        heapq.heapify(self._due)
        self._serial += 1
        heapq.heappush(self._due, (time.monotonic() + interval, self._serial, agent))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                agent = heapq.heappop(self._due)[2]
                interval = self._intervals.get(agent.agent_id, 0.0)
                if interval > 0:
                    self._push(agent, interval)
            if interval > 0:
                attempt(agent.beat, "heartbeat")

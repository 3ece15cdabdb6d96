"""One timer for the heartbeats of all agents. User callbacks run beside it, so that none can hold it up."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._clock import steady_seconds
from ._safety import attempt, report
from .errors import HiveLoopError

if TYPE_CHECKING:
    from ._agent import Agent

__all__ = ["CALLBACK_SECONDS", "Callback", "Heartbeats"]

#: How long a beat waits for a user's callback before it goes without it.
CALLBACK_SECONDS = 1.0


class Callback:
    """A user's callback, run in a thread of its own and waited for a bounded time."""

    __slots__ = ("_fn", "_thread", "_where", "late")

    def __init__(self, fn: Callable[[], Any], where: str) -> None:
        self._fn = fn
        self._where = where
        # Asked whether it is alive instead of holding a lock: in a forked child no thread of the parent is.
        self._thread: threading.Thread | None = None
        #: How often the beat went without it.
        self.late = 0

    def call(self) -> dict[str, Any] | None:
        """Its dict, or ``None`` when it raised, returned something else, or is (still) running after the wait."""
        if self._thread is not None and self._thread.is_alive():
            self.late += 1
            return None
        box: list[Any] = []
        self._thread = threading.Thread(
            target=lambda: box.append(_value_of(self._fn, self._where)),
            name=f"hiveloop-{self._where}",
            daemon=True,
        )
        self._thread.start()
        self._thread.join(CALLBACK_SECONDS)
        if self._thread.is_alive():
            self.late += 1
            report(TimeoutError(f"{self._where} took more than {CALLBACK_SECONDS:g} s"), self._where)
            return None
        result = box[0] if box else None
        if result is not None and not isinstance(result, dict):
            report(TypeError(f"{self._where} must return a dict, got {type(result).__name__}"), self._where)
            return None
        return result


def _value_of(fn: Callable[[], Any], where: str) -> Any:
    try:
        return attempt(fn, where)[1]
    except HiveLoopError as error:
        # What the boundary lets pass elsewhere has nowhere to go in a thread of ours.
        report(error, where)
        return None


#: A new agent beats soon, so that its queue and vital signs show at once; from then on at its interval.
FIRST_BEAT_SECONDS = 1.0


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
        #: Serial of each agent's valid entry: one that was rescheduled leaves a stale one behind.
        self._newest: dict[str, int] = {}
        self._thread: threading.Thread | None = None
        self._beside: dict[str, threading.Thread] = {}
        self._stopped = False

    def schedule(self, agent: Agent, interval_seconds: float) -> None:
        """Beat this agent from now on at this interval; a repeat call changes the interval."""
        with self._changed:
            known = self._intervals.get(agent.agent_id)
            self._intervals[agent.agent_id] = interval_seconds
            if interval_seconds <= 0 or self._stopped or known == interval_seconds:
                return
            self._push(
                agent, min(interval_seconds, FIRST_BEAT_SECONDS) if known is None else interval_seconds
            )
            if self._thread is None:
                timer = threading.Thread(target=self._run, name="hiveloop-heartbeat", daemon=True)
                timer.start()
                # Only now: one that cannot be started is tried again with the next agent.
                self._thread = timer
            self._changed.notify()

    def stop(self) -> None:
        """End the timer."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify()

    def _push(self, agent: Agent, interval: float) -> None:
        self._serial += 1
        self._newest[agent.agent_id] = self._serial
        heapq.heappush(self._due, (steady_seconds() + interval, self._serial, agent))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait = self._due[0][0] - steady_seconds() if self._due else None
                if wait is None or wait > 0:
                    # An interval may be longer than a condition can wait: infinite, say.
                    self._changed.wait(None if wait is None else min(wait, 3600.0))
                    continue
                _, serial, agent = heapq.heappop(self._due)
                if self._newest.get(agent.agent_id) != serial:
                    continue
                interval = self._intervals.get(agent.agent_id, 0.0)
                if interval > 0:
                    self._push(agent, interval)
            if interval > 0:
                self._beat(agent)

    def _beat(self, agent: Agent) -> None:
        """At once, or beside the timer where code of the program runs: one agent's must not delay the others."""
        if not agent.calls_back:
            _value_of(agent.beat, "heartbeat")
            return
        last = self._beside.get(agent.agent_id)
        if last is not None and last.is_alive():
            return
        beat = threading.Thread(
            target=_value_of, args=(agent.beat, "heartbeat"), name="hiveloop-beat", daemon=True
        )
        self._beside[agent.agent_id] = beat
        _value_of(beat.start, "heartbeat")

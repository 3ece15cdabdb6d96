"""Facts in any order → facts in the order things happened: a short window sorts by time, and nothing precedes its cause.

The bus hands events to a pool of threads, so they arrive shuffled, and late when another listener is slow.
"""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from hiveloop.adapters import attempt

from ._facts import Fact

__all__ = ["THREAD_NAME", "Assembly"]

THREAD_NAME = "hiveloop-crewai"
#: How long a fact waits for earlier ones; far above the disorder of an idle pool, far below what a reader notices.
_WINDOW_SECONDS = 0.1
#: How long a fact waits for its cause; after that it is told without.
_HOLD_SECONDS = 2.0
_MAX_KNOWN = 50_000
_MAX_PENDING = 20_000


class Assembly:
    """Takes facts from any thread and gives each once to ``tell``, one at a time.

    ``sweep(everything)`` is called when facts were told and when time has passed; it returns the seconds until it
    wants to be called again, or ``None``.
    """

    def __init__(
        self,
        tell: Callable[[Fact], None],
        sweep: Callable[[bool], float | None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._sweep = sweep
        self._now = now
        self._serial = itertools.count().__next__
        self._reset()

    def _reset(self) -> None:
        # Reentrant: what is told runs middleware of the program, which may ask where it is.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._pending: list[tuple[float, int, float, Fact]] = []
        self._waiting: dict[str, list[tuple[float, Fact]]] = {}
        self._arrived: dict[str, float] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._wants: float | None = None
        self._telling = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    # -- in --

    def add(self, fact: Fact) -> None:
        """Take a fact; it is told soon, by a thread of this adapter."""
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            heapq.heappush(self._pending, (fact.at, self._serial(), self._now(), fact))
            self._arrived[fact.event_id] = fact.at
            if len(self._pending) > _MAX_PENDING:
                self._release(lambda at, arrived: True)
            self._wake()

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    # -- out --

    def catch_up(self, event_id: str, timeout: float) -> bool:
        """Tell everything up to this event at once; ``False`` when it has not arrived within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while event_id not in self._known:
                if event_id in self._arrived:
                    self._release_until(self._arrived[event_id])
                    return event_id in self._known
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def settle(self) -> None:
        """Tell everything that is there, with or without its cause."""
        with self._lock:
            self._release(lambda at, arrived: True)
            self._give_up(None)
            attempt(lambda: self._sweep(True), "sweep of hiveloop_crewai")

    def _release_until(self, moment: float) -> None:
        self._release(lambda at, arrived: at <= moment)

    def tick(self) -> float | None:
        """Tell what is due by now; returns the seconds until something else is, ``None`` when nothing is under way."""
        with self._lock:
            now = self._now()
            self._release_arrived_before(now - _WINDOW_SECONDS)
            self._give_up(now)
            again = attempt(lambda: self._sweep(False), "sweep of hiveloop_crewai")[1]
            return self._nap(now, again)

    def _run(self) -> None:
        with self._lock:
            while self._pid == os.getpid():
                self._changed.wait(self.tick())

    def _release_arrived_before(self, moment: float) -> None:
        self._release(lambda at, arrived: arrived <= moment)

    def _nap(self, now: float, again: float | None) -> float | None:
        """Seconds until there is something to do; ``None`` when nothing is under way."""
        naps = [] if again is None else [again]
        if self._pending:
            naps.append(max(0.001, self._pending[0][2] + _WINDOW_SECONDS - now))
        if self._waiting:
            naps.append(0.25)
        return min(naps) if naps else None

    def _release(self, is_due: Callable[[float, float], bool]) -> None:
        """Tell pending facts, earliest first, for as long as they are due."""
        if self._telling:
            return
        while self._pending and is_due(self._pending[0][0], self._pending[0][2]):
            fact = heapq.heappop(self._pending)[3]
            cause = fact.needs
            if cause is None or cause in self._known:
                self._give(fact)
            else:
                self._waiting.setdefault(cause, []).append((self._now() + _HOLD_SECONDS, fact))

    def _give(self, first: Fact) -> None:
        """Tell a fact, and then those that waited for it, and for them."""
        ready = [(first.at, self._serial(), first)]
        self._telling = True
        try:
            while ready:
                fact = heapq.heappop(ready)[2]
                attempt(lambda fact=fact: self._tell(fact), f"{fact.kind} {fact.phase} of hiveloop_crewai")  # type: ignore[misc]
                self._arrived.pop(fact.event_id, None)
                self._know(fact.event_id)
                for _, held in self._waiting.pop(fact.event_id, ()):
                    heapq.heappush(ready, (held.at, self._serial(), held))
        finally:
            self._telling = False

    def _know(self, event_id: str) -> None:
        self._known[event_id] = None
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    def _give_up(self, now: float | None) -> None:
        """Stop waiting for causes that do not come: sent before we listened, or never to come."""
        late = {
            cause: min(fact.at for _, fact in held)
            for cause, held in self._waiting.items()
            if now is None or min(when for when, _ in held) <= now
        }
        for cause in sorted(late, key=late.__getitem__):
            for _, fact in sorted(self._waiting.pop(cause, ()), key=lambda entry: entry[1].at):
                self._give(fact)
            # Whoever else needs it need not wait again.
            self._know(cause)

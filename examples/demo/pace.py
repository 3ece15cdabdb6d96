"""How fast the demo works: at human speed in front of an audience, at full speed in a check."""

from __future__ import annotations

import random
import threading

__all__ = ["Pace"]


class Pace:
    """Pauses that end at once when the demo is asked to stop, so that agents finish what they hold."""

    def __init__(self, *, live: bool = False) -> None:
        self.live = live
        self._stop = threading.Event()
        self._random = random.Random()

    def stop(self) -> None:
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def work(self, least_seconds: float, most_seconds: float) -> None:
        """Take as long as this step would take in real life; no time at all in a check."""
        if self.live:
            self._stop.wait(self._random.uniform(least_seconds, most_seconds))

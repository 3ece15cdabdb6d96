"""How fast the demo works: at human speed in front of an audience, at full speed in a check."""

from __future__ import annotations

import asyncio
import random
import threading
import time

__all__ = ["STANDSTILL_LIVE_SECONDS", "STANDSTILL_SECONDS", "Pace"]

STANDSTILL_SECONDS = 3.0
STANDSTILL_LIVE_SECONDS = 75.0


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

    async def stand_still(self) -> None:
        """Take longer than anybody should wait, in a check too."""
        until = time.monotonic() + (STANDSTILL_LIVE_SECONDS if self.live else STANDSTILL_SECONDS)
        while time.monotonic() < until and not self.stopped:
            await asyncio.sleep(0.05)

    def work(self, least_seconds: float, most_seconds: float) -> None:
        """Take as long as this step would take in real life; no time at all in a check."""
        if self.live:
            self._stop.wait(self._random.uniform(least_seconds, most_seconds))

"""For tests: see what a program reports, without a key, a collector or a network, and assert what it may cost."""

from __future__ import annotations

from ._capture import Captured, TickingClock, capture_events
from ._replay import replay
from ._story import Story

__all__ = ["Captured", "Story", "TickingClock", "capture_events", "replay"]

"""For tests: see what a program reports, without a key, a collector or a network."""

from __future__ import annotations

from ._capture import Captured, TickingClock, capture_events

__all__ = ["Captured", "TickingClock", "capture_events"]

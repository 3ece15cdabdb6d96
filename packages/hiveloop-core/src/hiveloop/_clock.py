"""Time and identity of events: timestamps, time-ordered event ids, durations. Injected, so tests bring their own."""

from __future__ import annotations

import functools
import itertools
import os
import time
from collections.abc import Callable

__all__ = ["Clock", "format_timestamp", "new_process_id", "steady_seconds"]

# What the program's tests freeze or replace in `time` must not stop a wait of ours or raise in a handle: each of these is
# held where a replacement does not reach.


def steady_seconds(_read: Callable[[], float] = time.monotonic) -> float:
    """Seconds of a clock that only goes forward, for waits and deadlines."""
    return _read()


_HEX = "0123456789abcdef"
_THREE_DIGITS = tuple(a + b + c for a in _HEX for b in _HEX for c in _HEX)


def format_timestamp(seconds: float) -> str:
    """ISO 8601 UTC with milliseconds and ``Z`` for seconds since the epoch."""
    whole, rest = divmod(int(seconds * 1000), 1000)
    return f"{_second_text(whole)}.{rest:03d}Z"


def new_process_id() -> str:
    """A random id of this process, new after a fork."""
    return os.urandom(8).hex()


class Clock:
    """The real clock. Event ids have UUIDv7 layout: milliseconds, random per process, counter.

    Time-ordered ids keep the collector's unique index append-only, which makes it several times faster.
    """

    __slots__ = ("_block", "_middle", "_moment", "_next", "_now_ns", "_second", "monotonic")

    def __init__(self) -> None:
        self._now_ns: Callable[[], int] = time.time_ns
        self.monotonic: Callable[[], float] = time.perf_counter
        self.reseed()

    def reseed(self) -> None:
        """Draw a new random part: at start and in a forked child, which would otherwise repeat its parent's ids."""
        seed = int.from_bytes(os.urandom(9), "big")
        variant = 0x8000 | (seed >> 60 & 0x3FFF)
        self._middle = f"-7{seed >> 48 & 0xFFF:03x}-{variant:04x}-"
        # 46 random bits to start from: the counter stays within 48 bits for 2**47 events.
        self._next = itertools.count(seed & 0x3FFF_FFFF_FFFF).__next__
        # Millisecond and block of 4096 ids, id prefix, timestamp: one tuple, replaced whole, never seen half by a thread.
        self._moment = (-1, -1, "", "")
        #: What a new millisecond seldom changes, each replaced whole like the moment: an agent that waits for its model
        #: between any two events meets a new millisecond at each of them.
        self._block = (-1, "")
        self._second = (-1, "")

    def stamp(self) -> tuple[str, str]:
        """A new event id and the matching timestamp."""
        ms = self._now_ns() // 1_000_000
        serial = self._next()
        known_ms, block, prefix, timestamp = self._moment
        if known_ms != ms or block != serial >> 12:
            prefix, timestamp = self._turn(ms, serial >> 12)
        return prefix + _THREE_DIGITS[serial & 0xFFF], timestamp

    def _turn(self, ms: int, block: int) -> tuple[str, str]:
        known_block, block_text = self._block
        if known_block != block:
            block_text = f"{self._middle}{block:09x}"
            self._block = (block, block_text)
        seconds = ms // 1000
        known_second, second_text = self._second
        if known_second != seconds:
            second_text = _second_text(seconds)
            self._second = (seconds, second_text)
        prefix = f"{ms >> 16:08x}-{ms & 0xFFFF:04x}{block_text}"
        timestamp = f"{second_text}.{ms - seconds * 1000:03d}Z"
        self._moment = (ms, block, prefix, timestamp)
        return prefix, timestamp

    def new_id(self) -> str:
        """An id for an action, a task or an approval; same layout as event ids."""
        return self.stamp()[0]


@functools.lru_cache(maxsize=2)
def _second_text(
    seconds: int,
    _write: Callable[..., str] = time.strftime,
    _split: Callable[[float], time.struct_time] = time.gmtime,
) -> str:
    return _write("%Y-%m-%dT%H:%M:%S", _split(seconds))

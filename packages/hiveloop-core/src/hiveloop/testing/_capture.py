"""An in-memory sink in place of the collector, and a clock that ticks by itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hiveloop._buffer import Lane
from hiveloop._clock import Clock, format_timestamp
from hiveloop._drain import drain
from hiveloop._pipeline import Middleware, Pipeline
from hiveloop._prices import PriceTable
from hiveloop._runtime import Session, runtime
from hiveloop.detectors import Detector
from hiveloop.detectors._chain import detector_chain
from hiveloop.middleware import DropContent

from ._assertions import Assertions
from ._replay import replay
from ._story import Story

__all__ = ["Captured", "TickingClock", "capture_events"]


_DRAIN_SECONDS = 10.0


class TickingClock(Clock):
    """A deterministic clock: every reading is ``step_seconds`` after the one before; ids count up."""

    __slots__ = ("_now", "_serial", "_step", "_tick_lock")

    def __init__(self, start: float = 1_767_225_600.0, step_seconds: float = 0.001) -> None:
        super().__init__()
        self._now = start
        self._step = step_seconds
        self._serial = 0
        self._tick_lock = threading.Lock()
        self.monotonic = self._tick

    def _tick(self) -> float:
        with self._tick_lock:
            self._now = round(self._now + self._step, 6)
            return self._now

    def stamp(self) -> tuple[str, str]:
        """The next id and timestamp."""
        now = self._tick()
        with self._tick_lock:
            self._serial += 1
            return f"00000000-0000-7000-8000-{self._serial:012x}", format_timestamp(now)


class Captured(Assertions):
    """What was sent, as the collector would get it: wire dicts in order, each with the ``agent_id`` of its envelope."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raw: list[tuple[Lane, bytes]] = []
        #: Events dropped by middleware, by reason.
        self.dropped: dict[str, int] = {}
        #: What the SDK swallowed while the fixture ``hive`` was in use.
        self.swallowed: list[BaseException] = []

    def put(self, lane: Lane, data: bytes) -> None:
        """Sink of the pipeline."""
        with self._lock:
            self._raw.append((lane, data))

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Sink of the pipeline."""
        with self._lock:
            self.dropped[reason] = self.dropped.get(reason, 0) + events

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far."""
        with self._lock:
            raw = list(self._raw)
        return [{"agent_id": lane.agent_id, **msgspec.json.decode(data)} for lane, data in raw]

    @property
    def story(self) -> Story:
        """What the agents did so far, see :class:`Story`; frameworks that report from threads of their own are waited for."""
        drain(_DRAIN_SECONDS)
        return Story(self.events)

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        """The distinct envelopes used, in order of first use."""
        with self._lock:
            lanes = list(dict.fromkeys(lane for lane, _ in self._raw))
        return [msgspec.json.decode(lane.envelope) for lane in lanes]

    @property
    def raw(self) -> bytes:
        """Every byte that would have left the process, for searching."""
        with self._lock:
            return b"\n".join(lane.envelope + data for lane, data in self._raw)

    def of_type(self, *event_types: str) -> list[dict[str, Any]]:
        """Events of these types."""
        return [event for event in self.events if event["event_type"] in event_types]

    def kinds(self, *kinds: str) -> list[dict[str, Any]]:
        """Custom events of these payload kinds."""
        return [
            event for event in self.of_type("custom") if (event.get("payload") or {}).get("kind") in kinds
        ]

    def replay(self, cassette: str | Path) -> contextlib.AbstractContextManager[None]:
        """Model traffic from a cassette next to the test, see :func:`replay`; ``pytest --hiveloop-record`` records it."""
        return replay(self.files.folder / cassette, record=self.files.records)

    def forgive(self) -> None:
        """Do not raise at the end of the test what the SDK swallowed so far: it was meant to happen."""
        self.swallowed.clear()

    def clear(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._raw.clear()


@contextlib.contextmanager
def capture_events(
    *,
    middleware: Sequence[Middleware] = (),
    detectors: Sequence[Detector] = (),
    clock: Clock | None = None,
    capture_content: bool = True,
    prices: Mapping[str, Mapping[str, float]] | None = None,
) -> Iterator[Captured]:
    """Record everything handles send inside the block, with or without ``init``; a running client gets none of it.

    ``seen.events`` is complete when the block ends and at any time in it: recording is synchronous. (Frameworks that
    report from threads of their own are up to date at the end, after ``hiveloop.flush()`` and in every assertion.)
    """
    seen = Captured()
    chain: list[Middleware] = [*([] if capture_content else [DropContent()]), *middleware]
    clock = clock or Clock()
    lanes: dict[str, Lane] = {}
    watching = detector_chain(detectors)
    watch = None if watching is None else watching.watch
    session = Session(
        Pipeline(clock, seen, chain, lanes, watch),
        lanes,
        prices=None if prices is None else PriceTable(prices),
        capture_content=capture_content,
    )
    before = runtime.cover(session, clock)
    seen.clear()  # registrations of agents that were known before the block
    if watching is not None:
        watching.start(session)
    try:
        yield seen
    finally:
        drain(_DRAIN_SECONDS)
        if watching is not None:
            watching.stop()
        runtime.uncover(before)

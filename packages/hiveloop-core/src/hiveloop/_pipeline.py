"""The path of one event: stamp, middleware chain, encode, sink. Runs on the calling thread, without I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from ._buffer import Lane
from ._clock import Clock
from ._encode import encode
from ._rebuild import rebuilt
from ._safety import attempt
from .events import Event

__all__ = ["Middleware", "Pipeline", "Sink", "Watch"]

#: ``(event) -> event | None | iterable of events``: change, drop or multiply.
Middleware = Callable[[Event], "Event | Iterable[Event] | None"]
#: Detectors: shown every event of an agent, they return what they have to say about it.
Watch = Callable[[Lane, Event], Sequence[Event]]

#: How many middlewares of the program, one inside the other, the running code is in.
_depth: ContextVar[int] = ContextVar("hiveloop_middleware_depth", default=0)
_MAX_DEPTH = 2


class Sink(Protocol):
    """Where encoded events go."""

    def put(self, lane: Lane, data: bytes) -> None:
        """Take one encoded event."""

    def count_drop(self, reason: str, events: int = 1) -> None:
        """A middleware dropped events on purpose or by failing."""


class Pipeline:
    """Middleware and sink of the running client. Encoding here is the snapshot: later mutation changes nothing."""

    __slots__ = (
        "_changes_payloads",
        "_count",
        "_counting",
        "_lanes",
        "_middleware",
        "_put",
        "_watch",
        "_watch_alone",
        "clock",
        "scrubbers",
        "sink",
    )

    def __init__(
        self,
        clock: Clock,
        sink: Sink,
        middleware: Sequence[Middleware],
        lanes: dict[str, Lane],
        watch: Watch | None = None,
    ) -> None:
        self.clock = clock
        self.sink = sink
        self._put = sink.put
        self._watch = self._watch_alone = watch
        self._count: Watch | None = None
        self._middleware = tuple(middleware)
        #: Links that hold events back and say themselves what becomes of them.
        self._counting = {id(step) for step in middleware if self._lend_counter(step)}
        self._changes_payloads = any(type(step).__module__ != "hiveloop.middleware" for step in middleware)
        self._lanes = lanes
        #: Applied to a text before it is cut, when the chain may find less in the rest of it.
        self.scrubbers = tuple(
            scrub for step in middleware if callable(scrub := getattr(step, "scrub", None))
        )

    @property
    def middleware(self) -> tuple[Middleware, ...]:
        """The links of the chain, in order."""
        return self._middleware

    def _lend_counter(self, step: Middleware) -> bool:
        lend: Any = getattr(step, "count_drops_with", None)
        return callable(lend) and attempt(lambda: lend(self.sink.count_drop), "count_drops_with")[0]

    def count_with(self, count: Watch | None) -> None:
        """Show every event to the policies too, from now on, or to the detectors alone again."""
        self._count = count
        both = self._watch_both if self._watch_alone is not None else count
        self._watch = self._watch_alone if count is None else both

    def _watch_both(self, lane: Lane, event: Event) -> Sequence[Event]:
        count, watch = self._count, self._watch_alone
        if count is not None:
            count(lane, event)
        return () if watch is None else watch(lane, event)

    def emit(self, lane: Lane, event: Event) -> None:
        """Send one event of this lane's agent."""
        if not event.event_id:
            event_id, timestamp = self.clock.stamp()
            event.event_id = event_id
            if not event.timestamp:
                event.timestamp = timestamp
        # Looked at before anything is redacted; what is found follows the event it was found in.
        found = () if self._watch is None else self._watch(lane, event)
        if self._changes_payloads:
            self._emit_through_foreign(lane, event)
        elif self._middleware:
            self._emit_through(lane, event)
        else:
            self._put(lane, encode(event))
        for said in found:
            self.emit(lane, said)

    def _emit_through_foreign(self, lane: Lane, event: Event) -> None:
        """What a middleware of the program sends goes through the chain too; what is sent from in there ends here.

        Two events sent for each would otherwise be without end.
        """
        depth = _depth.get()
        if depth >= _MAX_DEPTH:
            self.sink.count_drop("middleware_recursion")
            return
        inside = _depth.set(depth + 1)
        try:
            # A link that edits in place must not edit the program's own objects.
            event.payload = rebuilt(event.payload)
            self._emit_through(lane, event)
        finally:
            _depth.reset(inside)

    def _emit_through(self, lane: Lane, event: Event) -> None:
        """Middleware sees the sender in ``event.agent_id``; what it returns may be of another agent it held back."""
        event.agent_id = event.agent_id or lane.agent_id
        events: list[Event] = [event]
        for step in self._middleware:
            events = [after for before in events for after in self._apply(step, before)]
        for out in events:
            target = self._lanes.get(out.agent_id or "", lane)
            if out.agent_id == target.agent_id:
                out.agent_id = None
            if not out.event_id:
                out.event_id, out.timestamp = self.clock.stamp()
            self._put(target, encode(out))

    def _apply(self, step: Middleware, event: Event) -> tuple[Event, ...]:
        """One link of the chain, contained on its own. One that fails must not leak what it should have removed."""

        def run() -> tuple[Event, ...] | None:
            result = step(event)
            if result is None:
                return None
            return (result,) if isinstance(result, Event) else tuple(result)

        fine, events = attempt(run, f"middleware {getattr(step, '__name__', type(step).__name__)}")
        if not fine:
            event.payload = {"summary": "payload withheld: a middleware failed"}
            return (event,)
        if not events and id(step) not in self._counting:
            self.sink.count_drop("middleware")
        return events or ()

"""Where the time of a run went: model calls, tools, the rest; each moment counted once."""

from __future__ import annotations

from msgspec import Struct

from .action_tree import Told, action_kind

__all__ = ["TimeBreakdown", "covered", "time_breakdown"]

Interval = tuple[int, int]

#: Kinds of action that do the work themselves; every other kind (node, chain, agent) arranges the work of others.
_TOOL_KINDS = ("tool", "retrieval")


class TimeBreakdown(Struct):
    """Milliseconds that add up to the run's duration.

    A moment is the model's while any call runs, else a tool's while a tool is the innermost action at work, else other.
    """

    llm_ms: int
    tool_ms: int
    other_ms: int


class _Span:
    """One action: when it ran, and under which other."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.parent: str | None = None
        self.start: int | None = None
        self.stop: int | None = None

    @property
    def interval(self) -> Interval | None:
        return None if self.start is None or self.stop is None else (self.start, self.stop)


def covered(intervals: list[Interval]) -> int:
    """Length of the union of intervals."""
    return sum(stop - start for start, stop in _union(intervals))


def _union(intervals: list[Interval]) -> list[Interval]:
    """The same moments as intervals in order that do not touch."""
    joined: list[Interval] = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        elif stop > start:
            joined.append((start, stop))
    return joined


def _without(whole: Interval, parts: list[Interval]) -> list[Interval]:
    """What is left of an interval outside of all parts."""
    at, end = whole
    left: list[Interval] = []
    for start, stop in _union(parts):
        if start > at:
            left.append((at, min(start, end)))
        at = max(at, stop)
        if at >= end:
            return left
    return [*left, (at, end)]


def time_breakdown(told: Told, duration_ms: int | None) -> TimeBreakdown:
    """Split the run's duration (or, while it is open, the time from its first to its last event)."""
    calls: list[Interval] = []
    for event, _ in told:
        record = event.record
        if record.kind == "llm_call" and record.duration_ms:
            calls.append((record.ts - record.duration_ms * 1000, record.ts))
    # While the run is open, an action without an end is still at work.
    now = told[-1][0].record.ts if told and duration_ms is None else None
    total_us = duration_ms * 1000 if duration_ms is not None else _length(told)
    llm_us = covered(calls)
    busy_us = covered(calls + _tools(_spans(told, now)))
    # Clocks of several processes may disagree: the parts never exceed the whole.
    llm_ms = min(llm_us, total_us) // 1000
    tool_ms = min(busy_us, total_us) // 1000 - llm_ms
    return TimeBreakdown(llm_ms, tool_ms, total_us // 1000 - llm_ms - tool_ms)


def _length(told: Told) -> int:
    if not told:
        return 0
    return max(0, told[-1][0].record.ts - told[0][0].record.ts)


def _spans(told: Told, now: int | None) -> dict[str, _Span]:
    """The actions by id; ``now`` ends those that have not ended."""
    spans: dict[str, _Span] = {}
    for event, payload in told:
        record = event.record
        if record.action_id is None or not record.event_type.startswith("action_"):
            continue
        span = spans.setdefault(record.action_id, _Span())
        span.parent = span.parent or record.parent_action_id
        if record.event_type == "action_started":
            span.kind = span.kind or action_kind(payload)
            span.start = record.ts if span.start is None else span.start
        else:
            span.stop = record.ts
            if record.duration_ms is not None:
                span.start = record.ts - record.duration_ms * 1000
    for span in spans.values():
        span.stop = now if span.stop is None else span.stop
    return spans


def _tools(spans: dict[str, _Span]) -> list[Interval]:
    """The tools' own time: what a tool spends in other actions is theirs.

    An action that does not say what it is was made by hand; it is a tool when it holds no other action.
    """
    inside: dict[str, list[Interval]] = {}
    for span in spans.values():
        if span.parent is not None:
            within = inside.setdefault(span.parent, [])
            within.extend([span.interval] if span.interval is not None else [])
    own: list[Interval] = []
    for action_id, span in spans.items():
        is_tool = span.kind in _TOOL_KINDS or (span.kind is None and action_id not in inside)
        if is_tool and span.interval is not None:
            own.extend(_without(span.interval, inside.get(action_id, [])))
    return own

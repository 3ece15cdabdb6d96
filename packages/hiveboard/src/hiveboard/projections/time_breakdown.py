"""Where the time of a run went: model calls, tools, the rest; each moment counted once."""

from __future__ import annotations

from msgspec import Struct

from .action_tree import Told

__all__ = ["TimeBreakdown", "covered", "time_breakdown"]

Interval = tuple[int, int]


class TimeBreakdown(Struct):
    """Milliseconds. Calls that overlap count once; a tool that calls a model counts as model for that while."""

    llm_ms: int
    tool_ms: int
    other_ms: int


def covered(intervals: list[Interval]) -> int:
    """Length of the union of intervals."""
    total, end = 0, None
    for start, stop in sorted(intervals):
        if end is None or start > end:
            total += max(0, stop - start)
            end = stop
        elif stop > end:
            total += stop - end
            end = stop
    return total


def time_breakdown(told: Told, duration_ms: int | None) -> TimeBreakdown:
    """Split the run's duration (or, while it is open, the time from its first to its last event)."""
    calls: list[Interval] = []
    tools = _tools(told)
    for event, _ in told:
        record = event.record
        if record.kind == "llm_call" and record.duration_ms:
            calls.append((record.ts - record.duration_ms * 1000, record.ts))
    llm_us = covered(calls)
    busy_us = covered(calls + tools)
    total_us = duration_ms * 1000 if duration_ms is not None else _span(told)
    # Clocks of several processes may disagree: the parts never exceed the whole.
    llm_us = min(llm_us, total_us)
    tool_us = min(busy_us - min(busy_us, llm_us), total_us - llm_us)
    other_us = total_us - llm_us - tool_us
    return TimeBreakdown(llm_us // 1000, tool_us // 1000, other_us // 1000)


def _span(told: Told) -> int:
    if not told:
        return 0
    return max(0, told[-1][0].record.ts - told[0][0].record.ts)


def _tools(told: Told) -> list[Interval]:
    """Spans of the actions that hold no other action; those that do are structure, not work."""
    parents = {event.record.parent_action_id for event, _ in told}
    started: dict[str, int] = {}
    spans: list[Interval] = []
    for event, _ in told:
        record = event.record
        if record.action_id is None or record.action_id in parents:
            continue
        if record.event_type == "action_started":
            started.setdefault(record.action_id, record.ts)
        elif record.event_type in ("action_completed", "action_failed"):
            length = record.duration_ms
            start = record.ts - length * 1000 if length is not None else started.get(record.action_id)
            if start is not None:
                spans.append((start, record.ts))
    return spans

"""Where the time of a run went: model calls, waiting for people, tools, the rest; each moment counted once."""

from __future__ import annotations

from typing import NamedTuple

from hiveloop import events
from hiveloop.payloads import LlmCall
from msgspec import Struct

from hiveboard.store.approval_match import ApprovalFact, match_approvals
from hiveboard.store.values import dict_of, text_in

from .action_tree import Told, action_kind

__all__ = ["Stretch", "TimeBreakdown", "covered", "time_breakdown"]

Interval = tuple[int, int]

#: Kinds of action that do the work themselves; every other kind (node, chain, agent) arranges the work of others.
_TOOL_KINDS = ("tool", "retrieval")
_REQUESTED, _RECEIVED = events.ApprovalRequested.event_type, events.ApprovalReceived.event_type


class Stretch(NamedTuple):
    """When a run began and ended, in microseconds; an open run ends now."""

    start: int
    end: int
    is_open: bool


class TimeBreakdown(Struct, kw_only=True):
    """Milliseconds that add up to the run's duration, of an open run to the time since it began.

    A moment is the model's while any call runs, else it is waiting while an approval is awaited (unless a tool began
    meanwhile), else a tool's while a tool is the innermost action at work, else other. ``untimed_llm_calls`` did not
    tell how long they took: their time is in the other parts, and ``llm_ms`` is null when no call told. ``is_partial``:
    events of the run were left out, and the time of what they tell is in ``other_ms``.
    """

    llm_ms: int | None
    tool_ms: int
    waiting_ms: int
    other_ms: int
    untimed_llm_calls: int
    is_partial: bool


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


def time_breakdown(told: Told, run: Stretch, *, is_partial: bool = False) -> TimeBreakdown:
    """Split the time of a run; ``is_partial`` when ``told`` has not all its events."""
    calls: list[Interval] = []
    timed = untimed = 0
    for event, _ in told:
        record = event.record
        if record.kind == LlmCall.kind:
            timed += record.duration_ms is not None
            untimed += record.duration_ms is None
            calls.append((record.ts - (record.duration_ms or 0) * 1000, record.ts))
    # While the run is open, an action without an end is still at work.
    tools = _tools(_spans(told, run.end if run.is_open else None))
    waits = [piece for wait in _waits(told, run.end) for piece in _idle(wait, tools)]
    # Clocks of several processes may disagree: the parts never exceed the whole.
    total_us = max(0, run.end - run.start)
    llm_us = min(covered(calls), total_us)
    away_us = min(covered(calls + waits), total_us)
    busy_us = min(covered(calls + waits + [tool for _, tool in tools]), total_us)
    llm_ms, waiting_ms, tool_ms = llm_us // 1000, (away_us - llm_us) // 1000, (busy_us - away_us) // 1000
    return TimeBreakdown(
        llm_ms=llm_ms if timed or not untimed else None,
        tool_ms=tool_ms,
        waiting_ms=waiting_ms,
        other_ms=total_us // 1000 - llm_ms - waiting_ms - tool_ms,
        untimed_llm_calls=untimed,
        is_partial=is_partial,
    )


def _waits(told: Told, end: int) -> list[Interval]:
    """From each request for an approval to its answer, or to the end of the run."""
    facts: dict[str, ApprovalFact] = {}
    for event, payload in told:
        record = event.record
        if record.event_type in (_REQUESTED, _RECEIVED):
            approval_id = text_in(dict_of(payload.get("data")), "approval_id") or text_in(
                payload, "approval_id"
            )
            facts[record.event_id] = ApprovalFact(
                record.event_id, record.event_type == _REQUESTED, record.ts, record.agent_id, record.task_id, approval_id
            )  # fmt: skip
    answers = match_approvals(facts.values())
    waits = []
    for fact in facts.values():
        answer = facts.get(answers.get(fact.event_id, ""))
        stop = end if answer is None else answer.ts
        if fact.is_request and stop > fact.ts:
            waits.append((fact.ts, stop))
    return waits


def _idle(wait: Interval, tools: list[tuple[int, Interval]]) -> list[Interval]:
    """A wait without the tools that began while it lasted: that agent went on working."""
    begun = [interval for began, interval in tools if wait[0] <= began < wait[1]]
    return _without(wait, begun)


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


def _tools(spans: dict[str, _Span]) -> list[tuple[int, Interval]]:
    """The tools' own time, each piece with when its tool began: what a tool spends in other actions is theirs.

    An action that does not say what it is was made by hand; it is a tool when it holds no other action.
    """
    inside: dict[str, list[Interval]] = {}
    for span in spans.values():
        if span.parent is not None:
            within = inside.setdefault(span.parent, [])
            within.extend([span.interval] if span.interval is not None else [])
    own: list[tuple[int, Interval]] = []
    for action_id, span in spans.items():
        is_tool = span.kind in _TOOL_KINDS or (span.kind is None and action_id not in inside)
        if is_tool and span.interval is not None:
            pieces = _without(span.interval, inside.get(action_id, []))
            own.extend((span.interval[0], piece) for piece in pieces)
    return own

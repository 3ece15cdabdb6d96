"""Everything the answers are made from: sums of two periods, series, and how things are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import add
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from hiveboard.instant import HOUR_US, format_instant
from hiveboard.projections.agent_view import AgentView
from hiveboard.projections.finding import Finding
from hiveboard.projections.links import Links
from hiveboard.projections.time_range import bucket_starts
from hiveboard.projections.waste import Waste
from hiveboard.store import Span, StoredEvent
from hiveboard.store.rows import (
    ActivityRow,
    ApprovalRow,
    Counts,
    LatestRow,
    OutcomeRow,
    Scope,
    TaskRow,
    UsageRow,
)
from hiveboard.store.sums import Summed
from hiveboard.store.tallies import ActionSums, CallSums, DurationSums, RunSums, TroubleSums, TurnSums

from .active_issue import ActiveIssue
from .answer import TrendPoint

__all__ = ["Facts", "Now", "Period", "Series", "grouped", "total"]

R = TypeVar("R", bound=Struct)
Key = tuple[Any, ...]


class Period(Struct, kw_only=True):
    """Sums over one stretch of time; by what each list is grouped is told beside it."""

    usage: list[UsageRow]  # agent, model, version, task_type
    outcomes: list[OutcomeRow]  # agent, task_type, version
    runs: list[RunSums]  # agent
    durations: list[DurationSums]  # task_type, step
    calls: list[CallSums]  # agent, name, model
    turns: list[TurnSums]  # step
    troubles: list[TroubleSums]  # agent, what, reason
    actions: list[ActionSums]  # agent, name


class Series(Struct, kw_only=True):
    """The current period in buckets."""

    usage: list[UsageRow]
    outcomes: list[OutcomeRow]
    activity: list[ActivityRow]
    calls: list[CallSums]
    runs: list[RunSums]


class Now(Struct, kw_only=True):
    """How things are at the moment of the question, and examples to look at."""

    views: list[AgentView]
    counts: Counts
    approvals: list[ApprovalRow]
    queues: list[LatestRow]
    issues: list[ActiveIssue]
    events: list[StoredEvent]
    newest_runs: list[TaskRow]
    failed_runs: list[TaskRow]
    failed_actions: list[StoredEvent]
    failed_steps: list[StoredEvent]


class Facts(Struct, kw_only=True):
    """What is known when the questions are asked; ``now`` in microseconds, ``range`` its name."""

    now: int
    range: str
    span: Span
    scope: Scope
    links: Links
    current: Period
    previous: Period
    series: Series
    at: Now
    lifetime: UsageRow
    findings: list[Finding]
    waste: Waste
    previous_waste: Waste

    @property
    def hours(self) -> float:
        """Length of the period."""
        return (self.span.until - self.span.since) / HOUR_US

    def trend(
        self, rows: Sequence[R], value: Callable[[R], float | None], empty: float | None = None
    ) -> list[TrendPoint]:
        """One point per bucket of the period; ``empty`` where a bucket has no row."""
        found = {row.group[0]: row for row in rows}  # type: ignore[attr-defined]
        return [
            TrendPoint(timestamp=timestamp, value=value(found[start]) if start in found else empty)
            for start, timestamp in _buckets(self.span)
        ]


@lru_cache(maxsize=8)
def _buckets(span: Span) -> tuple[tuple[int, str], ...]:
    """Every bucket's start, in microseconds and as text. All trends of a request are of the same span."""
    return tuple((start, format_instant(start)) for start in bucket_starts(span))


def grouped(rows: Sequence[R], *at: int) -> dict[Key, R]:
    """Rows summed by some positions of their groups, the largest in their first counter first; not to be changed."""
    if not isinstance(rows, Summed):
        return _grouped(rows, at)
    known: dict[Key, R] | None = rows.notes.get(at)
    if known is None:
        known = rows.notes[at] = _grouped(rows, at)
    return known


def _grouped(rows: Sequence[R], at: tuple[int, ...]) -> dict[Key, R]:
    found: dict[Key, list[Any]] = {}
    for row in rows:
        group, *counts = astuple(row)
        key = tuple([group[position] for position in at])
        have = found.get(key)
        if have is None:
            found[key] = counts
        else:
            have[:] = map(add, have, counts)
    if not found:
        return {}
    kind = type(rows[0])
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], str(item[0])))
    return {key: kind(key, *counts) for key, counts in ordered}


def total(rows: Sequence[R], kind: type[R]) -> R:
    """All rows in one; of no rows one with zeros."""
    if not isinstance(rows, Summed):
        return _total(rows, kind)
    known: R | None = rows.notes.get("total")
    if known is None:
        known = rows.notes["total"] = _total(rows, kind)
    return known


def _total(rows: Sequence[R], kind: type[R]) -> R:
    if not rows:
        return kind((), *[0] * (len(kind.__struct_fields__) - 1))
    columns = zip(*map(astuple, rows), strict=True)
    next(columns)  # the groups
    return kind((), *map(sum, columns))

"""Summing counters in memory by any of their dimensions over a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import add
from typing import Any, TypeVar

from msgspec import Struct

from .memory_agents import within
from .memory_data import MemoryData, Place
from .rollup import FINEST, USAGE_COUNTERS, Counters
from .rows import ActivityRow, OutcomeRow, Scope, UsageRow
from .span import Span
from .tallies import Tally, coarse

__all__ = ["activity", "outcomes", "tally_sums", "usage"]

R = TypeVar("R", bound=Struct)
_OF_PLACE: dict[str, Callable[[Place], str | None]] = {
    "version": lambda place: place.agent_version,
    "task_type": lambda place: place.task_type,
    "project": lambda place: place.project_id,
    "environment": lambda place: place.environment,
}


class _Sums:
    """Sums of one table of counters. ``key`` names the parts of its keys."""

    def __init__(self, data: MemoryData, key: tuple[str, ...], width: int) -> None:
        self._data, self._key, self._width = data, key, width

    def rows(
        self, table: Counters, scope: Scope, by: tuple[str, ...], span: Span, model: str | None = None
    ) -> dict[tuple[Any, ...], list[int]]:
        """The counters by group; without a dimension there is one group, which may hold nothing but zeros."""
        found: dict[tuple[Any, ...], list[int]] = {} if by else {(): [0] * self._width}
        for key, counts in table.items():
            named = dict(zip(self._key, key, strict=True))
            place = self._data.place(named["scope_id"])
            if not span.since <= named["bucket"] < span.until or not within(place, scope):
                continue
            if scope.agent_id not in (None, named["agent_id"]) or model not in (None, named.get("model")):
                continue
            group = tuple(_dimension(name, named, place, span) for name in by)
            have = found.setdefault(group, [0] * self._width)
            have[:] = map(add, have, counts)
        return found


def _dimension(name: str, named: Mapping[str, Any], place: Place, span: Span) -> Any:
    if name == "bucket":
        return named["bucket"] - named["bucket"] % span.width
    if name in _OF_PLACE and name not in named:
        return _OF_PLACE[name](place)
    return named["agent_id"] if name == "agent" else named[name]


def _made(row: type[R], found: Mapping[tuple[Any, ...], Iterable[int]]) -> list[R]:
    return [row(group, *counts) for group, counts in found.items()]


_KEY = ("tenant", "grain", "bucket", "agent_id", "scope_id")


def usage(
    data: MemoryData, tenant: str, scope: Scope, by: tuple[str, ...], span: Span, model: str | None = None
) -> list[UsageRow]:
    """LLM usage."""
    key = ("tenant", "grain", "bucket", "agent_id", "model", "scope_id")
    table = data.of(tenant).counters["llm_usage"]
    return _made(UsageRow, _Sums(data, key, len(USAGE_COUNTERS)).rows(table, scope, by, span, model))


def outcomes(
    data: MemoryData, tenant: str, scope: Scope, by: tuple[str, ...], span: Span
) -> list[OutcomeRow]:
    """Finished task runs by the time they ended."""
    table = data.of(tenant).counters["task_outcomes"]
    return _made(OutcomeRow, _Sums(data, _KEY, 6).rows(table, scope, by, span))


def activity(
    data: MemoryData, tenant: str, scope: Scope, by: tuple[str, ...], span: Span
) -> list[ActivityRow]:
    """Events by the time they happened."""
    table = data.of(tenant).counters["activity"]
    return _made(ActivityRow, _Sums(data, _KEY, 3).rows(table, scope, by, span))


def tally_sums(
    data: MemoryData, tenant: str, tally: Tally[R], scope: Scope, by: tuple[str, ...], span: Span
) -> list[R]:
    """One row per group of a tally; where it has no finer buckets the span is widened to the whole hours it touches."""
    if tally.grains[0] != FINEST and (span.since % tally.grains[0] or span.until % tally.grains[0]):
        span = coarse(span)
    sums = _Sums(data, tally.key, len(tally.counters))
    return _made(tally.row, sums.rows(data.of(tenant).tallies[tally.name], scope, by, span))

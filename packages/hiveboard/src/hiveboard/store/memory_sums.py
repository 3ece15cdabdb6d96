"""Summing counters in memory by any of their dimensions over a stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import add
from typing import Any

from .memory_agents import within
from .memory_data import MemoryData, Place
from .rollup import FINEST, Counters
from .rows import Scope
from .span import Span
from .sums import ACTIVITY, OUTCOMES, USAGE, Summed, SumQuestion
from .tallies import coarse

__all__ = ["answer"]

_OF_PLACE: dict[str, Callable[[Place], str | None]] = {
    "version": lambda place: place.agent_version,
    "task_type": lambda place: place.task_type,
    "project": lambda place: place.project_id,
    "environment": lambda place: place.environment,
}

_USAGE_KEY = ("tenant", "grain", "bucket", "agent_id", "model", "scope_id")
#: What is counted beside the tallies, under the names it has in memory.
_COUNTERS = {USAGE.name: "llm_usage", OUTCOMES.name: "task_outcomes", ACTIVITY.name: "activity"}


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


def answer(data: MemoryData, tenant: str, scope: Scope, asked: Sequence[SumQuestion]) -> list[Summed[Any]]:
    """One list of rows per question."""
    return [_answered(data, tenant, scope, one) for one in asked]


def _answered(data: MemoryData, tenant: str, scope: Scope, asked: SumQuestion) -> Summed[Any]:
    tally, by, span, model = asked
    key = _USAGE_KEY if tally is USAGE else tally.key
    if tally.grains[0] > FINEST:
        span = coarse(span)
    own = data.of(tenant)
    table = own.tallies.get(tally.name)
    if table is None:
        table = own.counters[_COUNTERS[tally.name]]
    found = _Sums(data, key, len(tally.counters)).rows(table, scope, by, span, model)
    return Summed(tally.row(group, *counts) for group, counts in found.items())

"""The answer to a question: a number with its trend, what it was before, and where to look for oneself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from hiveboard.projections.links import Evidence

__all__ = ["MAX_ROWS", "Answer", "Breakdown", "Column", "Insight", "TrendPoint", "ratio", "unknown"]

#: Most rows of one breakdown.
MAX_ROWS = 200


class TrendPoint(Struct, kw_only=True):
    """One bucket of a trend; null where nothing is known of it."""

    timestamp: str
    value: float | None


class Column(Struct, kw_only=True):
    """One column of a breakdown: the key under which rows have it, its heading, and the unit of its numbers."""

    key: str
    title: str
    unit: str


class Answer(Struct, kw_only=True):
    """What a question's function found. ``value`` None is unknown, and ``explanation`` says why.

    ``rows``, or what makes them where that is much work: a list of answers shows none.
    """

    value: float | None
    explanation: str
    previous: float | None = None
    attention: bool = False
    trend: list[TrendPoint] = []
    evidence: list[Evidence] = []
    columns: Sequence[tuple[str, str, str]] = ()
    rows: list[dict[str, Any]] | Callable[[], list[dict[str, Any]]] = []


class Insight(Struct, kw_only=True):
    """One question and its answer. ``number`` is its place among the 38 of the catalogue, null for those beyond it.

    ``group`` is glance, investigation, optimization or review; ``state`` ok, attention or unknown. ``change`` is value
    minus ``previous`` (the period before, of the same length; null where it is not known or has no meaning).
    ``unit``: agents, runs, calls, issues, items, steps, usd, ms, seconds, ratio, tokens, per_hour, points and the like.
    """

    id: str
    number: int | None
    group: str
    question: str
    value: float | None
    unit: str
    previous: float | None
    change: float | None
    trend: list[TrendPoint]
    state: str
    explanation: str
    evidence: list[Evidence]


class Breakdown(Insight, kw_only=True):
    """One question with the rows its number comes from, those that matter most first; ``rows_omitted`` are not shown."""

    columns: list[Column]
    rows: list[dict[str, Any]]
    rows_omitted: int


def unknown(reason: str) -> Answer:
    """There is no answer, and this is why."""
    return Answer(value=None, explanation=reason)


def ratio(part: float | None, whole: float | None) -> float | None:
    """A quotient with six digits; None where there is nothing to divide by or one is not known."""
    return None if part is None or not whole else round(part / whole, 6)

"""Cost: totals, by agent, by model, and over time; what was reported apart from what was estimated."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store import Span
from hiveboard.store.rollup import USAGE_COUNTERS
from hiveboard.store.rows import UsageRow

from .task_status import dollars
from .time_range import bucket_starts

__all__ = [
    "AgentCost",
    "CostPoint",
    "CostTotals",
    "ModelCost",
    "agent_costs",
    "cost_series",
    "cost_totals",
    "estimated_part",
    "known_cost",
    "known_tokens",
    "model_costs",
]


class CostTotals(Struct, kw_only=True):
    """US dollars. ``unpriced_calls`` have neither a reported nor an estimable cost and are in no sum.

    They are those of models without a known price (``calls_without_price``), those that told neither cost nor tokens
    (``calls_without_usage``), and those that were refused or broke off before they did (``failed_calls``).
    Sums are null when there were calls and none of them told its part: what they cost or took is unknown, not 0.
    """

    total_cost: float | None
    call_count: int
    total_tokens_in: int | None
    total_tokens_out: int | None
    reported_cost: float | None
    estimated_cost: float | None
    unpriced_calls: int
    calls_without_price: int
    calls_without_usage: int
    failed_calls: int


class _Usage(Struct, kw_only=True):
    cost: float | None
    call_count: int
    tokens_in: int | None
    tokens_out: int | None
    reported_cost: float | None
    estimated_cost: float | None
    unpriced_calls: int
    calls_without_price: int
    calls_without_usage: int
    failed_calls: int


class AgentCost(_Usage, kw_only=True):
    """What one agent's calls cost."""

    agent_id: str


class ModelCost(_Usage, kw_only=True):
    """What one model's calls cost; ``model`` null: the call named none."""

    model: str | None


class CostPoint(_Usage, kw_only=True):
    """One bucket; with ``split_by`` one per bucket and value."""

    timestamp: str
    model: str | None
    agent_id: str | None


def known_cost(row: UsageRow | None) -> float | None:
    """What the priced calls cost, in US dollars; None when no call was priced."""
    if row is None or row.calls <= row.unpriced:
        return None
    return dollars(row.reported_nano + row.estimated_nano)


def estimated_part(row: UsageRow | None) -> float | None:
    """How much of :func:`known_cost` was estimated."""
    return None if row is None or known_cost(row) is None else dollars(row.estimated_nano)


def _sums(row: UsageRow) -> tuple[float | None, float | None, float | None]:
    """Cost in all, reported, estimated. No calls cost nothing; calls without any price cost nobody knows what."""
    if row.calls and known_cost(row) is None:
        return None, None, None
    return (
        dollars(row.reported_nano + row.estimated_nano),
        dollars(row.reported_nano),
        dollars(row.estimated_nano),
    )


def known_tokens(row: UsageRow | None) -> tuple[int | None, int | None]:
    """Tokens in and out of the calls that told them; None where there were calls and none did."""
    if row is None or not row.calls:
        return 0, 0
    return row.tokens_in if row.told_in else None, row.tokens_out if row.told_out else None


def _counts(row: UsageRow) -> dict[str, int]:
    return {
        "call_count": row.calls,
        "unpriced_calls": row.unpriced,
        "calls_without_price": row.unpriced - row.without_usage - row.failed,
        "calls_without_usage": row.without_usage,
        "failed_calls": row.failed,
    }


def _fields(row: UsageRow) -> dict[str, float | None]:
    cost, reported, estimated = _sums(row)
    tokens_in, tokens_out = known_tokens(row)
    return {
        "cost": cost,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "reported_cost": reported,
        "estimated_cost": estimated,
        **_counts(row),
    }


def cost_totals(row: UsageRow) -> CostTotals:
    """Totals of a range."""
    cost, reported, estimated = _sums(row)
    tokens_in, tokens_out = known_tokens(row)
    return CostTotals(
        total_cost=cost,
        total_tokens_in=tokens_in,
        total_tokens_out=tokens_out,
        reported_cost=reported,
        estimated_cost=estimated,
        **_counts(row),
    )


def _by_cost(row: UsageRow) -> tuple[int, int, str]:
    return -(row.reported_nano + row.estimated_nano), -row.calls, str(row.group[0])


def agent_costs(rows: list[UsageRow]) -> list[AgentCost]:
    """By agent, the most expensive first."""
    return [AgentCost(agent_id=str(row.group[0]), **_fields(row)) for row in sorted(rows, key=_by_cost)]  # type: ignore[arg-type]


def model_costs(rows: list[UsageRow]) -> list[ModelCost]:
    """By model, the most expensive first."""
    return [ModelCost(model=str(row.group[0]) or None, **_fields(row)) for row in sorted(rows, key=_by_cost)]  # type: ignore[arg-type]


def cost_series(rows: list[UsageRow], span: Span, split_by: str | None) -> list[CostPoint]:
    """Rows grouped by bucket (and ``split_by``). Unsplit, empty buckets are there too, with zeros."""
    if split_by is None:
        found = {row.group[0]: row for row in rows}
        empty = (0,) * len(USAGE_COUNTERS)
        rows = [found.get(start) or UsageRow((start,), *empty) for start in bucket_starts(span)]
    ordered = sorted(rows, key=lambda row: (row.group[0] or 0, *_by_cost(row)[:1], str(row.group[1:])))
    return [_point(row, split_by) for row in ordered]


def _point(row: UsageRow, split_by: str | None) -> CostPoint:
    value = str(row.group[1]) if split_by is not None else None
    return CostPoint(
        timestamp=format_instant(int(row.group[0] or 0)),
        model=(value or None) if split_by == "model" else None,
        agent_id=value if split_by == "agent" else None,
        **_fields(row),  # type: ignore[arg-type]
    )

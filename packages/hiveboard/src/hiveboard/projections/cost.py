"""Cost: totals, by agent, by model, and over time; what was reported apart from what was estimated."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store import Span
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
    "known_cost",
    "model_costs",
]


class CostTotals(Struct, kw_only=True):
    """US dollars. ``unpriced_calls`` have neither a reported nor an estimable cost and are in no sum.

    The three sums are null when there were calls and none of them was priced: what they cost is unknown, not 0.
    """

    total_cost: float | None
    call_count: int
    total_tokens_in: int
    total_tokens_out: int
    reported_cost: float | None
    estimated_cost: float | None
    unpriced_calls: int


class _Usage(Struct, kw_only=True):
    cost: float | None
    call_count: int
    tokens_in: int
    tokens_out: int
    reported_cost: float | None
    estimated_cost: float | None
    unpriced_calls: int


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


def _sums(row: UsageRow) -> tuple[float | None, float | None, float | None]:
    """Cost in all, reported, estimated. No calls cost nothing; calls without any price cost nobody knows what."""
    if row.calls and known_cost(row) is None:
        return None, None, None
    return (
        dollars(row.reported_nano + row.estimated_nano),
        dollars(row.reported_nano),
        dollars(row.estimated_nano),
    )


def _fields(row: UsageRow) -> dict[str, float | None]:
    cost, reported, estimated = _sums(row)
    return {
        "cost": cost,
        "call_count": row.calls,
        "tokens_in": row.tokens_in,
        "tokens_out": row.tokens_out,
        "reported_cost": reported,
        "estimated_cost": estimated,
        "unpriced_calls": row.unpriced,
    }


def cost_totals(row: UsageRow) -> CostTotals:
    """Totals of a range."""
    cost, reported, estimated = _sums(row)
    return CostTotals(
        total_cost=cost,
        call_count=row.calls,
        total_tokens_in=row.tokens_in,
        total_tokens_out=row.tokens_out,
        reported_cost=reported,
        estimated_cost=estimated,
        unpriced_calls=row.unpriced,
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
        empty = (0, 0, 0, 0, 0, 0, 0)
        rows = [found.get(start) or UsageRow((start,), *empty) for start in bucket_starts(span)]
    rows.sort(key=lambda row: (row.group[0] or 0, *_by_cost(row)[:1], str(row.group[1:])))
    return [_point(row, split_by) for row in rows]


def _point(row: UsageRow, split_by: str | None) -> CostPoint:
    value = str(row.group[1]) if split_by is not None else None
    return CostPoint(
        timestamp=format_instant(int(row.group[0] or 0)),
        model=(value or None) if split_by == "model" else None,
        agent_id=value if split_by == "agent" else None,
        **_fields(row),  # type: ignore[arg-type]
    )

"""Sums of money over rows, where unknown is not nothing."""

from __future__ import annotations

from hiveboard.projections.cost import known_cost
from hiveboard.store.rows import OutcomeRow, UsageRow
from hiveboard.store.tallies import CallSums

from .answer import TrendPoint
from .facts import Facts, Period, total

__all__ = ["call_cost", "cost_of", "cost_per_run", "cost_trend", "spent"]


def cost_of(row: UsageRow | None) -> float | None:
    """What calls cost in US dollars: 0 when there were none, None when none of them told."""
    return 0.0 if row is None or not row.calls else known_cost(row)


def spent(period: Period) -> float | None:
    """What all calls of a period cost."""
    return cost_of(total(period.usage, UsageRow))


def call_cost(row: CallSums) -> float | None:
    """The same of calls of one name."""
    return row.cost_nano / 1e9 if row.calls > row.unpriced else None


def cost_per_run(period: Period) -> float | None:
    """Money of the period by the runs that ended in it."""
    outcomes = total(period.outcomes, OutcomeRow)
    ended, cost = outcomes.completed + outcomes.failed + outcomes.other, spent(period)
    return None if cost is None or not ended else round(cost / ended, 9)


def cost_trend(facts: Facts) -> list[TrendPoint]:
    """Cost by bucket."""
    return facts.trend(facts.series.usage, cost_of, 0.0)

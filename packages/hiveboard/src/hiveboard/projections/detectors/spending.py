"""Detectors of money: cost spike, token waste, model imbalance."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from hiveboard.instant import HOUR_US
from hiveboard.projections.cost import known_cost
from hiveboard.projections.finding import Finding
from hiveboard.projections.wording import amount, one_line
from hiveboard.store.rows import UsageRow
from hiveboard.store.tallies import CallSums

from .watched import Watched, finding

__all__ = ["cost_spike", "model_imbalance", "token_waste"]

_SPIKE, _ERROR_SPIKE = 3.0, 10.0
_SPIKE_USD = 0.05
_DAYS = 3
_RATIO, _LONG, _ENOUGH_CALLS = 20.0, 4_000, 20
_SHARE, _FEW = 0.9, 0.5


def cost_spike(watched: Watched) -> list[Finding]:
    """The last hour cost an agent three times what the same hour of earlier days did, and more than any of them.

    Only days on which the agent called models in that hour count, and there must be three of them.
    """
    now = _by_agent(watched.hour_usage)
    past = [_by_agent(day) for day in watched.past_usage]
    found = []
    for agent, row in now.items():
        cost = known_cost(row)
        days = [
            cost_then for day in past if agent in day and (cost_then := known_cost(day[agent])) is not None
        ]
        if cost is None or len(days) < _DAYS:
            continue
        usual = median(days)
        if cost <= _SPIKE * usual or cost <= max(days) or cost - usual < _SPIKE_USD:
            continue
        times = f"{cost / usual:.1f} times" if usual else "against"
        found.append(
            finding(
                "cost_spike",
                agent,
                f"{one_line(agent)} spent {amount(cost)} in the last hour, {times} the {amount(usual)} that are usual at this time of day.",
                severity="error" if cost > _ERROR_SPIKE * usual else "warn",
                since=watched.now - HOUR_US,
                evidence=[watched.links.view("costs", one_line(agent), agent=agent, range="24h")],
                numbers={"cost": cost, "usual": usual, "highest_before": max(days), "days": len(days)},
            )
        )
    return found


def _by_agent(rows: Sequence[UsageRow]) -> dict[str, UsageRow]:
    return {str(row.group[0]): row for row in rows}


def token_waste(watched: Watched) -> list[Finding]:
    """Calls of one name hold more than 20 tokens for each they answer, in long prompts, within a day."""
    found = []
    for (agent, name), rows in _named(watched.day_calls).items():
        calls, told = sum(row.calls for row in rows), sum(row.told_in for row in rows)
        tokens_in, tokens_out = sum(row.tokens_in for row in rows), sum(row.tokens_out for row in rows)
        if calls < _ENOUGH_CALLS or not told or not tokens_out or tokens_in / told < _LONG:
            continue
        # What comes from a cache is long on purpose.
        fresh = tokens_in - sum(row.cache_read for row in rows)
        if fresh / tokens_out <= _RATIO:
            continue
        found.append(
            finding(
                "token_waste",
                agent,
                f"{one_line(agent)} sends {fresh / tokens_out:.0f} tokens for each answered in {one_line(name or 'its calls')}, "
                f"{tokens_in // told:,} per call.",
                about=name,
                evidence=[watched.links.view("costs", one_line(agent), agent=agent, range="24h")],
                numbers={
                    "tokens_in": tokens_in,
                    "tokens_out": tokens_out,
                    "calls": calls,
                    "in_per_out": fresh / tokens_out,
                },
            )
        )
    return found


def _named(rows: list[CallSums]) -> dict[Any, list[CallSums]]:
    found: dict[Any, list[CallSums]] = {}
    for row in rows:
        found.setdefault((row.group[0], row.group[1]), []).append(row)
    return found


def model_imbalance(watched: Watched) -> list[Finding]:
    """One model takes nine tenths of the money and makes fewer than half of the calls, within a day."""
    by_model: dict[str, list[CallSums]] = {}
    for row in watched.day_calls:
        if row.calls > row.unpriced:
            by_model.setdefault(row.group[2], []).append(row)
    cost = {model: sum(row.cost_nano for row in rows) / 1e9 for model, rows in by_model.items()}
    calls = {model: sum(row.calls for row in rows) for model, rows in by_model.items()}
    whole, all_calls = sum(cost.values()), sum(calls.values())
    if len(cost) < 2 or all_calls < _ENOUGH_CALLS or whole < _SPIKE_USD:
        return []
    top = max(cost, key=lambda model: (cost[model], model))
    if cost[top] < _SHARE * whole or calls[top] >= _FEW * all_calls:
        return []
    summary = f"{one_line(top)} takes {cost[top] / whole:.0%} of the money with {calls[top] / all_calls:.0%} of the calls."
    return [
        finding(
            "model_imbalance",
            None,
            summary,
            about=top,
            evidence=[watched.links.view("costs", "Costs by model", range="24h")],
            numbers={"cost": cost[top], "total_cost": whole, "calls": calls[top], "total_calls": all_calls},
        )
    ]

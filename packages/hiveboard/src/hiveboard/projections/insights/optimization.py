"""Where do money and time go? The questions of optimization about cost."""

from __future__ import annotations

from typing import Any

from hiveboard.projections.wording import amount, one_line, plural
from hiveboard.store.rows import OutcomeRow, UsageRow
from hiveboard.store.tallies import CallSums

from .answer import Answer, ratio, unknown
from .facts import Facts, grouped, total
from .glance import finished
from .money import call_cost, cost_of, cost_trend, spent

__all__ = ["cost_change", "cost_of_agents", "expensive_models", "prompt_bloat", "similar_agents"]

_SHORT_ANSWER = 150
_DEAR = 3.0
_JUMP = 0.5
_CENT = 0.01
_BLOATED = 20.0
_LONG_PROMPT = 2_000
_MIN_RUNS = 3
_UNPRICED = "No call of this period has a known cost."


def _jumped(value: float, before: float | None) -> bool:
    return bool(before) and value - (before or 0) >= _CENT and value > (before or 0) * (1 + _JUMP)


def cost_of_agents(facts: Facts) -> Answer:
    """Question 17."""
    usage = total(facts.current.usage, UsageRow)
    value, before = spent(facts.current), spent(facts.previous)
    if value is None:
        return unknown(_UNPRICED)
    blind = (
        f" {plural(usage.unpriced, 'call')} told no price and {'is' if usage.unpriced == 1 else 'are'} not in it."
        if usage.unpriced
        else ""
    )
    rows = [
        {
            "agent": key[0],
            "cost": cost_of(row),
            "estimated": row.estimated_nano / 1e9,
            "calls": row.calls,
            "unpriced": row.unpriced,
        }
        for key, row in grouped(facts.current.usage, 0).items()
    ]
    return Answer(
        value=value,
        previous=before,
        explanation=f"{amount(value)} in all, {amount(usage.estimated_nano / 1e9)} of it estimated.{blind}",
        attention=_jumped(value, before),
        trend=cost_trend(facts),
        evidence=[facts.links.view("costs", "Costs", range=facts.range)],
        columns=[
            ("agent", "Agent", "text"), ("cost", "Cost", "usd"), ("estimated", "Estimated part", "usd"),
            ("calls", "Calls", "calls"), ("unpriced", "Without price", "calls"),
        ],
        rows=sorted(rows, key=lambda row: (-(row["cost"] or 0), row["agent"])),
    )  # fmt: skip


def _per_token(row: CallSums) -> float | None:
    cost, tokens = call_cost(row), row.tokens_in + row.tokens_out
    return None if not cost or not tokens else cost / tokens


def expensive_models(facts: Facts) -> Answer:
    """Question 18: money for short answers of models that cost several times what the cheapest used one does."""
    models = {
        key[0]: price for key, row in grouped(facts.current.calls, 2).items() if (price := _per_token(row))
    }
    if len(models) < 2:
        return unknown("Fewer than two models with known prices were used, so there is nothing to compare.")
    cheapest = min(models, key=lambda name: (models[name], name))
    rows: list[dict[str, Any]] = []
    for (name, model), row in grouped(facts.current.calls, 1, 2).items():
        answer = ratio(row.tokens_out, row.told_out)
        if answer is None or answer > _SHORT_ANSWER or models.get(model, 0) < _DEAR * models[cheapest]:
            continue
        times = models[model] / models[cheapest]
        rows.append(
            {
                "name": name or None, "model": model, "calls": row.calls, "tokens_out": round(answer, 1),
                "cost": call_cost(row), "times": round(times, 1),
            }
        )  # fmt: skip
    rows.sort(key=lambda row: -(row["cost"] or 0))
    value = round(sum(row["cost"] or 0 for row in rows), 9)
    return Answer(
        value=value,
        explanation=f"{amount(value)} went to answers of at most {_SHORT_ANSWER} tokens by models at least three times as dear "
        f"as {one_line(cheapest)}.",
        attention=value >= _CENT,
        evidence=[facts.links.view("costs", "Costs by model", range=facts.range)],
        columns=[
            ("name", "Call", "text"), ("model", "Model", "text"), ("calls", "Calls", "calls"),
            ("tokens_out", "Tokens out per call", "tokens"), ("cost", "Cost", "usd"), ("times", "Times the cheapest", "ratio"),
        ],
        rows=rows,
    )  # fmt: skip


def cost_change(facts: Facts) -> Answer:
    """Question 19: which agent, call and model cost more than in the period before."""
    now, before = spent(facts.current), spent(facts.previous)
    if now is None or before is None:
        return unknown(_UNPRICED if now is None else "No call of the period before has a known cost.")
    old = grouped(facts.previous.calls, 0, 1, 2)
    rows = []
    for key, row in grouped(facts.current.calls, 0, 1, 2).items():
        cost = call_cost(row)
        earlier = call_cost(old[key]) if key in old else 0.0
        if cost is None or earlier is None:
            continue
        rows.append(
            {
                "agent": key[0], "name": key[1] or None, "model": key[2] or None, "cost": cost, "previous": earlier,
                "change": round(cost - earlier, 9), "calls": row.calls,
                "calls_before": old[key].calls if key in old else 0,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: -row["change"])
    grew = [row for row in rows if row["change"] > 0]
    most = ""
    if grew and now > before:
        first = grew[0]
        most = f"; most of it for {one_line(str(first['name'] or first['model']))} of {one_line(str(first['agent']))}"
    return Answer(
        value=round(now - before, 9),
        explanation=f"{amount(now)} now, {amount(before)} before{most}.",
        attention=_jumped(now, before),
        trend=cost_trend(facts),
        evidence=[facts.links.view("costs", str(row["agent"]), agent=str(row["agent"]), range=facts.range) for row in grew[:3]],
        columns=[
            ("agent", "Agent", "text"), ("name", "Call", "text"), ("model", "Model", "text"), ("cost", "Cost", "usd"),
            ("previous", "Before", "usd"), ("change", "Change", "usd"), ("calls", "Calls", "calls"),
            ("calls_before", "Calls before", "calls"),
        ],
        rows=rows,
    )  # fmt: skip


def prompt_bloat(facts: Facts) -> Answer:
    """Question 20: tokens in for each token out, by the name of the call."""
    calls, before = total(facts.current.calls, CallSums), total(facts.previous.calls, CallSums)
    value = ratio(calls.tokens_in, calls.tokens_out) if calls.told_in and calls.told_out else None
    if value is None:
        return unknown("No call told both its tokens in and out.")
    old = grouped(facts.previous.calls, 1)
    rows = []
    for key, row in grouped(facts.current.calls, 1).items():
        mean = ratio(row.tokens_in, row.told_in)
        earlier = ratio(old[key].tokens_in, old[key].told_in) if key in old else None
        rows.append(
            {
                "name": key[0] or None, "calls": row.calls, "tokens_in": mean, "tokens_in_before": earlier,
                "in_per_out": ratio(row.tokens_in, row.tokens_out),
            }
        )  # fmt: skip
    bloated = [r for r in rows if (r["in_per_out"] or 0) > _BLOATED and (r["tokens_in"] or 0) >= _LONG_PROMPT]
    told = (
        f" {one_line(str(bloated[0]['name'] or 'A call'))} reads most for what it writes." if bloated else ""
    )
    return Answer(
        value=round(value, 3),
        previous=ratio(before.tokens_in, before.tokens_out) if before.told_in and before.told_out else None,
        explanation=f"Prompts hold {value:.1f} tokens for each token answered.{told}",
        attention=bool(bloated),
        trend=facts.trend(facts.series.usage, lambda row: ratio(row.tokens_in, row.tokens_out)),
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("name", "Call", "text"), ("calls", "Calls", "calls"), ("tokens_in", "Tokens in per call", "tokens"),
            ("tokens_in_before", "Before", "tokens"), ("in_per_out", "In per out", "ratio"),
        ],
        rows=sorted(rows, key=lambda row: -(row["tokens_in"] or 0)),
    )  # fmt: skip


def similar_agents(facts: Facts) -> Answer:
    """Question 21: what a run of one type costs with one agent and with another."""
    usage = grouped(facts.current.usage, 3, 0)
    outcomes: dict[Any, OutcomeRow] = grouped(facts.current.outcomes, 1, 0)
    by_type: dict[Any, list[tuple[float, str, int]]] = {}
    for (task_type, agent), row in outcomes.items():
        cost, runs = cost_of(usage.get((task_type, agent))), finished(row)
        if cost and runs >= _MIN_RUNS:
            by_type.setdefault(task_type, []).append((cost / runs, agent, runs))
    compared = {name: sorted(found) for name, found in by_type.items() if len(found) > 1}
    if not compared:
        return unknown("No two agents ended at least three runs of one type with a known cost.")
    spread = {name: found[-1][0] / found[0][0] for name, found in compared.items()}
    widest = max(spread, key=lambda name: (spread[name], str(name)))
    low, high = compared[widest][0], compared[widest][-1]
    return Answer(
        value=round(spread[widest], 3),
        explanation=f"A run of {one_line(str(widest or 'no type'))} costs {amount(low[0])} with {one_line(low[1])} and "
        f"{amount(high[0])} with {one_line(high[1])}.",
        attention=spread[widest] >= 2,
        evidence=[facts.links.view("tasks", "Runs of that type", type=widest)],
        columns=[
            ("task_type", "Type", "text"), ("agent", "Agent", "text"), ("cost_per_run", "Cost per run", "usd"), ("runs", "Runs", "runs"),
        ],
        rows=[
            {"task_type": name, "agent": agent, "cost_per_run": round(cost, 9), "runs": runs}
            for name, found in compared.items()
            for cost, agent, runs in reversed(found)
        ],
    )  # fmt: skip

"""What the metadata of model calls tells: caches, turns, context windows, prompts, answers cut off."""

from __future__ import annotations

from hiveboard.projections.wording import amount, one_line
from hiveboard.store.insight_reading import TIGHT_PCT, turn_of_step
from hiveboard.store.tallies import CallSums, TurnSums

from .answer import Answer, ratio, unknown
from .facts import Facts, Period, grouped, total

__all__ = ["cache_hits", "context_pressure", "cut_off", "prompt_parts", "turn_costs"]


def _calls(period: Period) -> CallSums:
    return total(period.calls, CallSums)


def cache_hits(facts: Facts) -> Answer:
    """Share of the tokens in that came from a prompt cache, of the calls that told it."""
    now, before = _calls(facts.current), _calls(facts.previous)
    value = ratio(now.cache_read, now.cache_tokens_in)
    if value is None:
        return unknown("No call told how many of its tokens came from a cache.")
    rows = [
        {"model": key[0] or None, "hits": ratio(row.cache_read, row.cache_tokens_in), "read": row.cache_read,
         "written": row.cache_write, "tokens_in": row.cache_tokens_in, "calls": row.cached}
        for key, row in grouped(facts.current.calls, 2).items() if row.cached
    ]  # fmt: skip
    return Answer(
        value=value,
        previous=ratio(before.cache_read, before.cache_tokens_in),
        explanation=f"{value:.0%} of {now.cache_tokens_in:,} tokens in came from a cache; {now.cached:,} of {now.calls:,} calls told.",
        trend=facts.trend(facts.series.calls, lambda row: ratio(row.cache_read, row.cache_tokens_in)),
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("model", "Model", "text"), ("hits", "From cache", "ratio"), ("read", "Tokens read", "tokens"),
            ("written", "Tokens written", "tokens"), ("tokens_in", "Tokens in", "tokens"), ("calls", "Calls that told", "calls"),
        ],
        rows=rows,
    )  # fmt: skip


def _turn_price(row: TurnSums) -> float | None:
    return ratio(row.cost_nano / 1e9, row.calls - row.unpriced)


def turn_costs(facts: Facts) -> Answer:
    """What a call costs late in a conversation, for each dollar of one in the first turn."""
    now, before = grouped(facts.current.turns, 0), grouped(facts.previous.turns, 0)
    value = _growth(now)
    if value is None:
        return unknown("No calls told their turn and cost, both of the first turn and of later ones.")
    steps = sorted(now)
    last = _named(steps[-1][0])
    return Answer(
        value=value,
        previous=_growth(before),
        explanation=f"A call in turn {last} costs {value:.1f} times one in the first turn ({amount(_turn_price(now[steps[0]]) or 0)}).",
        attention=value > 10,
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("turn", "Turn", "text"), ("calls", "Calls", "calls"), ("tokens_in", "Tokens in per call", "tokens"),
            ("tokens_out", "Tokens out per call", "tokens"), ("cost", "Cost per call", "usd"),
        ],
        rows=[
            {"turn": _named(step[0]), "calls": now[step].calls, "tokens_in": ratio(now[step].tokens_in, now[step].told_in),
             "tokens_out": ratio(now[step].tokens_out, now[step].told_out), "cost": _turn_price(now[step])}
            for step in steps
        ],
    )  # fmt: skip


def _growth(turns: dict[tuple[int, ...], TurnSums]) -> float | None:
    priced = {key[0]: price for key, row in turns.items() if (price := _turn_price(row))}
    if 0 not in priced or len(priced) < 2:
        return None
    return round(priced[max(priced)] / priced[0], 3)


def _named(step: int) -> str:
    first, last = turn_of_step(step)
    return str(first) if first == last else f"{first}-{last}"


def context_pressure(facts: Facts) -> Answer:
    """Share of the calls that fill most of their context window, of those that told."""
    now, before = _calls(facts.current), _calls(facts.previous)
    value = ratio(now.tight, now.context_told)
    if value is None:
        return unknown("No call told how much of its context window it filled.")
    rows = [
        {"agent": key[0], "name": key[1] or None, "tight": ratio(row.tight, row.context_told),
         "mean": ratio(row.context_pct / 100, row.context_told), "calls": row.context_told}
        for key, row in grouped(facts.current.calls, 0, 1).items() if row.context_told
    ]  # fmt: skip
    mean = ratio(now.context_pct / 100, now.context_told) or 0.0
    return Answer(
        value=value,
        previous=ratio(before.tight, before.context_told),
        explanation=f"{now.tight:,} of {now.context_told:,} calls filled {TIGHT_PCT} % of their window or more; the mean is {mean:.0%}.",
        attention=value >= 0.1,
        trend=facts.trend(facts.series.calls, lambda row: ratio(row.context_pct / 100, row.context_told)),
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("agent", "Agent", "text"), ("name", "Call", "text"), ("tight", "Nearly full", "ratio"),
            ("mean", "Mean filling", "ratio"), ("calls", "Calls that told", "calls"),
        ],
        rows=sorted(rows, key=lambda row: (-(row["tight"] or 0), -(row["mean"] or 0))),
    )  # fmt: skip


def prompt_parts(facts: Facts) -> Answer:
    """What prompts are made of: the share of history, of the calls that told their parts."""
    now, before = _calls(facts.current), _calls(facts.previous)
    value = _history(now)
    if value is None:
        return unknown("No call told what its prompt is made of.")
    rows = [
        {"name": key[0] or None, "system": ratio(row.system_tokens, row.composed), "history": ratio(row.history_tokens, row.composed),
         "tools": ratio(row.tool_tokens, row.composed), "calls": row.composed}
        for key, row in grouped(facts.current.calls, 1).items() if row.composed
    ]  # fmt: skip
    whole = now.system_tokens + now.history_tokens + now.tool_tokens
    return Answer(
        value=value,
        previous=_history(before),
        explanation=f"{value:.0%} of what was told of prompts is history, {now.system_tokens / whole:.0%} the system prompt, "
        f"{now.tool_tokens / whole:.0%} answers of tools.",
        attention=value > 0.8,
        trend=facts.trend(facts.series.calls, _history),
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("name", "Call", "text"), ("system", "System prompt", "tokens"), ("history", "History", "tokens"),
            ("tools", "Tool answers", "tokens"), ("calls", "Calls that told", "calls"),
        ],
        rows=rows,
    )  # fmt: skip


def _history(row: CallSums) -> float | None:
    return ratio(row.history_tokens, row.system_tokens + row.history_tokens + row.tool_tokens)


def cut_off(facts: Facts) -> Answer:
    """Share of the answers that ended because no more tokens were allowed, of the calls that told why they ended."""
    now, before = _calls(facts.current), _calls(facts.previous)
    value = ratio(now.truncated, now.stopped)
    if value is None:
        return unknown("No call told why its answer ended.")
    rows = [
        {"model": key[0] or None, "name": key[1] or None, "truncated": row.truncated, "calls": row.stopped,
         "rate": ratio(row.truncated, row.stopped)}
        for key, row in grouped(facts.current.calls, 2, 1).items() if row.stopped
    ]  # fmt: skip
    rows.sort(key=lambda row: -(row["truncated"] or 0))
    worst = f", most of {one_line(str(rows[0]['name'] or rows[0]['model']))}" if now.truncated else ""
    return Answer(
        value=value,
        previous=ratio(before.truncated, before.stopped),
        explanation=f"{now.truncated:,} of {now.stopped:,} answers were cut off{worst}.",
        attention=value >= 0.02,
        trend=facts.trend(facts.series.calls, lambda row: ratio(row.truncated, row.stopped)),
        evidence=[facts.links.view("costs", "Calls", range=facts.range)],
        columns=[
            ("model", "Model", "text"), ("name", "Call", "text"), ("truncated", "Cut off", "calls"),
            ("calls", "Calls that told", "calls"), ("rate", "Share", "ratio"),
        ],
        rows=rows,
    )  # fmt: skip

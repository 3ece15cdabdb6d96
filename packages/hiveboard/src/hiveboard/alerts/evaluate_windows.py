"""Conditions of sums over time: error rate, cost, budget."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hiveboard.instant import MINUTE_US, SECOND_US, format_instant
from hiveboard.projections.time_range import recent_span
from hiveboard.store import Span
from hiveboard.store.rows import OutcomeRow, UsageRow

from .condition import Budget, CostThreshold, ErrorRate, Filters
from .finding import Finding
from .wording import duration_words, link, money_words, name_words, percent_words

__all__ = ["budget_span", "budget_steps", "costly", "error_rates", "window_span"]

_WIDTH = 5 * MINUTE_US


def window_span(window_seconds: float, now: int) -> Span:
    """The window that ends now, as counters keep it: from the five minutes in which it began."""
    return recent_span(round(window_seconds * SECOND_US), _WIDTH, now)


def budget_span(condition: Budget, now: int) -> Span:
    """From the beginning of this day or month (UTC) until the five minutes that run are over."""
    moment = datetime.fromtimestamp(now // SECOND_US, UTC)
    start = moment.replace(hour=0, minute=0, second=0)
    if condition.period == "month":
        start = start.replace(day=1)
    return Span(round(start.timestamp()) * SECOND_US, now - now % _WIDTH + _WIDTH, _WIDTH)


def _key(agent_id: str | int | None, per: str) -> str:
    return str(agent_id) if per == "agent" else ""


def _who(agent_id: str) -> str:
    return f" of agent {name_words(agent_id)}" if agent_id else ""


def _nano(rows: Iterable[UsageRow], filters: Filters, per: str) -> dict[str, int]:
    """Billionths of a dollar by agent, or under an empty name all together."""
    sums: dict[str, int] = {}
    for row in rows:
        if filters.task_type in (None, row.group[1]):
            key = _key(row.group[0], per)
            sums[key] = sums.get(key, 0) + row.reported_nano + row.estimated_nano
    return sums


def error_rates(
    rows: Iterable[OutcomeRow], condition: ErrorRate, filters: Filters, span: Span
) -> list[Finding]:
    """Where too large a part of the runs that ended failed. Rows are grouped by agent and type of task."""
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        if filters.task_type in (None, row.group[1]):
            key = _key(row.group[0], condition.per)
            completed, failed = sums.get(key, (0, 0))
            sums[key] = completed + row.completed, failed + row.failed
    found = []
    for agent_id, (completed, failed) in sums.items():
        finished = completed + failed
        percent = 100 * failed / finished if finished else 0.0
        if finished < condition.min_tasks or percent <= condition.threshold_percent:
            continue
        window = duration_words(condition.window_seconds * SECOND_US)
        found.append(
            Finding(
                subject=agent_id,
                cooldown_key=agent_id,
                since=span.since,
                title=f"{percent_words(percent)} of the tasks{_who(agent_id)} fail",
                text=f"{failed:,} of {finished:,} runs that ended within {window} failed; the limit is "
                f"{percent_words(condition.threshold_percent)}.",
                path=link("tasks", status="failed", agent=agent_id or None),
                value=round(percent, 3),
                threshold=condition.threshold_percent,
                unit="percent",
                agent_id=agent_id or None,
            )
        )
    return found


def costly(rows: Iterable[UsageRow], condition: CostThreshold, filters: Filters, span: Span) -> list[Finding]:
    """Where model calls cost too much. Rows are grouped by agent and type of task."""
    found = []
    for agent_id, nano in _nano(rows, filters, condition.per).items():
        usd = nano / 1e9
        if usd <= condition.threshold_usd:
            continue
        window = duration_words(condition.window_seconds * SECOND_US)
        found.append(
            Finding(
                subject=agent_id,
                cooldown_key=agent_id,
                since=span.since,
                title=f"Model calls{_who(agent_id)} cost {money_words(usd)} within {window}",
                text=f"The limit is {money_words(condition.threshold_usd)}. Counted since {format_instant(span.since)}; "
                "calls without a known price are not in the sum.",
                path=link("costs", agent=agent_id or None),
                value=usd,
                threshold=condition.threshold_usd,
                unit="usd",
                agent_id=agent_id or None,
            )
        )
    return found


def budget_steps(rows: Iterable[UsageRow], condition: Budget, filters: Filters, span: Span) -> list[Finding]:
    """Every step that was reached in this period; only the highest of each agent is loud."""
    found = []
    for agent_id, nano in _nano(rows, filters, condition.per).items():
        usd = nano / 1e9
        reached = [step for step in condition.steps if usd * 100 >= condition.limit_usd * step]
        for step in reached:
            found.append(
                Finding(
                    subject=f"{span.since}/{step}/{agent_id}",
                    cooldown_key=f"{span.since}/{step}/{agent_id}",
                    since=span.since,
                    title=f"{step} % of the budget{_who(agent_id)} for this {condition.period} is spent",
                    text=f"{money_words(usd)} of {money_words(condition.limit_usd)} since {format_instant(span.since)} "
                    f"({percent_words(100 * usd / condition.limit_usd)}). Calls without a known price are not in the sum.",
                    path=link("costs", agent=agent_id or None),
                    value=usd,
                    threshold=condition.limit_usd * step / 100,
                    unit="usd",
                    agent_id=agent_id or None,
                    is_quiet=step != reached[-1],
                )
            )
    return found

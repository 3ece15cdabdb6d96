"""Metrics: a summary, a series of aligned buckets, and groups."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import HOUR_US, format_instant
from hiveboard.store import Span
from hiveboard.store.rows import ActivityRow, Counts, OutcomeRow, UsageRow

from .cost import estimated_part, known_cost, known_tokens
from .time_range import bucket_starts

__all__ = [
    "METRICS",
    "MetricGroup",
    "MetricPoint",
    "MetricSummary",
    "metric_groups",
    "metric_series",
    "metric_summary",
]

#: What ``metric`` can be; it decides the order of groups.
METRICS = ("cost", "tokens", "tasks", "duration")


class MetricPoint(Struct, kw_only=True):
    """One bucket. Cost in US dollars (null: nothing was priced), ``estimated_cost`` the part of it that was estimated, durations in milliseconds, throughput in finished tasks per hour."""

    timestamp: str
    tasks_completed: int
    tasks_failed: int
    success_rate: float | None
    avg_duration_ms: float | None
    cost: float | None
    estimated_cost: float | None
    llm_call_count: int
    tokens_in: int | None
    tokens_out: int | None
    error_count: int
    event_count: int
    throughput: float


class MetricSummary(Struct, kw_only=True):
    """The whole range. ``total_tasks`` are those that finished in it, those lost in it and those open now; ``other`` ended as neither success nor failure.

    ``processing``, ``waiting``, ``stuck`` and ``open_escalated`` count the open runs by the status a list of runs gives
    them, and add up to ``open_tasks``; ``lost`` runs are none of them. ``escalated`` counts runs that were ever escalated, finished or open;
    ``stuck_agents`` agents whose status is stuck. Tokens are null when there were calls and none told them.
    """

    total_tasks: int
    completed: int
    failed: int
    other: int
    open_tasks: int
    processing: int
    waiting: int
    stuck: int
    open_escalated: int
    lost: int
    escalated: int
    stuck_agents: int
    success_rate: float | None
    avg_duration_ms: float | None
    total_cost: float | None
    estimated_cost: float | None
    avg_cost_per_task: float | None
    llm_call_count: int
    tokens_in: int | None
    tokens_out: int | None


class MetricGroup(Struct, kw_only=True):
    """One agent, model, pair of both, or version; the fields that do not apply are null. By model, tasks are not counted."""

    agent: str | None
    model: str | None
    version: str | None
    tasks_completed: int | None
    tasks_failed: int | None
    success_rate: float | None
    avg_duration_ms: float | None
    total_cost: float | None
    estimated_cost: float | None
    llm_call_count: int
    tokens_in: int | None
    tokens_out: int | None


def _rate(completed: int, failed: int) -> float | None:
    return round(completed / (completed + failed), 6) if completed + failed else None


def _average(total: int, count: int) -> float | None:
    return round(total / count, 3) if count else None


def metric_series(
    usage: list[UsageRow], outcomes: list[OutcomeRow], activity: list[ActivityRow], span: Span
) -> list[MetricPoint]:
    """One point per bucket of the span, the empty ones too. Rows are grouped by bucket."""
    usage_at = {row.group[0]: row for row in usage}
    outcomes_at = {row.group[0]: row for row in outcomes}
    activity_at = {row.group[0]: row for row in activity}
    hours = span.width / HOUR_US
    points = []
    for start in bucket_starts(span):
        calls, done, seen = usage_at.get(start), outcomes_at.get(start), activity_at.get(start)
        completed, failed = (done.completed, done.failed) if done else (0, 0)
        tokens_in, tokens_out = known_tokens(calls)
        points.append(
            MetricPoint(
                timestamp=format_instant(start),
                tasks_completed=completed,
                tasks_failed=failed,
                success_rate=_rate(completed, failed),
                avg_duration_ms=_average(done.duration_ms, done.timed) if done else None,
                cost=known_cost(calls),
                estimated_cost=estimated_part(calls),
                llm_call_count=calls.calls if calls else 0,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                error_count=seen.errors if seen else 0,
                event_count=seen.events - seen.heartbeats if seen else 0,
                throughput=round((completed + failed) / hours, 3),
            )
        )
    return points


def metric_summary(usage: UsageRow, outcomes: OutcomeRow, counts: Counts, stuck_agents: int) -> MetricSummary:
    """The range in numbers."""
    finished = outcomes.completed + outcomes.failed + outcomes.other
    cost = known_cost(usage)
    tokens_in, tokens_out = known_tokens(usage)
    return MetricSummary(
        total_tasks=finished + counts.lost + counts.open_tasks,
        completed=outcomes.completed,
        failed=outcomes.failed,
        other=outcomes.other,
        open_tasks=counts.open_tasks,
        processing=counts.processing,
        waiting=counts.waiting,
        stuck=counts.stuck,
        open_escalated=counts.escalated,
        lost=counts.lost,
        escalated=outcomes.escalated + counts.ever_escalated,
        stuck_agents=stuck_agents,
        success_rate=_rate(outcomes.completed, outcomes.failed),
        avg_duration_ms=_average(outcomes.duration_ms, outcomes.timed),
        total_cost=cost,
        estimated_cost=estimated_part(usage),
        avg_cost_per_task=round(cost / finished, 9) if cost is not None and finished else None,
        llm_call_count=usage.calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )


def metric_groups(
    by: tuple[str, ...], usage: list[UsageRow], outcomes: list[OutcomeRow] | None, metric: str
) -> list[MetricGroup]:
    """Groups by the dimensions in ``by``, the largest in ``metric`` first. ``outcomes`` None: tasks do not apply."""
    usage_of = {row.group: row for row in usage}
    outcomes_of = {row.group: row for row in outcomes or []}
    groups = []
    for key in dict.fromkeys([*usage_of, *outcomes_of]):
        names = dict(zip(by, key, strict=True))
        calls, done = usage_of.get(key), outcomes_of.get(key)
        tokens_in, tokens_out = known_tokens(calls)
        groups.append(
            MetricGroup(
                agent=_name(names, "agent"),
                model=_name(names, "model"),
                version=_name(names, "version"),
                tasks_completed=None if outcomes is None else done.completed if done else 0,
                tasks_failed=None if outcomes is None else done.failed if done else 0,
                success_rate=_rate(done.completed, done.failed) if done else None,
                avg_duration_ms=_average(done.duration_ms, done.timed) if done else None,
                total_cost=known_cost(calls),
                estimated_cost=estimated_part(calls),
                llm_call_count=calls.calls if calls else 0,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
            )
        )
    groups.sort(
        key=lambda group: (-_weight(group, metric), group.agent or "", group.model or "", group.version or "")
    )
    return groups


def _name(names: dict[str, str | int | None], dimension: str) -> str | None:
    value = names.get(dimension)
    return None if value is None or value == "" else str(value)


def _weight(group: MetricGroup, metric: str) -> float:
    if metric == "tokens":
        return (group.tokens_in or 0) + (group.tokens_out or 0)
    if metric == "tasks":
        return (group.tasks_completed or 0) + (group.tasks_failed or 0)
    if metric == "duration":
        return group.avg_duration_ms or 0
    return group.total_cost or 0

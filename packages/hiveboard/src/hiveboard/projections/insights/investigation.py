"""What happened there? The questions of an investigation."""

from __future__ import annotations

from hiveboard.projections.links import Evidence, run_evidence
from hiveboard.projections.wording import duration, one_line, plural
from hiveboard.store.rows import TaskRow, UsageRow
from hiveboard.store.tallies import ActionSums, RunSums

from .answer import Answer, ratio, unknown
from .facts import Facts, Period, grouped, total

__all__ = [
    "failed_plans",
    "failed_tools",
    "models_called",
    "people_asked",
    "share",
    "step_durations",
    "steps_taken",
    "trouble_count",
]


def _run_rows(rows: list[TaskRow]) -> list[dict[str, object]]:
    """Runs as rows of a breakdown."""
    return [
        {
            "task": row.state.task_id,
            "run": row.state.task_run_id,
            "agent": row.state.agent_id,
            "outcome": row.state.outcome,
            "duration_ms": row.state.duration_ms,
            "actions": row.state.actions,
            "llm_calls": row.state.llm_calls,
            "cost": None if row.state.cost_nano is None else row.state.cost_nano / 1e9,
            "error": row.state.error,
        }
        for row in rows
    ]


_RUN_COLUMNS = [
    ("task", "Task", "text"), ("agent", "Agent", "text"), ("outcome", "Outcome", "text"),
    ("duration_ms", "Took", "ms"), ("actions", "Actions", "steps"), ("llm_calls", "Model calls", "calls"),
    ("cost", "Cost", "usd"), ("error", "Error", "text"),
]  # fmt: skip


def trouble_count(period: Period, *what: str) -> int:
    """Events of some kinds of trouble."""
    return sum(row.events for row in period.troubles if row.group[1] in what)


def _actions(period: Period) -> ActionSums:
    return total(period.actions, ActionSums)


def _steps_per_run(period: Period) -> float | None:
    actions = _actions(period)
    steps = actions.completed + actions.failed + actions.other + total(period.usage, UsageRow).calls
    return ratio(steps, total(period.runs, RunSums).runs)


def steps_taken(facts: Facts) -> Answer:
    """Question 10."""
    value = _steps_per_run(facts.current)
    if value is None:
        return unknown("No run ended in this period.")
    return Answer(
        value=round(value, 3),
        previous=_steps_per_run(facts.previous),
        explanation=f"A run took {value:.1f} actions and model calls on average; each is told step by step.",
        evidence=run_evidence(facts.links, facts.at.newest_runs),
        columns=_RUN_COLUMNS,
        rows=_run_rows(facts.at.newest_runs[:50]),
    )


def failed_plans(facts: Facts) -> Answer:
    """Question 11."""
    failed, before = (trouble_count(period, "plan_step") for period in (facts.current, facts.previous))
    replans = trouble_count(facts.current, "plan_created")
    rows = grouped([row for row in facts.current.troubles if row.group[1] == "plan_step"], 0, 2)
    return Answer(
        value=failed,
        previous=before,
        explanation=f"{plural(failed, 'plan step')} failed and {plural(replans, 'plan')} replaced an earlier one.",
        attention=failed > 0,
        evidence=_of_events(facts, "failed_steps"),
        columns=[("agent", "Agent", "text"), ("step", "Step", "text"), ("failed", "Failed", "steps")],
        rows=[{"agent": key[0], "step": key[1], "failed": row.events} for key, row in rows.items()],
    )


def _of_events(facts: Facts, name: str) -> list[Evidence]:
    """Runs of some events, each once."""
    runs = {
        (one.record.task_id, one.record.task_run_id): None
        for one in getattr(facts.at, name)
        if one.record.task_id
    }
    return [facts.links.run(task_id, run_id) for task_id, run_id in list(runs)[:5] if task_id]


def failed_tools(facts: Facts) -> Answer:
    """Question 12."""
    now = grouped(facts.current.actions, 0, 1)
    if not now:
        return unknown("No action ended in this period.")
    failed = [(key, row) for key, row in now.items() if row.failed]
    failed.sort(key=lambda item: (-item[1].failed, str(item[0])))
    count = sum(row.failed for _, row in failed)
    worst = f", most often {one_line(failed[0][0][1])} of {one_line(failed[0][0][0])}" if failed else ""
    return Answer(
        value=count,
        previous=_actions(facts.previous).failed,
        explanation=f"{plural(count, 'action')} failed{worst}.",
        attention=count > 0,
        evidence=_of_events(facts, "failed_actions") or [facts.links.view("activity", "Errors", feed="error")],
        columns=[
            ("agent", "Agent", "text"), ("action", "Action", "text"), ("failed", "Failed", "steps"),
            ("ended", "Ended", "steps"), ("rate", "Failure rate", "ratio"), ("failed_ms", "Time in failures", "ms"),
        ],
        rows=[
            {
                "agent": agent,
                "action": name,
                "failed": row.failed,
                "ended": row.completed + row.failed + row.other,
                "rate": ratio(row.failed, row.completed + row.failed),
                "failed_ms": row.failed_ms,
            }
            for (agent, name), row in failed
        ],
    )  # fmt: skip


def models_called(facts: Facts) -> Answer:
    """Question 13."""
    usage = total(facts.current.usage, UsageRow)
    by_name = grouped(facts.current.calls, 2, 1)
    if not usage.calls:
        return unknown("No model was called in this period.")
    models = {key[0] for key in by_name}
    return Answer(
        value=usage.calls,
        previous=total(facts.previous.usage, UsageRow).calls,
        explanation=f"{plural(usage.calls, 'call')} of {plural(len(models), 'model')}; prompts and answers are with each call.",
        trend=facts.trend(facts.series.usage, lambda row: row.calls, 0),
        evidence=[facts.links.view("costs", "Calls with prompts and answers", range=facts.range)],
        columns=[
            ("model", "Model", "text"), ("name", "Call", "text"), ("calls", "Calls", "calls"),
            ("tokens_in", "Tokens in", "tokens"), ("tokens_out", "Tokens out", "tokens"),
        ],
        rows=[
            {
                "model": model or None,
                "name": name or None,
                "calls": row.calls,
                "tokens_in": row.tokens_in if row.told_in else None,
                "tokens_out": row.tokens_out if row.told_out else None,
            }
            for (model, name), row in by_name.items()
        ],
    )  # fmt: skip


def step_durations(facts: Facts) -> Answer:
    """Question 14."""
    rows = grouped(facts.current.actions, 1)
    ended = [(name, row, row.completed + row.failed + row.other) for (name,), row in rows.items()]
    value = _mean_ms(facts.current)
    if value is None:
        return unknown("No action ended in this period.")
    slowest = max(ended, key=lambda one: one[1].duration_ms / one[2])
    return Answer(
        value=value,
        previous=_mean_ms(facts.previous),
        explanation=f"An action took {duration(round(value))} on average; {one_line(slowest[0])} took longest with "
        f"{duration(round(slowest[1].duration_ms / slowest[2]))}.",
        evidence=run_evidence(facts.links, sorted(facts.at.newest_runs, key=lambda r: -(r.state.duration_ms or 0))),
        columns=[
            ("action", "Action", "text"), ("ended", "Ended", "steps"), ("mean_ms", "Mean", "ms"), ("total_ms", "Together", "ms"),
        ],
        rows=[
            {"action": name, "ended": count, "mean_ms": round(row.duration_ms / count, 1), "total_ms": row.duration_ms}
            for name, row, count in sorted(ended, key=lambda one: (-one[1].duration_ms, one[0]))
        ],
    )  # fmt: skip


def _mean_ms(period: Period) -> float | None:
    actions = _actions(period)
    mean = ratio(actions.duration_ms, actions.completed + actions.failed + actions.other)
    return None if mean is None else round(mean, 1)


def people_asked(facts: Facts) -> Answer:
    """Question 15."""
    now, before = total(facts.current.runs, RunSums), total(facts.previous.runs, RunSums)
    open_now = facts.at.counts.ever_escalated
    pending = facts.at.approvals
    if not now.runs and not open_now and not pending and not facts.at.counts.open_tasks:
        return unknown("No run was under way in this period.")
    rows = [
        {"agent": key[0], "escalated": row.escalated, "handled": row.handled}
        for key, row in grouped(facts.current.runs, 0).items()
        if row.escalated or row.handled
    ]
    return Answer(
        value=now.escalated + open_now,
        previous=before.escalated,
        explanation=f"{plural(now.escalated + open_now, 'run')} escalated, {now.handled:,} ended ones asked for approval, "
        f"and {plural(len(pending), 'request')} waiting now.",
        attention=bool(pending),
        evidence=[facts.links.view("pipeline", "Approvals")]
        + [facts.links.run(one.task_id, one.task_run_id) for one in pending[:4] if one.task_id],
        columns=[
            ("agent", "Agent", "text"),
            ("escalated", "Escalated", "runs"),
            ("handled", "Asked people", "runs"),
        ],
        rows=rows,
    )


def share(facts: Facts) -> Answer:
    """Question 16."""
    runs = total(facts.current.runs, RunSums).runs
    return Answer(
        value=runs,
        previous=total(facts.previous.runs, RunSums).runs,
        explanation=f"Yes: each of the {plural(runs, 'run')} that ended here has an address of its own that opens its story.",
        evidence=run_evidence(facts.links, facts.at.failed_runs or facts.at.newest_runs),
        columns=_RUN_COLUMNS,
        rows=_run_rows(facts.at.newest_runs[:50]),
    )

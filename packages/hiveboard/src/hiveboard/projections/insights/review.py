"""Does it get better? The questions of a review."""

from __future__ import annotations

from hiveboard.projections.cost import known_cost
from hiveboard.projections.wording import amount, duration, one_line, plural
from hiveboard.store.insight_reading import duration_of_step
from hiveboard.store.rows import OutcomeRow
from hiveboard.store.tallies import DurationSums

from .answer import Answer, ratio, unknown
from .facts import Facts, Period, grouped, total
from .glance import finished
from .money import cost_of, cost_per_run, spent

__all__ = [
    "agents_in_production",
    "cost_each",
    "deploys",
    "durations",
    "fails_most",
    "quantile",
    "return_on_cost",
    "success_rate",
    "total_cost",
]

_NOTHING_ENDED = "No run completed or failed in this period."


def rate(row: OutcomeRow) -> float | None:
    """Completed of those that completed or failed."""
    return ratio(row.completed, row.completed + row.failed)


def success_rate(facts: Facts) -> Answer:
    """Question 29."""
    now, before = total(facts.current.outcomes, OutcomeRow), total(facts.previous.outcomes, OutcomeRow)
    value = rate(now)
    if value is None:
        return unknown(_NOTHING_ENDED)
    earlier = rate(before)
    return Answer(
        value=value,
        previous=earlier,
        explanation=f"{now.completed:,} of {plural(now.completed + now.failed, 'run')} completed.",
        attention=value < 0.9 or (earlier is not None and value < earlier - 0.05),
        trend=facts.trend(facts.series.outcomes, rate),
        evidence=[facts.links.view("tasks", "Failed runs", status="failed")],
        columns=[
            ("task_type", "Type", "text"), ("rate", "Success rate", "ratio"), ("completed", "Completed", "runs"), ("failed", "Failed", "runs"),
        ],
        rows=[
            {"task_type": key[0], "rate": rate(row), "completed": row.completed, "failed": row.failed}
            for key, row in grouped(facts.current.outcomes, 1).items()
        ],
    )  # fmt: skip


def quantile(rows: list[DurationSums], share: float) -> float | None:
    """A quantile of durations in milliseconds, at most 19 per cent off and mostly far less; None of no runs.

    The step is the last of a row's group; within a step runs are taken as spread evenly.
    """
    by_step = sorted((int(row.group[-1]), row.runs) for row in rows)
    wanted, seen = share * sum(runs for _, runs in by_step), 0
    for step, runs in by_step:
        if seen + runs >= wanted:
            return round(duration_of_step(step, (wanted - seen) / runs), 1)
        seen += runs
    return None


def durations(facts: Facts) -> Answer:
    """Question 30."""
    now, before = facts.current.durations, facts.previous.durations
    value, slow, earlier = quantile(now, 0.5), quantile(now, 0.95), quantile(before, 0.5)
    if value is None or slow is None:
        return unknown(_NOTHING_ENDED)
    types = list(dict.fromkeys(row.group[0] for row in now))
    rows = []
    for name in types:
        own, old = ([row for row in rows_ if row.group[0] == name] for rows_ in (now, before))
        rows.append(
            {
                "task_type": name, "runs": sum(row.runs for row in own), "p50": quantile(own, 0.5),
                "p95": quantile(own, 0.95), "p50_before": quantile(old, 0.5), "p95_before": quantile(old, 0.95),
            }
        )  # fmt: skip
    return Answer(
        value=value,
        previous=earlier,
        explanation=f"Half of the runs took at most {duration(round(value))}, 95 of 100 at most {duration(round(slow))}.",
        attention=earlier is not None and value > earlier * 1.25,
        trend=facts.trend(facts.series.outcomes, lambda row: ratio(row.duration_ms, row.timed)),
        evidence=[facts.links.view("tasks", "The longest runs", sort="duration")],
        columns=[
            ("task_type", "Type", "text"), ("runs", "Runs", "runs"), ("p50", "Median", "ms"), ("p95", "95th", "ms"),
            ("p50_before", "Median before", "ms"), ("p95_before", "95th before", "ms"),
        ],
        rows=sorted(rows, key=lambda row: -(row["runs"] or 0)),
    )  # fmt: skip


def fails_most(facts: Facts) -> Answer:
    """Question 31."""
    rows = grouped(facts.current.outcomes, 0)
    if not any(row.completed + row.failed for row in rows.values()):
        return unknown(_NOTHING_ENDED)
    before = grouped(facts.previous.outcomes, 0)
    order = sorted(rows.items(), key=lambda item: (-item[1].failed, item[0][0]))
    (worst,), row = order[0]
    text = f"{one_line(worst)} failed {plural(row.failed, 'run')} of {row.completed + row.failed:,}."
    return Answer(
        value=row.failed,
        previous=before[(worst,)].failed if (worst,) in before else 0,
        explanation=text if row.failed else "No agent failed a run.",
        attention=row.failed > 0,
        evidence=[facts.links.view("tasks", one_line(worst), agent=worst, status="failed")] if row.failed else [],
        columns=[
            ("agent", "Agent", "text"), ("failed", "Failed", "runs"), ("completed", "Completed", "runs"), ("rate", "Success rate", "ratio"),
        ],
        rows=[
            {"agent": key[0], "failed": row.failed, "completed": row.completed, "rate": rate(row)} for key, row in order
        ],
    )  # fmt: skip


def deploys(facts: Facts) -> Answer:
    """Question 32: success rate of the versions agents run now, minus that of the versions they ran before."""
    versions: dict[object, str | None] = {view.agent_id: view.agent_version for view in facts.at.views}
    both = [*facts.current.outcomes, *facts.previous.outcomes]
    newest = [row for row in both if row.group[2] == versions.get(row.group[0])]
    older = [row for row in both if row.group[2] != versions.get(row.group[0])]
    new, old = rate(total(newest, OutcomeRow)), rate(total(older, OutcomeRow))
    if new is None or old is None:
        return unknown("In this period and the one before, no agent ended runs with two versions.")
    costs = grouped([*facts.current.usage, *facts.previous.usage], 0, 2)
    rows = [
        {
            "agent": agent,
            "version": version,
            "current": versions.get(agent) == version,
            "runs": finished(row),
            "rate": rate(row),
            "mean_ms": ratio(row.duration_ms, row.timed),
            "cost_per_run": ratio(cost_of(costs.get((agent, version))), finished(row)),
        }
        for (agent, version), row in grouped(both, 0, 2).items()
    ]
    return Answer(
        value=round(new - old, 6),
        explanation=f"{new:.1%} of the runs of current versions completed, {old:.1%} of those of earlier ones.",
        attention=new < old - 0.05,
        evidence=[facts.links.view("tasks", "Runs")],
        columns=[
            ("agent", "Agent", "text"), ("version", "Version", "text"), ("current", "Current", "flag"), ("runs", "Runs", "runs"),
            ("rate", "Success rate", "ratio"), ("mean_ms", "Mean", "ms"), ("cost_per_run", "Cost per run", "usd"),
        ],
        rows=sorted(rows, key=lambda row: (str(row["agent"]), not row["current"], str(row["version"]))),
    )  # fmt: skip


def total_cost(facts: Facts) -> Answer:
    """Question 33."""
    value = known_cost(facts.lifetime)
    if value is None:
        return unknown("No call has a known cost." if facts.lifetime.calls else "No model was ever called.")
    in_period = spent(facts.current)
    told = f"; {amount(in_period)} of it in this period" if in_period is not None else ""
    return Answer(
        value=value,
        explanation=f"{amount(value)} since the first event that is kept{told}.",
        evidence=[facts.links.view("costs", "Costs", range="30d")],
        columns=[("what", "What", "text"), ("cost", "Cost", "usd"), ("calls", "Calls", "calls")],
        rows=[
            {"what": "reported", "cost": facts.lifetime.reported_nano / 1e9, "calls": None},
            {"what": "estimated", "cost": facts.lifetime.estimated_nano / 1e9, "calls": None},
            {"what": "without price", "cost": None, "calls": facts.lifetime.unpriced},
        ],
    )


def cost_each(facts: Facts) -> Answer:
    """Question 34."""
    value, before = cost_per_run(facts.current), cost_per_run(facts.previous)
    if value is None:
        return unknown("No run ended in this period, or no call has a known cost.")
    costs = {row.group[0]: cost_of(row) for row in facts.series.usage}
    usage, outcomes = grouped(facts.current.usage, 3), grouped(facts.current.outcomes, 1)
    return Answer(
        value=value,
        previous=before,
        explanation=f"A run cost {amount(value)} on average"
        + (f", {amount(before)} before." if before is not None else "."),
        attention=before is not None and before > 0 and value > 1.5 * before,
        trend=facts.trend(
            facts.series.outcomes, lambda row: ratio(costs.get(row.group[0], 0.0), finished(row))
        ),
        evidence=[facts.links.view("tasks", "The dearest runs", sort="cost")],
        columns=[
            ("task_type", "Type", "text"),
            ("cost_per_run", "Cost per run", "usd"),
            ("runs", "Runs", "runs"),
        ],
        rows=[
            {
                "task_type": key[0],
                "cost_per_run": ratio(cost_of(usage.get(key)), finished(row)),
                "runs": finished(row),
            }
            for key, row in outcomes.items()
        ],
    )


def _per_dollar(period: Period) -> float | None:
    value = ratio(total(period.outcomes, OutcomeRow).completed, spent(period))
    return None if value is None else round(value, 3)


def return_on_cost(facts: Facts) -> Answer:
    """Question 35: completed runs for each dollar. What a run is worth only its owner can say."""
    value = _per_dollar(facts.current)
    if value is None:
        return unknown("Nothing in this period has a known cost above nothing.")
    usage, outcomes = grouped(facts.current.usage, 0), grouped(facts.current.outcomes, 0)
    completed, cost = total(facts.current.outcomes, OutcomeRow).completed, spent(facts.current)
    each = f", {amount((cost or 0) / completed)} each" if completed else ""
    return Answer(
        value=value,
        previous=_per_dollar(facts.previous),
        explanation=f"{plural(completed, 'run')} completed for {amount(cost or 0)}{each}, the failed ones paid along.",
        evidence=[facts.links.view("costs", "Costs", range=facts.range)],
        columns=[
            ("agent", "Agent", "text"), ("completed", "Completed", "runs"), ("cost", "Cost", "usd"), ("cost_per_success", "Cost per completed run", "usd"),
        ],
        rows=[
            {
                "agent": key[0], "completed": row.completed, "cost": cost_of(usage.get(key)),
                "cost_per_success": ratio(cost_of(usage.get(key)), row.completed),
            }
            for key, row in outcomes.items()
        ],
    )  # fmt: skip


def agents_in_production(facts: Facts) -> Answer:
    """Question 36."""
    places: dict[str, list[str]] = {}
    for view in facts.at.views:
        for name in view.environments:
            places.setdefault(name, []).append(view.agent_id)
    if not places:
        return unknown("No agent has been seen here yet.")
    count = len(places.get("production", []))
    return Answer(
        value=count,
        explanation=f"{plural(count, 'agent')} seen in production, {plural(len(facts.at.views), 'agent')} in all.",
        evidence=[facts.links.view("fleet", "Production", environment="production")],
        columns=[("environment", "Environment", "text"), ("agents", "Agents", "agents")],
        rows=[{"environment": name, "agents": len(found)} for name, found in sorted(places.items())],
    )

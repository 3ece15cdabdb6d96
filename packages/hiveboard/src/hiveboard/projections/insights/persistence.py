"""How agents deal with failure: what they try again and why, whether they get over it, and what it costs."""

from __future__ import annotations

from hiveboard.projections.wording import amount, one_line, plural
from hiveboard.store.tallies import RunSums

from .answer import Answer, ratio, unknown
from .facts import Facts, grouped, total
from .investigation import trouble_count

__all__ = ["retry_rate", "self_correction", "waste"]


def retry_rate(facts: Facts) -> Answer:
    """Share of the ended runs that tried something again."""
    now, before = total(facts.current.runs, RunSums), total(facts.previous.runs, RunSums)
    value = ratio(now.retried, now.runs)
    if value is None:
        return unknown("No run ended in this period.")
    rows = grouped([row for row in facts.current.troubles if row.group[1] == "retry_started"], 0, 2)
    runs = grouped(facts.current.runs, 0)
    most = next(iter(rows), None)
    why = f"; most often {one_line(most[0])} because of {one_line(most[1])}" if most else ""
    return Answer(
        value=value,
        previous=ratio(before.retried, before.runs),
        explanation=f"{now.retried:,} of {plural(now.runs, 'run')} tried again, {plural(now.retries, 'retry').replace('retrys', 'retries')}{why}.",
        attention=value >= 0.2,
        trend=facts.trend(facts.series.runs, lambda row: ratio(row.retried, row.runs)),
        evidence=[facts.links.run(row.state.task_id, row.state.task_run_id) for row in facts.at.newest_runs if row.state.retries][:5],
        columns=[
            ("agent", "Agent", "text"), ("reason", "Reason", "text"), ("retries", "Retries", "events"),
            ("rate", "Runs of the agent that retried", "ratio"), ("waited_ms", "Waited", "ms"),
        ],
        rows=[
            {
                "agent": agent, "reason": reason, "retries": row.events,
                "rate": ratio(runs[(agent,)].retried, runs[(agent,)].runs) if (agent,) in runs else None,
                "waited_ms": row.waited_ms if row.waits else None,
            }
            for (agent, reason), row in rows.items()
        ],
    )  # fmt: skip


def self_correction(facts: Facts) -> Answer:
    """Share of the runs with an error or a retry that completed all the same."""
    now, before = total(facts.current.runs, RunSums), total(facts.previous.runs, RunSums)
    value = ratio(now.mended, now.troubled)
    if value is None:
        return unknown(
            "No run that ended in this period had an error or a retry."
            if now.runs
            else "No run ended in this period."
        )
    learned = trouble_count(facts.current, "learning")
    rows = [
        {
            "agent": key[0],
            "troubled": row.troubled,
            "mended": row.mended,
            "rate": ratio(row.mended, row.troubled),
        }
        for key, row in grouped(facts.current.runs, 0).items()
        if row.troubled
    ]
    return Answer(
        value=value,
        previous=ratio(before.mended, before.troubled),
        explanation=f"{now.mended:,} of {plural(now.troubled, 'run')} with an error or a retry completed all the same; "
        f"{plural(learned, 'lesson')} noted.",
        attention=value < 0.5,
        trend=facts.trend(facts.series.runs, lambda row: ratio(row.mended, row.troubled)),
        evidence=[facts.links.view("tasks", "Runs")],
        columns=[
            ("agent", "Agent", "text"), ("troubled", "With trouble", "runs"), ("mended", "Completed all the same", "runs"), ("rate", "Share", "ratio"),
        ],
        rows=sorted(rows, key=lambda row: (row["rate"], row["agent"])),
    )  # fmt: skip


def waste(facts: Facts) -> Answer:
    """Money of failed and abandoned runs, of failed attempts, and of calls repeated word for word."""
    found = facts.waste
    if found.cost is None:
        return unknown("What was wasted has no known price.")
    blind = f" {plural(found.unpriced, 'part')} of it without a price." if found.unpriced else ""
    runs = sum(one.failed.runs + one.abandoned.runs for one in found.agents)
    return Answer(
        value=found.cost,
        previous=facts.previous_waste.cost,
        explanation=f"{amount(found.cost)} and {found.minutes:,.1f} minutes led nowhere: {plural(runs, 'run')} failed or abandoned, "
        f"and {plural(len(found.repeated), 'completed run')} with attempts or calls in vain.{blind}",
        attention=found.cost > 0 or found.minutes > 0,
        trend=facts.trend(facts.series.runs, lambda row: (row.failed_nano + row.other_nano) / 1e9, 0.0),
        evidence=[
            facts.links.run(row.state.task_id, row.state.task_run_id)
            for row in [*facts.at.failed_runs[:3], *(row for row, _ in found.repeated[:3])]
        ],
        columns=[
            ("agent", "Agent", "text"), ("cost", "Cost", "usd"), ("minutes", "Minutes", "minutes"),
            ("failed_runs", "Failed runs", "runs"), ("failed_cost", "Their cost", "usd"), ("failed_minutes", "Their minutes", "minutes"),
            ("abandoned_runs", "Abandoned runs", "runs"), ("abandoned_cost", "Their cost", "usd"), ("abandoned_minutes", "Their minutes", "minutes"),
            ("retry_cost", "Failed attempts", "usd"), ("retry_minutes", "Minutes in them", "minutes"),
            ("loop_cost", "Repeated calls", "usd"), ("loop_minutes", "Minutes in them", "minutes"),
            ("retry_wait_minutes", "Waited before retries", "minutes"),
        ],
        rows=[
            {
                "agent": one.agent_id, "cost": one.cost, "minutes": one.minutes,
                "failed_runs": one.failed.runs, "failed_cost": one.failed.cost, "failed_minutes": one.failed.minutes,
                "abandoned_runs": one.abandoned.runs, "abandoned_cost": one.abandoned.cost,
                "abandoned_minutes": one.abandoned.minutes,
                "retry_cost": one.retries.cost, "retry_minutes": one.retries.minutes,
                "loop_cost": one.loops.cost, "loop_minutes": one.loops.minutes,
                "retry_wait_minutes": one.retry_wait_minutes,
            }
            for one in found.agents
        ],
    )  # fmt: skip

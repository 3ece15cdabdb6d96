"""Every question, in the order in which they are asked, and the insight its answer becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import (
    fleet_health,
    glance,
    hidden,
    investigation,
    optimization,
    persistence,
    prompts,
    review,
    workload,
)
from .answer import MAX_ROWS, Answer, Breakdown, Column, Insight
from .facts import Facts

__all__ = ["GROUPS", "QUESTIONS", "Question", "breakdown", "insight"]

GROUPS = ("glance", "investigation", "optimization", "review")
_SHOWN_EVIDENCE = 5


class Question(NamedTuple):
    """One question: its id, its number in the catalogue, its wording, the unit of its answer, and who answers."""

    id: str
    number: int | None
    group: str
    text: str
    unit: str
    answer: Callable[[Facts], Answer]


_G, _I, _O, _R = GROUPS

QUESTIONS = (
    Question("agents-running", 1, _G, "Are my agents running?", "agents", glance.agents_running),
    Question("needs-attention", 2, _G, "Does anything need my attention?", "items", glance.needs_attention),
    Question("stuck", 3, _G, "Is anything stuck?", "agents", glance.stuck),
    Question("work-flowing", 4, _G, "Is work flowing?", "per_hour", glance.work_flowing),
    Question("happening-now", 5, _G, "Is anything happening right now?", "seconds", glance.happening_now),
    Question("current-work", 6, _G, "What are the agents doing right now?", "runs", workload.current_work),
    Question("heartbeats", 7, _G, "Are the heartbeats healthy?", "ratio", workload.heartbeats),
    Question("pending-work", 8, _G, "Is there pending work?", "items", workload.pending_work),
    Question("reported-problems", 9, _G, "Have agents reported problems?", "issues", workload.reported_problems),
    Question("steps-taken", 10, _I, "What steps did the runs take?", "steps", investigation.steps_taken),
    Question("failed-plans", 11, _I, "What was the plan, and where did it fail?", "steps", investigation.failed_plans),
    Question("failed-tools", 12, _I, "Which tool failed?", "steps", investigation.failed_tools),
    Question("models-called", 13, _I, "Which model was called, and what did it see?", "calls", investigation.models_called),
    Question("step-durations", 14, _I, "How long did each step take?", "ms", investigation.step_durations),
    Question("people-asked", 15, _I, "Was anything escalated or put to a person?", "runs", investigation.people_asked),
    Question("share", 16, _I, "Can I share this investigation?", "runs", investigation.share),
    Question("cost", 17, _O, "How much are my agents costing me?", "usd", optimization.cost_of_agents),
    Question("expensive-models", 18, _O, "Are expensive models used for cheap work?", "usd", optimization.expensive_models),
    Question("cost-change", 19, _O, "Why did costs change?", "usd", optimization.cost_change),
    Question("prompt-bloat", 20, _O, "Is there prompt bloat?", "ratio", optimization.prompt_bloat),
    Question("similar-agents", 21, _O, "Do similar agents cost different amounts?", "ratio", optimization.similar_agents),
    Question("dropped-work", 22, _O, "Is work silently dropped?", "findings", hidden.dropped_work),
    Question("idle-with-queue", 23, _O, "Does a queue grow while its agent is idle?", "agents", hidden.idle_with_queue),
    Question("refused-calls", 24, _O, "Do credentials fail silently?", "calls", hidden.refused_calls),
    Question("heartbeat-drift", 25, _O, "Does a heartbeat say less than it used to?", "findings", hidden.heartbeat_drift),
    Question("approvals-waiting", 26, _O, "Do approvals back up?", "items", hidden.approvals_waiting),
    Question("failing-action", 27, _O, "Which action fails again and again?", "ratio", hidden.failing_action),
    Question("recurring-issues", 28, _O, "Does the same issue recur unresolved?", "issues", hidden.recurring_issues),
    Question("cache-hits", None, _O, "How much of the prompts comes from a cache?", "ratio", prompts.cache_hits),
    Question("turn-costs", None, _O, "Do later turns of a conversation cost more?", "ratio", prompts.turn_costs),
    Question("context-pressure", None, _O, "Do prompts fill their context windows?", "ratio", prompts.context_pressure),
    Question("prompt-parts", None, _O, "What are prompts made of?", "ratio", prompts.prompt_parts),
    Question("cut-off", None, _O, "Are answers cut off?", "ratio", prompts.cut_off),
    Question("retry-rate", None, _O, "How often do runs try again, and why?", "ratio", persistence.retry_rate),
    Question("waste", None, _O, "What money and time led nowhere?", "usd", persistence.waste),
    Question("success-rate", 29, _R, "Is my success rate improving?", "ratio", review.success_rate),
    Question("durations", 30, _R, "Are runs getting faster or slower?", "ms", review.durations),
    Question("fails-most", 31, _R, "Which agent fails most?", "runs", review.fails_most),
    Question("deploys", 32, _R, "Is it better after deploys?", "ratio", review.deploys),
    Question("total-cost", 33, _R, "What has it all cost?", "usd", review.total_cost),
    Question("cost-per-run", 34, _R, "How does the cost of a run develop?", "usd", review.cost_each),
    Question("return", 35, _R, "Can I prove that it pays?", "runs_per_usd", review.return_on_cost),
    Question("in-production", 36, _R, "How many agents are in production?", "agents", review.agents_in_production),
    Question("fleet-health", 37, _R, "How healthy is the fleet?", "points", fleet_health.fleet_health),
    Question("ready-to-scale", 38, _R, "Is it ready to scale?", "checks", fleet_health.ready_to_scale),
    Question("self-correction", None, _R, "Do agents get over their errors by themselves?", "ratio", persistence.self_correction),
)  # fmt: skip


def insight(question: Question, facts: Facts) -> Insight:
    """The question answered."""
    return Insight(**_fields(question, question.answer(facts)))  # type: ignore[arg-type]


def breakdown(question: Question, facts: Facts) -> Breakdown:
    """The question answered, with the rows behind it."""
    answer = question.answer(facts)
    rows = answer.rows() if callable(answer.rows) else answer.rows
    return Breakdown(
        **_fields(question, answer),  # type: ignore[arg-type]
        columns=[Column(key=key, title=title, unit=unit) for key, title, unit in answer.columns],
        rows=rows[:MAX_ROWS],
        rows_omitted=max(0, len(rows) - MAX_ROWS),
    )


def _fields(question: Question, answer: Answer) -> dict[str, object]:
    value, previous = answer.value, answer.previous
    known = value is not None and previous is not None
    return {
        "id": question.id,
        "number": question.number,
        "group": question.group,
        "question": question.text,
        "value": value,
        "unit": question.unit,
        "previous": previous if value is not None else None,
        "change": round(value - previous, 9)
        if known and value is not None and previous is not None
        else None,
        "trend": answer.trend,
        "state": "unknown" if value is None else "attention" if answer.attention else "ok",
        "explanation": answer.explanation,
        "evidence": answer.evidence[:_SHOWN_EVIDENCE],
    }

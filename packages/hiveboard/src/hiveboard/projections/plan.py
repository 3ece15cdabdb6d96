"""What the agent meant to do: its plans, revision by revision, and how far each step got."""

from __future__ import annotations

from typing import Any

from hiveloop.payloads import PlanCreated, PlanStep
from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store.values import count_of, dict_of, text_in, text_of

from .action_tree import Told

__all__ = ["Plan", "PlanStepView", "current_plan", "plan_history"]

_MAX_STEPS = 1_000
_ACTIONS = ("started", "completed", "failed", "skipped")


class PlanStepView(Struct, kw_only=True):
    """One step. ``action`` is pending, started, completed, failed or skipped; ``summary`` what was last said of it."""

    step_index: int
    description: str | None
    action: str
    started_at: str | None
    completed_at: str | None
    turns: int | None
    tokens: int | None
    summary: str | None


class Plan(Struct, kw_only=True):
    """One revision of a plan."""

    goal: str | None
    revision: int
    created_at: str
    total_steps: int
    steps: list[PlanStepView]


def current_plan(told: Told) -> Plan | None:
    """The plan that was made last, None when there is none."""
    history = plan_history(told)
    return history[-1] if history else None


def plan_history(told: Told) -> list[Plan]:
    """Every plan in the order they were made. A step counts for the revision it names, else for the plan of its time."""
    plans: list[Plan] = []
    pending: list[tuple[str, dict[str, Any], Plan | None]] = []
    for event, payload in told:
        record = event.record
        if record.kind == PlanCreated.kind:
            plans.append(_plan(payload, len(plans), format_instant(record.ts)))
        elif record.kind == PlanStep.kind:
            pending.append((format_instant(record.ts), payload, plans[-1] if plans else None))
    by_revision = {plan.revision: plan for plan in plans}
    for at, payload, at_that_time in pending:
        revision = count_of(dict_of(payload.get("data")).get("plan_revision"), 10**9)
        plan = at_that_time if revision is None else by_revision.get(revision)
        if plan is not None:
            _apply(plan, at, payload)
    return plans


def _plan(payload: dict[str, Any], position: int, created_at: str) -> Plan:
    data = dict_of(payload.get("data"))
    given = data.get("steps")
    steps = [
        _step(item, index) for index, item in enumerate(given[:_MAX_STEPS] if isinstance(given, list) else [])
    ]
    revision = count_of(data.get("revision"), 10**9)
    return Plan(
        goal=text_in(data, "goal") or text_in(payload, "summary"),
        revision=position if revision is None else revision,
        created_at=created_at,
        total_steps=len(steps),
        steps=steps,
    )


def _step(item: Any, position: int) -> PlanStepView:
    fields = dict_of(item)
    index = count_of(fields.get("index"), 10**9)
    if index is None:
        index = count_of(fields.get("step_index"), 10**9)
    return PlanStepView(
        step_index=position if index is None else index,
        description=text_of(item) or text_in(fields, "description"),
        action="pending",
        started_at=None,
        completed_at=None,
        turns=None,
        tokens=None,
        summary=None,
    )


def _apply(plan: Plan, at: str, payload: dict[str, Any]) -> None:
    data = dict_of(payload.get("data"))
    index = count_of(data.get("step_index"), 10**9)
    action = text_in(data, "action")
    step = next((step for step in plan.steps if step.step_index == index), None)
    if step is None or action not in _ACTIONS:
        return
    step.action = action
    if action == "started":
        step.started_at, step.completed_at = step.started_at or at, None
    else:
        step.completed_at = at
    step.turns = count_of(data.get("turns"), 10**9) if data.get("turns") is not None else step.turns
    step.tokens = count_of(data.get("tokens"), 10**12) if data.get("tokens") is not None else step.tokens
    step.summary = text_in(payload, "summary") or step.summary

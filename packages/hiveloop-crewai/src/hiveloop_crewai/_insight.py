"""Plans, memory, knowledge, summaries, training and hooks: what is told beside the steps."""

from __future__ import annotations

from hiveloop import Agent

from . import _translate as translate
from ._facts import STOP_SOURCE, Fact
from ._plan import Plan, steps_in, unnamed, with_step
from ._tree import Node, Run

__all__ = [
    "tell_compaction",
    "tell_goal_achieved",
    "tell_hook",
    "tell_learning",
    "tell_memory",
    "tell_plan",
    "tell_planned_tasks",
    "tell_replan",
    "tell_step_completed",
    "tell_step_started",
]

#: The hooks of this adapter are the user's own gates: what they stop is told by the task that ends. CrewAI names them by
#: their functions, and the stop itself by the source it carries.
_OWN_HOOKS = frozenset({"before_model", "before_tool", "after_tool", STOP_SOURCE})


def _place(parent: Node | None) -> tuple[str | None, Agent | None]:
    return (parent.scope, parent.actor) if parent is not None else (None, None)


# -- plans --


def tell_plan(node: Node, fact: Fact) -> None:
    """An agent has reasoned out a plan."""
    run, data = node.run, fact.data
    if run is None:
        return
    revision = 0 if run.plan is None else run.plan.revision + 1
    steps = steps_in(data["plan"])
    # Without content only how many there are: what is not kept cannot be sent later either.
    run.plan = Plan(steps if data["told"] else unnamed(len(steps)), revision)
    goal = data["goal"] or (node.role or "plan")
    run.emit(translate.plan_created(goal, run.plan, node.scope), fact.at, node.actor)


def tell_planned_tasks(node: Node, fact: Fact) -> None:
    """The crew's planner has written a plan per task (``planning=True``)."""
    plans, run = fact.data.get("plans"), node.run
    if plans and run is not None:
        run.plan = Plan(tuple(plans), 0)
        goal = f"Plan of {node.root.crew or 'the crew'}"
        run.emit(translate.plan_created(goal, run.plan, node.scope), fact.at, node.actor)


def tell_step_started(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A step of the plan begins."""
    _tell_step(parent, fact, run, "started")


def tell_step_completed(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A step of the plan ended."""
    _tell_step(parent, fact, run, "completed" if fact.data["success"] else "failed")


def _tell_step(parent: Node | None, fact: Fact, run: Run | None, action: str) -> None:
    number = fact.data["number"]
    if run is None or number is None:
        return
    index, text = max(0, number - 1), fact.data["description"]
    plan = with_step(run.plan or Plan((), 0), index, text or f"step {number}")
    done = plan.done if action == "started" else plan.done | {index}
    run.plan = plan._replace(done=done)
    error = fact.data["error"] if fact.data["told"] else None
    scope, actor = _place(parent)
    run.emit(translate.plan_step(index, action, text, run.plan, scope, error), fact.at, actor)


def tell_replan(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """The rest of the plan is thrown away; the steps done stay."""
    if run is None or run.plan is None:
        return
    kept = tuple(step for index, step in enumerate(run.plan.steps) if index in run.plan.done)
    run.plan = Plan(kept, run.plan.revision + 1, frozenset(range(len(kept))))
    scope, actor = _place(parent)
    goal = fact.data["reason"] or "New plan"
    run.emit(translate.plan_created(goal[:200], run.plan, scope), fact.at, actor)


def tell_goal_achieved(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """The goal is reached before the plan is through: what is left is skipped."""
    if run is None or run.plan is None:
        return
    scope, actor = _place(parent)
    for index in range(len(run.plan.steps)):
        if index not in run.plan.done:
            event = translate.plan_step(index, "skipped", None, run.plan, scope)
            run.emit(event, fact.at, actor)


# -- the rest --


def tell_memory(node: Node, fact: Fact) -> None:
    """Memory or knowledge was asked or written, or could not be."""
    if node.run is None:
        return
    data = fact.data
    store, _, operation = node.kind.partition("_")
    about = {
        "store": store,
        "key_or_query": data.get("asked"),
        "result_count": data.get("found"),
        "latency_ms": data.get("latency_ms"),
        "error": data.get("error") if data.get("told") else None,
        "failed": True if data.get("error") else None,
    }
    scope = node.parent.scope if node.parent is not None else None
    node.run.emit(translate.memory_op(scope, operation, about), fact.at, node.actor)


def tell_compaction(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """The conversation was summarised, or could not be, before it grew too long."""
    if run is None:
        return
    failed = fact.data["error"] is not None
    scope, actor = _place(parent)
    about = {"model": fact.data["model"], "status": "failed" if failed else "completed"}
    run.emit(translate.context_compaction(scope, "preflight", about), fact.at, actor)


def tell_learning(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """Training, testing or evaluation said something."""
    data = fact.data
    if run is None:
        return
    error = data["error"] if data["told"] else None
    about = {
        "trigger": data["what"],
        "category": data["what"].split("_")[1] if "_" in data["what"] else data["what"],
        "description": " ".join(part for part in (data["what"].replace("_", " "), data["crew"]) if part),
        "role": data["role"],
        "error": error,
        **data["about"],
    }
    run.emit(
        translate.learning(about["description"], about), fact.at, parent.actor if parent is not None else None
    )


def tell_hook(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A hook of the program stopped a call."""
    data = fact.data
    if run is None or data["outcome"] != "aborted" or data["source"] in _OWN_HOOKS:
        return
    scope, actor = _place(parent)
    about = {
        "detector": "crewai_hook",
        "message": data["reason"],
        "point": data["point"],
        "hook": data["source"],
    }
    run.emit(translate.anomaly(scope, about), fact.at, actor)

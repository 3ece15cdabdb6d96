"""Plans: a graph's nodes as steps, and the ledger of Magentic-One as plan, replans and instructions."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from hiveloop.adapters import contained
from hiveloop.adapters.preview import ARGUMENT_CHARS, preview

from . import _translate as translate
from ._extract import task_text
from ._nodes import RunNode, here

__all__ = ["graph_plan", "graph_step", "ledger_said", "magentic_plan", "steps_of"]

_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+(.*\S)")
_MARKS = re.compile(r"[*_`#]+")
_WORDS = re.compile(r"\w+")
_STEP_CHARS = 200
_MAX_STEPS = 100
_LEDGER = "Progress Ledger: "
_MIN_MATCH_CHARS = 12


class Plan:
    """A team's plan as last told."""

    __slots__ = ("ledger", "ledger_tries", "revision", "steps")

    def __init__(self, steps: list[str], revision: int) -> None:
        self.steps = steps
        self.revision = revision
        self.ledger: Mapping[str, Any] = {}
        self.ledger_tries = 1


# -- graphs --


def graph_plan(node: RunNode, goal: str | None) -> None:
    """A team that follows a graph: its nodes in the order they can run."""
    nodes = getattr(getattr(node.subject, "_graph", None), "nodes", None)
    if not isinstance(nodes, Mapping) or not nodes:
        return
    node.plan = Plan(_in_order(nodes)[:_MAX_STEPS], 0)
    node.work.emit(translate.plan_created(goal or node.name, node.plan.steps, 0, node.action_id))


def _in_order(nodes: Mapping[str, Any]) -> list[str]:
    """Breadth first from the nodes nobody leads to; those only a cycle reaches come last."""
    leads = {name: [edge.target for edge in found.edges] for name, found in nodes.items()}
    targets = {target for found in leads.values() for target in found}
    ordered = [name for name in nodes if name not in targets]
    for name in ordered:
        ordered += [target for target in leads.get(name, ()) if target not in ordered]
    return [*ordered, *(name for name in nodes if name not in ordered)]


def graph_step(team: Any, name: str, action: str) -> None:
    """A node of the graph started, completed or failed."""
    plan = team.plan if isinstance(team, RunNode) else None
    if isinstance(plan, Plan) and hasattr(team.subject, "_graph") and name in plan.steps:
        index = plan.steps.index(name)
        team.work.emit(
            translate.plan_step(index, len(plan.steps), action, name, plan.revision, team.action_id)
        )


# -- Magentic-One --


def _team() -> RunNode | None:
    node = here()
    while node is not None and not (isinstance(node, RunNode) and node.kind == "team"):
        node = node.parent
    return node


def steps_of(text: str) -> list[str]:
    """The bullets of a plan written in Markdown; where there are none, the plan itself is the one step."""
    found = [_BULLET.match(line) for line in text.splitlines()]
    steps = [_MARKS.sub("", match.group(1)).strip() for match in found if match is not None]
    steps = [preview(step, _STEP_CHARS) for step in steps if step]
    return steps[:_MAX_STEPS] or ([preview(text.strip(), _STEP_CHARS)] if text.strip() else [])


@contained
def magentic_plan(orchestrator: Any) -> None:
    """The orchestrator has (re)planned and begins to work by it."""
    node = _team()
    if node is None:
        return
    before = node.plan if isinstance(node.plan, Plan) else None
    steps = steps_of(str(orchestrator._plan))
    goal = task_text(str(orchestrator._task), ARGUMENT_CHARS)
    if not node.root.capture:
        steps, goal = [f"step {number}" for number in range(1, len(steps) + 1)], node.name
    plan = node.plan = Plan(steps, 0 if before is None else before.revision + 1)
    node.work.emit(translate.plan_created(goal or node.name, steps, plan.revision, node.action_id))


@contained
def ledger_said(orchestrator: Any, text: Any) -> None:
    """The orchestrator's own log: what its ledger holds, whom it asks next, and that it is stuck."""
    node = _team()
    plan = node.plan if node is not None else None
    if node is None or not isinstance(plan, Plan) or not isinstance(text, str):
        return
    if text.startswith(_LEDGER):
        plan.ledger, plan.ledger_tries = _read_ledger(text), 1
    elif text.startswith(("Invalid ledger", "Failed to parse ledger")):
        plan.ledger_tries += 1
        node.work.emit(
            translate.retry_started(node.action_id, "progress ledger", plan.ledger_tries, "invalid ledger")
        )
    elif text.startswith("Next Speaker"):
        _tell_instruction(node, plan)
    elif text.startswith("Stall count exceeded"):
        _tell_stall(node, plan, orchestrator)


def _read_ledger(text: str) -> Mapping[str, Any]:
    try:
        found = ast.literal_eval(text[len(_LEDGER) :]) if len(text) < 20_000 else {}
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        found = {}
    return found if isinstance(found, dict) else {}


def _entry(plan: Plan, name: str, key: str) -> Any:
    entry = plan.ledger.get(name)
    return entry.get(key) if isinstance(entry, Mapping) else None


def _tell_instruction(node: RunNode, plan: Plan) -> None:
    said = _entry(plan, "instruction_or_question", "answer")
    text = preview(said, ARGUMENT_CHARS) if isinstance(said, str) and node.root.capture else None
    index = _matching_step(plan.steps, said) if text else None
    if index is not None:
        step = plan.steps[index]
        node.work.emit(
            translate.plan_step(index, len(plan.steps), "started", step, plan.revision, node.action_id)
        )
    else:
        node.work.emit(translate.instruction(node.name, text, node.action_id))


def _matching_step(steps: list[str], said: Any) -> int | None:
    """The one step an instruction quotes or is quoted by; anything less certain is no match."""
    words = " ".join(_WORDS.findall(str(said).lower()))
    found = []
    for index, step in enumerate(steps):
        plain = " ".join(_WORDS.findall(step.lower()))
        if min(len(plain), len(words)) >= _MIN_MATCH_CHARS and (plain in words or words in plain):
            found.append(index)
    return found[0] if len(found) == 1 else None


def _tell_stall(node: RunNode, plan: Plan, orchestrator: Any) -> None:
    reason = f"stalled {orchestrator._n_stalls}/{orchestrator._max_stalls}"
    why = _entry(plan, "is_progress_being_made", "reason")
    if node.root.capture and isinstance(why, str):
        reason = f"{reason}: {preview(why, ARGUMENT_CHARS)}"
    node.work.emit(translate.retry_started(node.action_id, "plan", plan.revision + 2, reason))
    if plan.revision > 0:
        node.work.agent.report_issue(
            f"{node.name} is stalled again", category="stalled", issue_id=f"stalled-{node.name}"[:128]
        )

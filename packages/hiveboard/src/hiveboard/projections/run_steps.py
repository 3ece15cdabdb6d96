"""A run as a list of steps: actions, model calls, plans, retries, people, in the order they began and nested."""

from __future__ import annotations

from typing import Any

import msgspec
from hiveloop.payloads import Anomaly, Decision, Issue, PlanCreated, PlanStep, ToolCall
from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store.records import EventRecord
from hiveboard.store.values import count_of, dict_of, text_in

from .action_tree import ActionNode, LlmNode, Told, action_tree

__all__ = ["RunStep", "arguments_of", "run_steps"]

_ARGUMENTS = ("args", "arguments", "kwargs", "input", "inputs")
_MAX_SHOWN = 500
_MAX_LABEL = 256
_PEOPLE = ("escalated", "approval_requested", "approval_received", "retry_started")
_TOLD_KINDS = (PlanCreated.kind, PlanStep.kind, Issue.kind, Anomaly.kind, Decision.kind, ToolCall.kind)


class RunStep(Struct, kw_only=True):
    """One step. ``kind`` is what its adapter calls it, or action, llm, plan, retry, approval and so on.

    ``label`` is both in one, without saying the same word twice. ``status`` is null for what has none. Cost in US dollars, ``duration_ms`` in milliseconds; null is unknown.
    ``arguments`` is the beginning of what it was called with, as JSON.
    """

    event_id: str | None
    action_id: str | None
    depth: int
    kind: str
    name: str
    label: str = ""
    model: str | None = None
    status: str | None = None
    arguments: str | None = None
    started_at: str
    duration_ms: int | None = None
    cost: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    error: str | None = None


def arguments_of(payload: dict[str, Any]) -> str | None:
    """What an ``action_started`` says the action was called with: JSON with sorted keys; None when it does not say."""
    data = dict_of(payload.get("data"))
    for name in _ARGUMENTS:
        value = payload.get(name, data.get(name))
        if value is not None:
            return msgspec.json.encode(value, order="sorted").decode()
    return None


def _label(step: RunStep) -> str:
    return step.name if step.kind in step.name else f"{step.kind} {step.name}"


def run_steps(told: Told) -> tuple[list[RunStep], list[str | None]]:
    """The steps of a run's events, and of each all of its arguments (a step shows only their beginning)."""
    roots, loose = action_tree(told)
    given: dict[str, str | None] = {}
    markers: dict[str | None, list[tuple[RunStep, str | None]]] = {}
    actions = set()
    for event, payload in told:
        record = event.record
        if record.event_type == "action_started":
            key = record.action_id or record.event_id
            actions.add(key)
            given.setdefault(key, arguments_of(payload))
        elif record.event_type in _PEOPLE or record.kind in _TOLD_KINDS:
            markers.setdefault(record.action_id, []).append(_marker(record, payload))
    homeless = [step for owner, steps in markers.items() if owner not in actions for step in steps]
    at_root = [*homeless, *((_call(call, 0), None) for call in loose)]
    found: list[tuple[RunStep, str | None]] = []
    # A stack instead of recursion: each entry is what is still to come at its depth.
    waiting: list[Any] = [_siblings(roots, at_root)[::-1]]
    while waiting:
        level = waiting[-1]
        if not level:
            waiting.pop()
            continue
        item = level.pop()
        depth = len(waiting) - 1
        if isinstance(item, ActionNode):
            full = given.get(item.action_id)
            found.append((_action(item, depth, full), full))
            inner = [*markers.get(item.action_id, []), *((_call(call, 0), None) for call in item.llm_calls)]
            waiting.append(_siblings(item.children, inner)[::-1])
        else:
            item[0].depth = depth
            found.append(item)
    for step, _ in found:
        step.label = _label(step)
    return [step for step, _ in found], [full for _, full in found]


def _siblings(nodes: list[ActionNode], steps: list[tuple[RunStep, str | None]]) -> list[Any]:
    """In the order they began; of the same moment actions first."""
    timed: list[tuple[str, Any]] = [(node.started_at, node) for node in nodes]
    timed += [(step[0].started_at, step) for step in steps]
    # All are UTC and of one form but for their fractions, which begin alike.
    return [item for _, item in sorted(timed, key=lambda one: one[0].rstrip("Z"))]


def _action(node: ActionNode, depth: int, arguments: str | None) -> RunStep:
    return RunStep(
        event_id=None,
        action_id=node.action_id,
        depth=depth,
        kind=node.kind or "action",
        name=node.name,
        status=node.status,
        arguments=_shown(arguments),
        started_at=node.started_at,
        duration_ms=node.duration_ms,
        error=node.error,
    )


def _call(call: LlmNode, depth: int) -> RunStep:
    return RunStep(
        event_id=call.event_id,
        action_id=call.action_id,
        depth=depth,
        kind="llm",
        name=call.name or call.model or "model call",
        model=call.model,
        started_at=call.started_at,
        duration_ms=call.duration_ms,
        cost=call.cost,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
    )


def _shown(arguments: str | None) -> str | None:
    if arguments is None or len(arguments) <= _MAX_SHOWN:
        return arguments
    return arguments[:_MAX_SHOWN] + "…"


def _marker(record: EventRecord, payload: dict[str, Any]) -> tuple[RunStep, str | None]:
    """A step that is one event: a plan, a retry, a question to people, an issue, a decision, a tool told afterwards."""
    data = dict_of(payload.get("data"))
    what = record.kind or record.event_type
    kind, name, full = _naming(what, payload, data)
    step = RunStep(
        event_id=record.event_id,
        action_id=record.action_id,
        depth=0,
        kind=kind,
        name=name[:_MAX_LABEL],
        status=text_in(data, "decision") or text_in(payload, "decision")
        if what == "approval_received"
        else None,
        arguments=_shown(full),
        started_at=format_instant(record.ts),
        duration_ms=record.duration_ms,
        error=text_in(data, "error") if what == ToolCall.kind else None,
    )
    return step, full


def _naming(what: str, payload: dict[str, Any], data: dict[str, Any]) -> tuple[str, str, str | None]:
    """Kind, name and arguments of an event that is a step."""
    if what == PlanCreated.kind:
        revision = count_of(data.get("revision"), 10**9) or 0
        plan = {"goal": data.get("goal"), "steps": data.get("steps")}
        return "plan", "plan" if not revision else f"replan {revision}", _json(plan)
    if what == PlanStep.kind:
        index = count_of(data.get("step_index"), 10**9)
        number = "?" if index is None else index + 1
        return "plan step", f"plan step {number} {text_in(data, 'action') or 'changed'}", None
    if what == ToolCall.kind:
        return "tool", text_in(data, "name") or "tool", arguments_of({"data": data})
    if what == Decision.kind:
        return "decision", text_in(data, "name") or "decision", _json({"chosen": data.get("chosen")})
    if what == Anomaly.kind:
        return "anomaly", text_in(data, "detector") or "anomaly", None
    if what == Issue.kind:
        return "issue", text_in(data, "issue_id") or text_in(payload, "summary") or "issue", None
    names = {"retry_started": "retry", "escalated": "escalation"}
    return names.get(what, "approval"), names.get(what, what.replace("_", " ")), None


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()

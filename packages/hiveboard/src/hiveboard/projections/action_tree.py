"""What nested in what: actions by their parents, with the LLM calls where they happened."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hiveboard.instant import format_instant, format_optional
from hiveboard.store.fold_task import OUTCOMES
from hiveboard.store.records import EventRecord, StoredEvent
from hiveboard.store.rollup import action_failed, action_name
from hiveboard.store.values import dict_of, text_in

from .task_status import dollars

__all__ = ["ActionNode", "LlmNode", "Told", "action_kind", "action_tree"]

Told = list[tuple[StoredEvent, dict[str, Any]]]
_MAX_DEPTH = 100
_MAX_KIND = 64


class LlmNode(Struct, kw_only=True):
    """A model call at its place. ``started_at`` is reckoned back from its end by ``duration_ms``; cost in US dollars."""

    event_id: str
    action_id: str | None
    name: str | None
    model: str | None
    started_at: str
    completed_at: str
    duration_ms: int | None
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    cost_source: str | None


class ActionNode(Struct, kw_only=True):
    """One action. ``status`` is running, success, failed, cancelled, abandoned, aborted, or lost with its run; ``error`` its text.

    ``kind`` is what its adapter calls it (node, chain, agent, tool, retrieval); null for actions made by hand.
    """

    action_id: str
    parent_action_id: str | None
    name: str
    kind: str | None
    agent_id: str
    status: str
    started_at: str
    completed_at: str | None
    duration_ms: int | None
    llm_calls: list[LlmNode]
    error: str | None
    children: list[ActionNode]


class _Action:
    """The start and the end of one action, whichever came."""

    def __init__(self, first: StoredEvent) -> None:
        self.first = first.record
        self.start: tuple[EventRecord, dict[str, Any]] | None = None
        self.end: tuple[EventRecord, dict[str, Any]] | None = None
        self.parent: str | None = None
        self.llm_calls: list[LlmNode] = []

    def add(self, record: EventRecord, payload: dict[str, Any]) -> None:
        self.parent = self.parent or record.parent_action_id
        if record.event_type == "action_started":
            self.start = self.start or (record, payload)
        else:
            self.end = (record, payload)


def action_kind(payload: dict[str, Any]) -> str | None:
    """What an ``action_started`` says the action is, in lower case; None when it does not say."""
    kind = text_in(payload, "kind") or text_in(dict_of(payload.get("data")), "kind")
    return kind[:_MAX_KIND].lower() if kind else None


def action_tree(told: Told, *, is_lost: bool = False) -> tuple[list[ActionNode], list[LlmNode]]:
    """The roots in order of time, and the LLM calls that belong to no action of this run.

    What is still open in a run that ``is_lost`` does not run any more: it is lost as well.
    """
    actions: dict[str, _Action] = {}
    calls: list[LlmNode] = []
    for event, payload in told:
        record = event.record
        if record.event_type in ("action_started", "action_completed", "action_failed"):
            key = record.action_id or record.event_id
            actions.setdefault(key, _Action(event)).add(record, payload)
        elif record.kind == "llm_call":
            calls.append(_llm_node(record, payload))
    loose: list[LlmNode] = []
    for call in calls:
        owner = actions.get(call.action_id) if call.action_id is not None else None
        (loose if owner is None else owner.llm_calls).append(call)
    return _nest(actions, "lost" if is_lost else "running"), loose


def _nest(actions: dict[str, _Action], unfinished: str) -> list[ActionNode]:
    nodes = {key: _node(key, action, unfinished) for key, action in actions.items()}
    circular = _circular(actions)
    roots = []
    for key, action in actions.items():
        parent = action.parent
        if parent is None or parent not in nodes or key in circular:
            roots.append(nodes[key])
        else:
            nodes[parent].children.append(nodes[key])
    return _shallow(roots)


def _circular(actions: dict[str, _Action]) -> set[str]:
    """Actions whose parents lead back to themselves: they are shown as roots. Each action is looked at once."""
    circular: set[str] = set()
    done: set[str] = set()
    for key in actions:
        path: dict[str, int] = {}
        at: str | None = key
        while at is not None and at in actions and at not in done:
            if at in path:
                circular.update(list(path)[path[at] :])
                break
            path[at] = len(path)
            at = actions[at].parent
        done.update(path)
    return circular


def _shallow(roots: list[ActionNode]) -> list[ActionNode]:
    """Cut chains deeper than any reader can nest: what hangs lower moves up to the last level shown."""
    level = roots
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in node.children]
        if not level:
            return roots
    for node in level:
        below = list(node.children)
        node.children = []
        while below:
            child = below.pop(0)
            below[:0] = child.children
            child.children = []
            node.children.append(child)
    return roots


def _node(action_id: str, action: _Action, unfinished: str) -> ActionNode:
    record = action.start[0] if action.start else action.first
    end = action.end[0] if action.end else None
    payload = action.start[1] if action.start else (action.end[1] if action.end else {})
    duration = end.duration_ms if end is not None else None
    if duration is None and end is not None and action.start is not None:
        duration = max(0, (end.ts - record.ts) // 1000)
    started = record.ts
    if action.start is None and end is not None and duration is not None:
        started = end.ts - duration * 1000
    return ActionNode(
        action_id=action_id,
        parent_action_id=action.parent,
        name=action_name(payload),
        kind=action_kind(action.start[1]) if action.start else None,
        agent_id=record.agent_id,
        status=unfinished if action.end is None else _status(*action.end),
        started_at=format_instant(started),
        completed_at=format_optional(end.ts if end is not None else None),
        duration_ms=duration,
        llm_calls=action.llm_calls,
        error=_error(action),
        children=[],
    )


def _status(record: EventRecord, payload: dict[str, Any]) -> str:
    if action_failed(record.event_type, payload):
        return "failed"
    if record.status in OUTCOMES and record.status is not None:
        return record.status
    return "failed" if record.status in ("failure", "failed", "error") else "success"


def _error(action: _Action) -> str | None:
    if action.end is None or _status(*action.end) != "failed":
        return None
    payload = action.end[1]
    parts = [text_in(payload, "exception_type"), text_in(payload, "exception_message")]
    text = ": ".join(part for part in parts if part) or text_in(payload, "error")
    return text or "failed without a message"


def _llm_node(record: EventRecord, payload: dict[str, Any]) -> LlmNode:
    return LlmNode(
        event_id=record.event_id,
        action_id=record.action_id,
        name=text_in(dict_of(payload.get("data")), "name"),
        model=record.model,
        started_at=format_instant(record.ts - (record.duration_ms or 0) * 1000),
        completed_at=format_instant(record.ts),
        duration_ms=record.duration_ms,
        tokens_in=record.tokens_in,
        tokens_out=record.tokens_out,
        cost=dollars(record.cost_nano),
        cost_source=record.cost_source,
    )

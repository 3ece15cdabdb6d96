"""Questions to people: a run handed to somebody outside the team, and the input a user proxy waits for."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from hiveloop import Agent
from hiveloop.adapters import RunMap, contained
from hiveloop.adapters.preview import ARGUMENT_CHARS

from . import _translate as translate
from ._decision import decision_of
from ._extract import content_text, kind_of, task_text
from ._identity import participants_of
from ._nodes import Node, RunNode
from ._results import last_message

__all__ = ["answer_outside", "ask_input", "close_inputs", "hand_over", "waiting", "withdraw"]

_WAITING_TTL_SECONDS = 7 * 24 * 3600.0


class Asked(NamedTuple):
    """A team's question to somebody outside: the approval's id, who is asked, the team's agent, and who asked."""

    approval_id: str
    approver: str
    agent: Agent
    requested_by: str | None


#: Teams that stopped because they handed over to a person, by their id.
waiting: RunMap[Asked] = RunMap(10_000, _WAITING_TTL_SECONDS)


def hand_over(node: RunNode, payload: dict[str, Any]) -> None:
    """A team stopped with a handoff to somebody who is not in it: the work is escalated and waits for them."""
    message = last_message(node.result)
    target = getattr(message, "target", None)
    if kind_of(message) != "HandoffMessage" or not isinstance(target, str) or _is_inside(node, target):
        return
    reason = content_text(getattr(message, "content", None), ARGUMENT_CHARS) if node.root.capture else None
    approval_id = uuid.uuid4().hex
    details: dict[str, Any] = {"approver": target, "kind": "handoff"}
    source = getattr(message, "source", None)
    if isinstance(source, str):
        details["requested_by"] = source
    if reason:
        details["reason"] = reason
    node.work.emit(translate.escalated(target, reason))
    node.work.emit(
        translate.approval_requested(None, approval_id, f"{node.name} waits for {target}", details)
    )
    payload["awaiting"] = target
    if node.team_id is not None:
        by = details.get("requested_by")
        waiting.put(node.team_id, Asked(approval_id, target, node.work.agent, by))


def _is_inside(node: RunNode, target: str) -> bool:
    above: Node | None = node
    while above is not None:
        if target in participants_of(above.subject):
            return True
        above = above.parent
    return False


def answer_outside(node: RunNode, given: Any) -> None:
    """A team that waited for somebody goes on: what it is given is the answer."""
    team_id = getattr(node.subject, "_team_id", None)
    asked = waiting.pop(team_id) if isinstance(team_id, str) and given else None
    asked = asked or _asked_before(node.work.agent, given)
    if asked is None:
        return
    approval_id, target = asked.approval_id, asked.approver
    text = task_text(given, ARGUMENT_CHARS)
    details: dict[str, Any] = {"approved_by": target}
    if text and node.root.capture:
        details["answer"] = text
    node.work.emit(translate.approval_received(None, approval_id, decision_of(text), details))


def _asked_before(agent: Agent, given: Any) -> Asked | None:
    """The question that a handoff back from a person answers, where the team was made anew from its saved state.

    Where several teams of this agent wait for the same person, nothing says which of them it is.
    """
    message = given[-1] if isinstance(given, (list, tuple)) and given else given
    if kind_of(message) != "HandoffMessage":
        return None
    source, target = getattr(message, "source", None), getattr(message, "target", None)
    found = [
        (team_id, asked)
        for team_id, asked in waiting.items()
        if asked.agent.agent_id == agent.agent_id
        and asked.approver == source
        and asked.requested_by in (None, target)
    ]
    if len(found) != 1:
        return None
    return waiting.pop(found[0][0])


@contained
def withdraw(team: Any) -> None:
    """A team that waited for somebody was reset: nobody will answer any more."""
    team_id = getattr(team, "_team_id", None)
    asked = waiting.pop(team_id) if isinstance(team_id, str) else None
    if asked is not None:
        asked.agent.emit(translate.approval_received(None, asked.approval_id, "withdrawn", {}))


def ask_input(node: RunNode, request_id: str) -> None:
    """A user proxy waits for its person."""
    node.pending[request_id] = request_id
    summary = f"{node.name} is asked for input"
    details = {"approver": node.name, "kind": "input"}
    node.work.emit(translate.approval_requested(node.action_id, request_id, summary, details))


def close_inputs(node: RunNode, how: str | None) -> None:
    """The person answered, or (``how``) nobody will any more: error, cancelled, abandoned."""
    if not node.pending:
        return
    text = content_text(getattr(last_message(node.result), "content", None), ARGUMENT_CHARS)
    decision = decision_of(text) if how is None else how
    details: dict[str, Any] = {"approved_by": node.name} if how is None else {}
    if how is None and text and node.root.capture:
        details["answer"] = text
    for approval_id in list(node.pending.values()):
        node.work.emit(translate.approval_received(node.action_id, approval_id, decision, details))
    node.pending.clear()

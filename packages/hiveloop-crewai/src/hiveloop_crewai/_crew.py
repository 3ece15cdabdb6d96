"""What is told of a crew as a whole: its agents, their settings and queues, and that it failed or works again."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters import format_timestamp

from . import _translate as translate
from ._facts import Fact
from ._identity import Role, agent_of, slug
from ._tree import Node, Root

__all__ = ["announce", "clear_queue", "forget_issues", "leave_queue", "tell_failure", "tell_recovery"]

#: Issues this process has reported and not resolved, and whose they are: a crew that works again resolves its own.
_reported: dict[str, str] = {}


def announce(node: Node, fact: Fact) -> None:
    """Make every agent of the crew known, idle ones too, with what it is set up with and what waits for it."""
    root, data = node.root, fact.data
    node.data["stable_key"] = data["stable_key"]
    shared = {
        "crew": root.crew,
        "process": data["process"],
        "planning": data["planning"],
        "memory": data["memory"],
    }
    for member in data["members"]:
        root.members[member["id"]] = member["role"]
        about = {
            "model": member["model"],
            "tools": member["tools"],
            "max_turns": member["max_turns"],
            **shared,
        }
        _tell(
            root,
            member["role"],
            translate.config_snapshot(f"{member['role']} in {root.crew}", about),
            fact.at,
        )
    if root.manager is not None:
        _tell(
            root, root.manager, translate.config_snapshot(f"{root.manager} of {root.crew}", shared), fact.at
        )
    for task in data["tasks"]:
        role = root.manager or task["role"]
        if role is not None:
            about = {"summary": task["summary"], "input": task["input"]}
            root.queue[task["key"]] = (role, {name: text for name, text in about.items() if text is not None})
    for role in dict.fromkeys(role for role, _ in root.queue.values()):
        _tell_queue(root, role, fact.at)


def leave_queue(root: Root, key: str, at: float) -> None:
    """A task begins: it waits no longer."""
    waiting = root.queue.pop(key, None)
    if waiting is not None:
        _tell_queue(root, waiting[0], at)


def clear_queue(root: Root, at: float) -> None:
    """The crew is over: what has not begun never will."""
    roles = dict.fromkeys(role for role, _ in root.queue.values())
    root.queue.clear()
    for role in roles:
        _tell_queue(root, role, at)


def _tell_queue(root: Root, role: str, at: float) -> None:
    items: list[dict[str, Any]] = [
        {"id": key, **about} for key, (who, about) in root.queue.items() if who == role
    ]
    _tell(root, role, translate.queue_snapshot(items), at)


def _tell(root: Root, role: str, event: Any, at: float) -> None:
    event.timestamp = format_timestamp(at)
    event.correlation_id = root.id
    agent_of(Role(role, root.crew)).emit(event)


def _issue_id(node: Node) -> str:
    """The same for every kickoff of a crew, and another one for each crew."""
    return f"crew-{slug(node.root.crew or 'crew')}-{node.data.get('stable_key', '')}-failed"


def tell_failure(node: Node, fact: Fact) -> None:
    """A crew that fails is a problem that outlives its task, of the agent whose task failed."""
    role = node.data.get("failed_role")
    if role is None:
        return
    issue_id = _issue_id(node)
    _reported[issue_id] = role
    error = fact.data.get("error") if fact.data.get("told") else None
    agent_of(Role(role, node.root.crew)).report_issue(
        f"Crew {node.root.crew} failed" + (f": {error}"[:300] if error else ""),
        severity="high",
        issue_id=issue_id,
        category="crew_failed",
    )


def tell_recovery(node: Node) -> None:
    """A crew this process has seen failing works again."""
    issue_id = _issue_id(node)
    role = _reported.pop(issue_id, None)
    if role is not None:
        agent_of(Role(role, node.root.crew)).resolve_issue(
            f"Crew {node.root.crew} works again", issue_id=issue_id
        )


def forget_issues() -> None:
    """Nobody watches any more: whether a crew works again is not for us to say."""
    _reported.clear()

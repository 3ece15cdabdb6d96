"""Crews, tasks, lone agents and flows: which of them are HiveLoop tasks, whose, and how they end."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters import begin_task, end_task, format_timestamp

from . import _translate as translate
from ._actions import begin_action, end_action, explain, fail_action, spent_ms
from ._crew import announce, clear_queue, leave_queue, tell_failure, tell_recovery
from ._facts import Ambient, Fact
from ._identity import Role, agent_of, flow_agent
from ._settings import settings
from ._tree import Node, Root, Run

__all__ = ["end_run", "fail_run", "open_crew", "open_flow", "open_lite", "open_task", "own_task"]

_HIERARCHICAL = "hierarchical"
_MANAGER = "Crew Manager"
_PLANNER = "Task Execution Planner"


def attach(node: Node, ambient: Ambient | None) -> bool:
    """Join the HiveLoop task the program has opened around the framework, where there is one."""
    if node.run is None and ambient is not None:
        task = ambient.task
        node.run = Run(task.agent, task, False, node.root, node.at)
        node.scope = ambient.action_id
    return node.run is not None and not node.run.owned and node.run.task is not None


def open_crew(node: Node, fact: Fact) -> None:
    """A kickoff: its agents become known with their queues. It is no task itself; inside one it is an action."""
    data = fact.data
    node.root = Root(node.root.id, data["crew"])
    if data["process"] == _HIERARCHICAL:
        node.root.manager = data["manager"] or _MANAGER
    attach(node, fact.ambient)
    if node.run is not None and node.run.task is not None:
        begin_action(node, "crew", f"crew:{data['crew']}", {"process": data["process"]})
    announce(node, fact)


def open_task(node: Node, fact: Fact) -> None:
    """One execution of a CrewAI task: a HiveLoop task of the agent that does it, or an action where one is active."""
    data = fact.data
    role = data["role"]
    if node.root.manager is not None and (role is None or role in node.root.members.values()):
        role = node.root.manager
    leave_queue(node.root, node.key, fact.at)
    # CrewAI's own planner is one more task of the crew.
    node.name = "planning" if role == _PLANNER else data["name"] or node.root.crew or "task"
    if attach(node, fact.ambient):
        node.be(role)
        begin_action(node, "task", node.name, {"description": data["description"]})
        return
    node.run = None
    node.scope = None
    node.data = data
    if role is not None:
        own_task(node, role)


def own_task(node: Node, role: str) -> None:
    """Open the HiveLoop task of a node that waits for its doer, unless it is open already."""
    if node.run is not None:
        return
    node.be(role)
    data = node.data
    about = {name: data[name] for name in ("async_execution", "human_input") if data.get(name)}
    shown = {name: data[name] for name in ("description", "expected_output", "inputs") if data.get(name)}
    what = node.key if node.kind == "task" else node.name
    begin(node, f"{what or node.name}:{node.id[:8]}", inputs=shown or None, metadata=about)


def begin(node: Node, task_id: str, inputs: dict[str, Any] | None, metadata: dict[str, Any]) -> None:
    """Start a HiveLoop task for a node whose actor is known."""
    agent = node.actor or agent_of(Role("crewai"))
    if node.root.crew is not None:
        metadata = {"crew": node.root.crew, **metadata}
    task = begin_task(
        agent,
        task_id,
        project=settings.project,
        type=node.name,
        timestamp=format_timestamp(node.at),
        task_run_id=node.id,
        correlation_id=node.root.id,
        inputs=inputs,
        metadata=metadata or None,
    )
    node.run = Run(agent, task, True, node.root, node.at)
    node.scope = None
    node.opens = True


def open_lite(node: Node, fact: Fact) -> None:
    """``Agent.kickoff()``: a task of its own, but an action of the task it helps with."""
    role = fact.data["role"] or "agent"
    helps = node.parent is not None and node.run is not None and _opener(node.parent) != "flow"
    if attach(node, fact.ambient) or helps:
        node.be(role)
        begin_action(node, "agent", role, {})
        return
    node.run = None
    node.name, node.data = role, fact.data
    own_task(node, role)


def _opener(node: Node | None) -> str | None:
    """What kind of thing opened the run this node is in."""
    while node is not None and not node.opens:
        node = node.parent
    return None if node is None else node.kind


def open_flow(node: Node, fact: Fact) -> None:
    """A flow of the program is a task; those CrewAI is built of only pass on what is inside them."""
    data = fact.data
    if data["internal"]:
        node.kind = "transparent"
        return
    if attach(node, fact.ambient):
        begin_action(node, "flow", f"flow:{node.key}", {})
        return
    node.name = node.key
    node.root = Root(node.root.id, None)
    node.role, node.actor = None, flow_agent(node.key)
    inputs = {"inputs": data["inputs"]} if data["inputs"] else None
    begin(node, f"{node.key}:{node.id[:8]}", inputs, {})


def end_run(node: Node, fact: Fact) -> None:
    """A crew, task, lone agent or flow is done."""
    output = fact.data.get("output")
    if node.kind == "task":
        own_task(node, "crewai")
    if node.opens and node.run is not None and node.run.task is not None:
        summary = f"{node.name} completed"
        event = translate.task_completed(summary, spent_ms(node, fact.at), "success", output)
        event.timestamp = format_timestamp(fact.at)
        end_task(node.run.task, event)
    else:
        end_action(node, fact.at, {"result": output})
    if node.kind == "crew":
        clear_queue(node.root, fact.at)
        tell_recovery(node)


def fail_run(node: Node, fact: Fact) -> None:
    """A crew, task, lone agent or flow failed."""
    if node.kind == "task":
        own_task(node, "crewai")
    if node.run is not None:
        error = explain(node, fact.data)
        if node.opens and node.run.task is not None:
            event = translate.task_failed(f"{node.name} failed", spent_ms(node, fact.at), error)
            event.timestamp = format_timestamp(fact.at)
            end_task(node.run.task, event)
        else:
            fail_action(node, fact.at, error, fact.data["error"], {})
    if node.kind == "task" and node.parent is not None:
        node.parent.data["failed_role"] = node.role
    if node.kind == "crew":
        clear_queue(node.root, fact.at)
        tell_failure(node, fact)

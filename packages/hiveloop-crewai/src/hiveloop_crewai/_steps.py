"""Agents at work, tools, guardrails, flow methods, MCP and A2A calls: the actions of a run."""

from __future__ import annotations

from typing import Any

from hiveloop import Agent

from . import _translate as translate
from ._actions import LONE, begin_action, end_action, error_of, explain, fail_action, note_failure, tried
from ._approvals import tell_outcome
from ._facts import Fact
from ._runs import begin, end_run, fail_run, own_task
from ._settings import settings
from ._translate import ErrorInfo
from ._tree import Node, Reported, Run, Try

__all__ = [
    "end_agent",
    "end_guardrail",
    "end_mcp",
    "end_remote",
    "end_step",
    "end_tool",
    "fail_agent",
    "fail_step",
    "fail_tool",
    "open_agent",
    "open_guardrail",
    "open_method",
    "open_named",
    "open_remote",
    "open_tool",
    "tell_refused_tool",
    "tell_tool_failure",
    "tell_unknown_server",
]

_DELEGATION = frozenset({"delegate_work_to_coworker", "ask_question_to_coworker"})
#: Planning dresses up its own model call as a tool.
_NO_TOOLS = frozenset({"create_reasoning_plan"})


# -- agents --


def open_agent(node: Node, fact: Fact) -> None:
    """An agent sets to work: on a task, or for the coworker who delegated to it."""
    role = fact.data["role"] or "agent"
    parent = node.parent
    if parent is not None and parent.kind == "task" and parent.run is None:
        own_task(parent, role)
        node.run, node.scope = parent.run, parent.scope
    node.be(role)
    if node.run is None:
        node.name = fact.data["name"]
        begin(node, f"{fact.data['task_key'] or node.name}:{node.id[:8]}", None, {})
        return
    tried(node, fact, role)
    begin_action(node, "agent", role, {})


def end_agent(node: Node, fact: Fact) -> None:
    """The agent has its answer."""
    if node.opens:
        end_run(node, fact)
        return
    end_action(node, fact.at, {"result": fact.data.get("output")})


def fail_agent(node: Node, fact: Fact) -> None:
    """The agent gave up this try."""
    if node.opens:
        fail_run(node, fact)
        return
    _fail(node, fact)
    if node.parent is not None and node.role in node.parent.tries:
        attempt = node.parent.tries[node.role]
        note_failure(attempt, fact, explain(node, fact.data).type)


def _fail(node: Node, fact: Fact, **details: Any) -> None:
    if node.run is not None:
        fail_action(node, fact.at, explain(node, fact.data), fact.data.get("error"), details)


# -- tools --


def open_tool(node: Node, fact: Fact) -> None:
    """A tool is about to run; a delegation says to whom."""
    data, name = fact.data, fact.key
    if name in _NO_TOOLS:
        node.kind = "transparent"
        return
    if node.actor is None:
        node.be(data["role"])
    attempt = data["attempt"]
    if attempt is not None and attempt > 1 and node.run is not None:
        before = node.parent.tries.get(f"tool:{name}") if node.parent is not None else None
        reason, text = (before.reason, before.text) if before is not None else (None, None)
        node.run.emit(translate.retry_started(node.scope, name, attempt, reason, text), fact.at, node.actor)
    begin_action(node, "tool", name, {"args": data["args"], "run_attempts": attempt or None})
    if (
        _plain(name) in _DELEGATION
        and data["coworker"]
        and settings.escalate_delegation
        and node.run is not None
    ):
        to = data["coworker"] if data["told"] else _known_role(node, data["coworker"])
        event = translate.escalated(node.id, node.role, to, data["reason"], _plain(name))
        node.run.emit(event, fact.at, node.actor)


def _known_role(node: Node, written: str) -> str:
    """The role of the crew that the model means, by CrewAI's own comparison; what it made up is not repeated."""
    for role in (*node.root.members.values(), node.root.manager):
        if role is not None and _compared(role) == _compared(written):
            return role
    return "coworker"


def _compared(role: str) -> str:
    return " ".join(role.split()).replace('"', "").casefold()


def _plain(name: str) -> str:
    return "_".join(name.lower().split())


def end_tool(node: Node, fact: Fact) -> None:
    """The tool returned, perhaps to say that it has failed."""
    data = fact.data
    failure = data["failure"]
    if failure is not None:
        error = error_of(failure)
        details = {"handled": True, "failure_reason": failure["reason"], "result": data["output"]}
        fail_action(
            node, fact.at, error._replace(type=error.type or "ToolFailure"), failure["error"], details
        )
        return
    end_action(node, fact.at, {"result": data["output"], "from_cache": data["from_cache"] or None})


def fail_tool(node: Node, fact: Fact) -> None:
    """The tool raised; the agent is told and may try again."""
    _fail(node, fact)
    if node.parent is not None:
        attempt = node.parent.tries.setdefault(f"tool:{node.key}", Try())
        note_failure(attempt, fact, fact.data["error_type"])


def tell_refused_tool(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A tool that does not exist, or arguments it cannot take: it never starts, and is asked for again and again."""
    if run is None:
        return
    refused = parent.data.setdefault("refused", set()) if parent is not None else set()
    if fact.key in refused:
        return
    refused.add(fact.key)
    _tell_failed_attempt(parent, fact, run, fact.data.get("error_type") or "ToolNotRun")


def tell_tool_failure(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A failure the framework noticed; most were told by the tool's own end already."""
    text = fact.data.get("error")
    if run is None or any(known.text == text or (text and known.text in text) for known in run.reported):
        return
    _tell_failed_attempt(
        parent, fact, run, fact.data.get("error_type") or fact.data.get("reason") or "ToolFailure"
    )


def _tell_failed_attempt(parent: Node | None, fact: Fact, run: Run, kind: str) -> None:
    scope = parent.scope if parent is not None else None
    actor = parent.actor if parent is not None else None
    error = error_of(fact.data)._replace(type=kind)
    run.reported.append(Reported(fact.data.get("error") or "", kind, fact.event_id, parent))
    run.emit(translate.action_started(fact.event_id, scope, fact.key, "tool", {}), fact.at, actor)
    run.emit(
        translate.action_failed(fact.event_id, scope, fact.key, 0, error, {"handled": True}), fact.at, actor
    )


# -- the rest --


def open_guardrail(node: Node, fact: Fact) -> None:
    """A task's result is checked."""
    about = {"type": fact.data["type"], "retry_count": fact.data["retry_count"]}
    begin_action(node, "guardrail", fact.data["name"], about)


def end_guardrail(node: Node, fact: Fact) -> None:
    """It passed; or it did not, and the agent will have to try again."""
    data = fact.data
    if data["success"]:
        end_action(node, fact.at, {"retry_count": data["retry_count"]})
        return
    text = data["error"] if data["told"] else None
    error = ErrorInfo("GuardrailFailed", text)
    fail_action(node, fact.at, error, data["error"], {"retry_count": data["retry_count"], "handled": True})
    if node.parent is not None and node.parent.kind == "lite":
        node.parent.tries.setdefault(LONE, Try())
    for attempt in node.parent.tries.values() if node.parent is not None else ():
        attempt.reason = node.name + (f": {text}" if text else "")
        attempt.text = text


def open_method(node: Node, fact: Fact) -> None:
    """A step of a flow."""
    begin_action(node, "method", fact.key, {})


def open_named(node: Node, fact: Fact) -> None:
    """An MCP connection, or a tool run over one."""
    data = fact.data
    begin_action(node, "mcp", data["name"], {"transport": data["transport"], "args": data["args"]})


def end_step(node: Node, fact: Fact) -> None:
    """Done."""
    tell_outcome(node, fact.data.get("said"))
    end_action(node, fact.at, {"result": fact.data.get("output")})


def fail_step(node: Node, fact: Fact) -> None:
    """It raised."""
    tell_outcome(node, None)
    _fail(node, fact)


def end_mcp(node: Node, fact: Fact) -> None:
    """An MCP call failed; a server that cannot be reached is a problem that outlives the run."""
    _fail(node, fact)
    if node.key.endswith("/") and node.run is not None:
        _report_server(node.actor or node.run.agent, fact.data["server"], "cannot be reached")


def tell_unknown_server(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """What a server is set up with could not be fetched: it is never connected to."""
    if run is not None:
        actor = parent.actor if parent is not None else None
        _report_server(actor or run.agent, fact.data["server"], "is not set up")


def _report_server(agent: Agent, server: str, what: str) -> None:
    agent.report_issue(
        f"MCP server {server} {what}",
        severity="medium",
        issue_id=f"mcp-{server}"[:128],
        category="mcp_connection",
    )


def open_remote(node: Node, fact: Fact) -> None:
    """Work goes to an agent elsewhere."""
    data = fact.data
    begin_action(node, "a2a", data["name"], {})
    if settings.escalate_delegation and node.run is not None:
        event = translate.escalated(node.id, node.role, data["coworker"], data["reason"], "a2a")
        node.run.emit(event, fact.at, node.actor)


def end_remote(node: Node, fact: Fact) -> None:
    """The remote agent answered."""
    data = fact.data
    if data["success"]:
        end_action(node, fact.at, {"result": data["output"], "outcome": data["outcome"]})
    else:
        _fail(node, fact, outcome=data["outcome"])

"""Chains, tools and retrievers: which of them are actions, and how each starts and ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import attempt
from hiveloop.adapters.preview import PROMPT_CHARS, RESULT_CHARS, preview
from hiveloop.adapters.shown import arguments, shown, shown_text

from . import _translate as translate
from ._errors import describe, interrupts_of, outcome_of
from ._extract import documents, failed_tool_messages, handoff_target, tool_outcome
from ._interrupts import tell_interrupts
from ._plan import plan_events
from ._retries import note_failure, tell_retry
from ._roots import close_root, forget, output_of
from ._runs import Root, Run, millis_since, state

__all__ = [
    "chain_kind",
    "end_chain",
    "end_retriever",
    "end_tool",
    "fail_step",
    "open_step",
    "refuse_tool",
    "start_tool",
]

_GLUE = ("Runnable", "LangGraph", "ChannelWrite", "ChannelRead", "Branch<", "_write")
_TODO_TOOL = "write_todos"


def chain_kind(
    name: str, run_type: Any, tags: Any, metadata: Mapping[str, Any], parent: Run, is_direct: bool
) -> str | None:
    """What a chain below the root is: a graph node, a nested agent, a named step, or (``None``) plumbing.

    ``is_direct``: the parent's record is that of the run named as parent, not of one further up.
    """
    if run_type is not None or (tags and "langsmith:hidden" in tags):
        return None
    if metadata.get("langgraph_node") == name and tags:
        for tag in tags:
            if isinstance(tag, str) and tag.startswith("graph:step:"):
                return "node"
    if is_direct and parent.kind == "node" and tags and _follows_node(tags):
        return None
    agent = metadata.get("lc_agent_name")
    if agent is not None and agent != parent.agent_name and parent.kind != "past":
        return "agent"
    return None if name.startswith(_GLUE) else "chain"


def _follows_node(tags: Any) -> bool:
    """LangGraph runs a node as a sequence: its first step is the node, the rest are its writers and routers."""
    steps = [tag for tag in tags if isinstance(tag, str) and tag.startswith("seq:step:")]
    return bool(steps) and "seq:step:1" not in steps


def open_step(run: Run, details: Mapping[str, Any] | None) -> None:
    """Record a run and send its start where it is an action."""
    root = run.root
    gone = state.runs.put(run.number, run)
    if gone is not None:
        forget(*gone)
    root.open.add(run)
    if run.action_id is not None:
        root.emit(translate.action_started(run.action_id, run.parent_action, run.name, run.kind, details))


def _finish(run: Run, outcome: str | None, details: Mapping[str, Any] | None) -> None:
    root = run.root
    root.open.discard(run)
    if run.action_id is not None:
        # As `millis_since`: a call here costs more than all it does.
        spent = (time.perf_counter_ns() - run.started) // 1_000_000
        root.emit(
            translate.action_completed(run.action_id, run.parent_action, run.name, spent, outcome, details)
        )


def end_chain(run: Run, outputs: Any) -> None:
    """A chain returned. A root that returns nothing while a model still speaks was left by its consumer."""
    root = run.root
    if run.kind == "node":
        if type(outputs) is not dict or "messages" in outputs:
            attempt(lambda: _tell_unrun_tools(run, outputs), f"outputs of {run.name}")
        _finish(run, None, None)
        return
    if run.number == root.number:
        left = outputs is None and bool(root.models)
        outcome = "abandoned" if left else "interrupted" if root.interrupted and not root.owned else None
        _finish(run, outcome, None)
        close_root(run, "abandoned" if left else None, outputs=outputs)
        return
    result = output_of(outputs, run.name) if root.capture else None
    _finish(run, None, {"result": result} if result is not None else None)


def _tell_unrun_tools(node: Run, outputs: Any) -> None:
    """A tool the model made up never runs: all there is of it is an error among the node's messages."""
    if outputs is None or node.name.endswith((".after_model", ".before_model")):
        return
    for call_id, name, content in failed_tool_messages(outputs):
        if node.calls is not None and call_id in node.calls:
            continue
        root = node.root
        action_id = f"{node.scope}:{call_id}"[:256]
        about = translate.ErrorInfo("ToolNotRun", preview(content, PROMPT_CHARS) if root.capture else None)
        details: dict[str, Any] = {"tool_call_id": call_id, "handled": True}
        root.emit(translate.action_started(action_id, node.scope, name, "tool", {"tool_call_id": call_id}))
        root.emit(translate.action_failed(action_id, node.scope, name, 0, about, None, details))


def fail_step(run: Run, error: BaseException) -> None:
    """A chain, tool or retriever raised: an outcome, or a failure that is told in full only where it began."""
    root = run.root
    outcome = outcome_of(error)
    is_root = run.number == root.number
    if outcome is not None:
        details: dict[str, Any] | None = None
        if outcome == "interrupted":
            tell_interrupts(run, error)
            details = {"approvals": len(interrupts_of(error))}
        elif outcome == "handoff":
            target = handoff_target(error)
            details = {"handoff_to": target} if target is not None else None
        _finish(run, outcome, details)
        if is_root:
            close_root(run, outcome)
        return
    _fail(run, error)
    if is_root:
        close_root(run, error=error)


def _fail(run: Run, error: BaseException) -> None:
    root = run.root
    root.open.discard(run)
    about = describe(error, root.capture)
    note_failure(run, about)
    if run.action_id is None:
        return
    reported = root.reported
    known = reported is not None and reported[0] == id(error) and reported[1] == about.type
    origin = reported[2] if known and reported is not None else None
    if origin is None:
        root.reported = (id(error), about.type, run.action_id)
    root.emit(
        translate.action_failed(
            run.action_id, run.parent_action, run.name, millis_since(run.started), about, origin
        )
    )


# -- tools --


def start_tool(
    run: Run, parent: Run | None, inputs: Any, input_str: Any, tool_call_id: Any, tags: Any
) -> None:
    """A tool is about to run."""
    root = run.root
    details: dict[str, Any] = {}
    if tool_call_id is not None:
        details["tool_call_id"] = call_id = str(tool_call_id)
        run.ns = call_id
        if parent is not None:
            if parent.calls is None:
                parent.calls = set()
            parent.calls.add(call_id)
    if root.failed:
        tell_retry(run, tags, None)
    if root.capture:
        details["args"] = arguments(inputs) if isinstance(inputs, dict) else preview(input_str, PROMPT_CHARS)
    if run.name == _TODO_TOOL and isinstance(inputs, dict):
        run.details = inputs.get("todos")
    open_step(run, details)


def refuse_tool(run: Run, intervention: Intervention) -> None:
    """A gate stopped the tool before it ran: the attempt is shown as failed, and nobody else will end it."""
    root = run.root
    open_step(run, None)
    state.runs.take(run.number, None)
    _fail(run, intervention)
    if run.number == root.number:
        close_root(run, error=intervention)


def end_tool(run: Run, output: Any) -> None:
    """A tool returned; an error it handled itself is still a failed action."""
    root = run.root
    if type(output).__name__ == "ToolMessage":
        failed, result, handoff_to = tool_outcome(output) if run.ns is not None else _read_result(run, output)
    else:
        # Any object of the program; whatever it does when looked at, the tool has ended.
        found = attempt(lambda: _read_result(run, output), f"result of {run.name}")[1]
        failed, result, handoff_to = found or (False, None, None)
    if failed:
        text = preview(result, RESULT_CHARS) if root.capture else None
        about = translate.ErrorInfo("ToolError", text)
        note_failure(run, about)
        root.open.discard(run)
        if run.action_id is not None:
            spent = millis_since(run.started)
            root.emit(
                translate.action_failed(
                    run.action_id, run.parent_action, run.name, spent, about, None, {"handled": True}
                )
            )
    else:
        details: dict[str, Any] = {}
        if root.capture and result is not None:
            is_text = type(result) is str
            details["result"] = shown_text(result, RESULT_CHARS) if is_text else shown(result, RESULT_CHARS)
        if handoff_to is not None:
            details["handoff_to"] = handoff_to
        _finish(run, None, details)
        if run.details is not None:
            _tell_plan(root, run)
    if run.number == root.number:
        close_root(run, outputs=output)


def _read_result(run: Run, output: Any) -> tuple[bool, Any, str | None]:
    if run.ns is None:
        _note_call(run, getattr(output, "tool_call_id", None))
    return tool_outcome(output)


def _note_call(run: Run, call_id: Any) -> None:
    """langchain-core before 1.1 names the call only in the message it makes of the result."""
    parent = state.runs.get(run.parent_key)
    if call_id is not None and parent is not None:
        parent.calls = {*(parent.calls or ()), str(call_id)}


def _tell_plan(root: Root, run: Run) -> None:
    root.plan, told = plan_events(root.plan, run.details, root.goal, run.action_id, root.capture)
    for event in told:
        root.emit(event)


# -- retrievers --


def end_retriever(run: Run, found: Any) -> None:
    """Documents came back."""
    details: dict[str, Any] = {"documents_count": len(found) if isinstance(found, (list, tuple)) else 0}
    if run.root.capture:
        details["documents"] = documents(found, True)
    _finish(run, None, details)

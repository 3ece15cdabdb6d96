"""A run that stops to ask: each interrupt is requested once, however many levels report it."""

from __future__ import annotations

from typing import Any

from . import _translate as translate
from ._approval import question_of
from ._errors import interrupts_of
from ._runs import Root, Run, id_number, state

__all__ = ["tell_breakpoint", "tell_interrupts"]


def tell_interrupts(run: Run, error: BaseException) -> None:
    """A ``GraphInterrupt`` on its way up: request what is not requested yet, and note when it stops the root."""
    root = run.root
    for interrupt in interrupts_of(error):
        _request(root, interrupt, run.name, run.scope)
    above = run.parent_key
    if above is not None and (above in (root.number, root.graph_run) or _stands_for(above, root)):
        root.interrupted = True


def _stands_for(number: Any, root: Root) -> bool:
    """Whether this run is no action of its own right below the root."""
    run = state.runs.get(number)
    return run is not None and run.number == root.number


def _request(root: Root, interrupt: Any, node: str, action_id: str | None) -> None:
    interrupt_id = str(getattr(interrupt, "id", "") or id(interrupt))
    if interrupt_id in root.pending:
        return
    question = question_of(getattr(interrupt, "value", None), node, root.capture)
    _ask(root, interrupt_id, action_id, question.summary, question.details)


def _ask(root: Root, interrupt_id: str, action_id: str | None, summary: str, details: dict[str, Any]) -> None:
    # Older LangGraph gives every interrupt of a node the same id: an approval is one question, so it is numbered.
    asked = root.seen_interrupts.get(interrupt_id, 0) + 1
    root.seen_interrupts[interrupt_id] = asked
    approval_id = interrupt_id if asked == 1 else f"{interrupt_id}:{asked}"
    root.pending[interrupt_id] = approval_id
    if root.key is not None:
        details["thread_id"] = root.key.thread
    root.emit(translate.approval_requested(action_id, approval_id, summary, details))


def tell_breakpoint(event: Any) -> None:
    """LangGraph's own word that a graph paused: the only sign of a static breakpoint."""
    number = id_number(getattr(event, "run_id", None))
    run = state.runs.get(number)
    if run is None:
        return
    root = run.root
    status = str(getattr(event, "status", ""))
    if run.number == root.number or number == root.graph_run:
        root.interrupted = True
    for interrupt in getattr(event, "interrupts", ()) or ():
        _request(root, interrupt, run.name, run.scope)
    if status in ("interrupt_before", "interrupt_after"):
        interrupt_id = f"breakpoint:{getattr(event, 'checkpoint_id', '')}"
        if interrupt_id not in root.pending:
            summary = f"{root.name} paused at a breakpoint"
            _ask(root, interrupt_id, run.scope, summary, {"kind": "breakpoint", "reason": status})

"""Where a callback belongs: its parent by run id, else by LangChain's own context variable; and the gate before a call."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

from hiveloop import Intervention
from hiveloop.adapters import ModelCall, add_drain, add_scope_resolver, contained, gate
from langchain_core.runnables.config import var_child_runnable_config

from ._evicted import evicted
from ._runs import MAX_PAST, LlmRun, Root, Run, id_number, innermost_model, state
from ._unended import settle, tell_rest, unwatch, watch

__all__ = [
    "ask",
    "begin_model",
    "child",
    "current_model_call",
    "current_run",
    "ended",
    "ended_model",
    "is_known",
    "label_of",
    "parent_of",
    "resolve_scopes",
    "running",
]

# Work a step left behind begins soon after its root ended, or has nothing to do with it.
_LEFT_BEHIND_NS = 300_000_000_000
_resolving: list[bool] = []

#: Another handler of ours has seen the run of this number already: it is told once.
is_known = state.runs.knows
#: The record of the run of this number while it is under way: nearly always all there is to ask about a parent.
running = state.runs.get


def current_run() -> Run | None:
    """The run whose body executes in this context, as LangChain's own variable says."""
    number = _current_number()
    return None if number is None else state.runs.get(number)


def _current_number() -> Any:
    config = var_child_runnable_config.get()
    return id_number(getattr(config.get("callbacks"), "parent_run_id", None)) if config else None


def _scope() -> tuple[Any, Any, str | None] | None:
    run = current_run()
    if run is None:
        return None
    if run.root.undecided is not None:
        run.root.undecided.decide(None)
    return None if run.root.task is None else (run.number, run.root.task, run.scope)


def begin_model(run: LlmRun) -> None:
    """From here on this context is inside of this model call, until it ends."""
    innermost_model.set(run.number)
    # Ten times as fast as catching what `current_task` raises without a loop.
    if asyncio._get_running_loop() is not None:
        watch(run)


def current_model_call() -> ModelCall | None:
    """The model call that the calling code is inside of: where an HTTP retry of its client belongs."""
    number = innermost_model.get()
    run = None if number is None else state.runs.get(number)
    return ModelCall(run.root.emit, run.scope, run.name) if isinstance(run, LlmRun) else None


def resolve_scopes() -> None:
    """From now on `hiveloop.current_task()` and its kin know the run that user code executes in."""
    if not _resolving:
        _resolving.append(True)
        add_scope_resolver(_scope)
        add_drain(tell_rest)


def parent_of(number: Any) -> Run | None:
    """The record of the run of this number, under way or lately ended; ``None`` means its child is a root."""
    if number is not None:
        run = state.runs.get(number) or _left_behind(number)
        if run is not None:
            return run
    # Some runnables (with_fallbacks) start their children without a parent: the context still knows it.
    number = _current_number()
    return None if number is None else state.runs.get(number) or _left_behind(number)


def _left_behind(number: Any) -> Run | None:
    """A stand-in for a run that ended lately: work it did not wait for begins only now."""
    now = time.perf_counter_ns()
    for root in reversed(list(state.recent)):
        if number in root.past and (root.ended is None or now - root.ended < _LEFT_BEHIND_NS):
            return Run(number, None, root, "past", root.name, root.past[number])
    return evicted.find(number)


def child(run_id: Any, number: Any, above: Any, parent: Run, kind: str, label: str) -> Run:
    """The record of a run that is an action below its parent's; ``above`` numbers the run that LangChain names as such."""
    action_id = str(run_id)
    run = Run(number, above, parent.root, kind, label, action_id)
    run.action_id = action_id
    run.parent_action = parent.scope
    run.agent_name = parent.agent_name
    return run


def ended(run_id: Any) -> Run | None:
    """Take the record out; ``None`` for runs never seen, ended before, or that only stood in for their parent."""
    number = run_id.int if isinstance(run_id, UUID) else run_id
    run = state.runs.take(number, None)
    if run is None:
        return None
    root = run.root
    # As `Root.pass_by` does: a call here costs more than all it does.
    past = root.past
    past[number] = run.scope
    if len(past) > MAX_PAST:
        past.clear()
    if root.models and (calls := root.models.get(number)):
        settle(calls)
    return run if run.number == number else None


def ended_model(run_id: Any) -> LlmRun | None:
    """Take the record of a model call out; ``None`` for calls never seen or told already."""
    run = state.runs.take(run_id.int if isinstance(run_id, UUID) else run_id, None)
    if not isinstance(run, LlmRun):
        return None
    run.root.end_call(run)
    if run.watched is not None:
        unwatch(run)
    return run


def label_of(name: Any, serialized: Any, fallback: str) -> str:
    """A run's name: the one given to it, else that of its class."""
    if name:
        return str(name)
    if isinstance(serialized, dict):
        found = serialized.get("name") or (serialized.get("id") or [None])[-1]
        if isinstance(found, str) and found:
            return found
    return fallback


def ask(root: Root, kind: str, name: str, arguments: Any) -> str | None:
    """Pass the gate before a tool or model call. What it once raised for this root it raises again.

    Returns the text that should stand for the tool's result, of which only the middleware can make something. Callers
    ask only where a gate is registered or has stopped this root already: a call here costs as much as both.
    """
    if root.intervention is not None:
        raise root.intervention
    if root.undecided is not None:
        root.undecided.decide(None)
    try:
        return _gate(root, kind, name, arguments)
    except Intervention as intervention:
        root.intervention = intervention
        raise


@contained
def _gate(root: Root, kind: str, name: str, arguments: Any) -> str | None:
    # Contained on its own: a gate that breaks must not cost the event of the call it was asked about.
    return gate(root.task, kind, name, arguments)

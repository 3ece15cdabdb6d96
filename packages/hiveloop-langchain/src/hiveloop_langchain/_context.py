"""Where a callback belongs: its parent by run id, else by LangChain's own context variable; and the gate before a call."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from hiveloop import Intervention
from hiveloop.adapters import ModelCall, add_drain, add_scope_resolver, contained, gate, has_gates
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
    "must_ask",
    "parent_of",
    "resolve_scopes",
]

# Work a step left behind begins soon after its root ended, or has nothing to do with it.
_LEFT_BEHIND_NS = 300_000_000_000
_resolving: list[bool] = []

#: Another handler of ours has seen this run already: it is told once.
is_known = state.runs.knows


def current_run() -> Run | None:
    """The run whose body executes in this context, as LangChain's own variable says."""
    run_id = _current_run_id()
    return None if run_id is None else state.runs.get(run_id)


def _current_run_id() -> Any:
    config = var_child_runnable_config.get()
    return getattr(config.get("callbacks"), "parent_run_id", None) if config else None


def _scope() -> tuple[Any, Any, str | None] | None:
    run = current_run()
    if run is None:
        return None
    if run.root.undecided is not None:
        run.root.undecided.decide(None)
    return None if run.root.task is None else (run.run_id, run.root.task, run.scope)


def begin_model(run: LlmRun) -> None:
    """From here on this context is inside of this model call, until it ends."""
    innermost_model.set(run.run_id)
    watch(run)


def current_model_call() -> ModelCall | None:
    """The model call that the calling code is inside of: where an HTTP retry of its client belongs."""
    run_id = innermost_model.get()
    run = None if run_id is None else state.runs.get(run_id)
    return ModelCall(run.root.emit, run.scope, run.name) if isinstance(run, LlmRun) else None


def resolve_scopes() -> None:
    """From now on `hiveloop.current_task()` and its kin know the run that user code executes in."""
    if not _resolving:
        _resolving.append(True)
        add_scope_resolver(_scope)
        add_drain(tell_rest)


def parent_of(parent_run_id: Any) -> Run | None:
    """The parent's record, under way or lately ended; ``None`` means this run is a root."""
    if parent_run_id is not None:
        run = state.runs.get(parent_run_id) or _left_behind(parent_run_id)
        if run is not None:
            return run
    # Some runnables (with_fallbacks) start their children without a parent: the context still knows it.
    run_id = _current_run_id()
    return None if run_id is None else state.runs.get(run_id) or _left_behind(run_id)


def _left_behind(run_id: Any) -> Run | None:
    """A stand-in for a run that ended lately: work it did not wait for begins only now."""
    number, now = id_number(run_id), time.perf_counter_ns()
    for root in reversed(list(state.recent)):
        if number in root.past and (root.ended is None or now - root.ended < _LEFT_BEHIND_NS):
            return Run(run_id, None, root, "past", root.name, root.past[number])
    return evicted.find(run_id)


def child(run_id: Any, parent_key: Any, parent: Run, kind: str, label: str) -> Run:
    """The record of a run that is an action below its parent's."""
    run = Run(run_id, parent_key, parent.root, kind, label, str(run_id))
    run.action_id = run.scope
    run.parent_action = parent.scope
    run.agent_name = parent.agent_name
    return run


def ended(run_id: Any) -> Run | None:
    """Take the record out; ``None`` for runs never seen, ended before, or that only stood in for their parent."""
    run = state.runs.take(run_id, None)
    if run is None:
        return None
    root = run.root
    # As `Root.pass_by` does: a call here costs more than all it does.
    past = root.past
    past[run_id.int if type(run_id) is UUID else run_id] = run.scope
    if len(past) > MAX_PAST:
        past.clear()
    if root.models and (calls := root.models.get(run_id)):
        settle(calls)
    return run if run.run_id is run_id or run.run_id == run_id else None


def ended_model(run_id: Any) -> LlmRun | None:
    """Take the record of a model call out; ``None`` for calls never seen or told already."""
    run = state.runs.take(run_id, None)
    if not isinstance(run, LlmRun):
        return None
    run.root.end_call(run)
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


def must_ask(root: Root) -> bool:
    """Whether there is anything to ask: a gate is registered, or one has stopped this root already."""
    return has_gates() or root.intervention is not None


def ask(root: Root, kind: str, name: str, arguments: Any) -> None:
    """Pass the gate before a tool or model call. What it once raised for this root it raises again."""
    if root.intervention is not None:
        raise root.intervention
    if root.undecided is not None:
        root.undecided.decide(None)
    try:
        _gate(root, kind, name, arguments)
    except Intervention as intervention:
        root.intervention = intervention
        raise


@contained
def _gate(root: Root, kind: str, name: str, arguments: Any) -> None:
    # Contained on its own: a gate that breaks must not cost the event of the call it was asked about.
    gate(root.task, kind, name, arguments)

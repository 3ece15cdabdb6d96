"""Where a callback belongs: its parent by run id, else by LangChain's own context variable; and the gate before a call."""

from __future__ import annotations

from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import add_scope_resolver, contained, gate, has_gates
from langchain_core.runnables.config import var_child_runnable_config

from ._runs import Root, Run, state

__all__ = [
    "ask",
    "child",
    "current_run",
    "ended",
    "is_known",
    "label_of",
    "must_ask",
    "parent_of",
    "resolve_scopes",
]

_resolving: list[bool] = []


def current_run() -> Run | None:
    """The run whose body executes in this context, as LangChain's own variable says."""
    config = var_child_runnable_config.get()
    if not config:
        return None
    run_id = getattr(config.get("callbacks"), "parent_run_id", None)
    return None if run_id is None else state.runs.get(run_id)


def _scope() -> tuple[Any, Any, str | None] | None:
    run = current_run()
    if run is None or run.root.task is None:
        return None
    return run.run_id, run.root.task, run.scope


def resolve_scopes() -> None:
    """From now on `hiveloop.current_task()` and its kin know the run that user code executes in."""
    if not _resolving:
        _resolving.append(True)
        add_scope_resolver(_scope)


def parent_of(parent_run_id: Any) -> Run | None:
    """The parent's record; ``None`` means this run is a root."""
    # Some runnables (with_fallbacks) start their children without a parent: the context still knows it.
    run = state.runs.get(parent_run_id) if parent_run_id is not None else None
    return run if run is not None else current_run()


def is_known(run_id: Any) -> bool:
    """Another handler of ours has seen this run already: it is told once."""
    return state.runs.get(run_id) is not None


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
    if run is None or (run.run_id is not run_id and run.run_id != run_id):
        return None
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
    try:
        _gate(root, kind, name, arguments)
    except Intervention as intervention:
        root.intervention = intervention
        raise


@contained
def _gate(root: Root, kind: str, name: str, arguments: Any) -> None:
    # Contained on its own: a gate that breaks must not cost the event of the call it was asked about.
    gate(root.task, kind, name, arguments)

"""The seam where an intervention may stop an agent: asked before every tool and LLM call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._runtime import Gate, runtime
from ._safety import contained

if TYPE_CHECKING:
    from ._task import Task

__all__ = ["MADE", "add_gate", "ask_about_made", "gate", "has_gates", "remove_gate"]


class _Made:
    """Stands for the arguments of a call that a program tells by hand, after it was made."""

    def __repr__(self) -> str:
        return "<made already>"


#: ``task.llm_call`` tells a call that is over: a gate can stop what comes next, but not this one.
MADE = _Made()


def gate(task: Task | None, kind: str, name: str, arguments: Any = None) -> str | None:
    """Ask every registered gate about the coming call; ``kind`` is ``tool`` or ``llm``.

    ``arguments`` is :data:`MADE` where the call was made before it was told.

    Returns a text that should replace the tool's result, or ``None`` to go on. Raises the
    :class:`~hiveloop.Intervention` of a gate the user turned on. Costs one attribute check with none registered.
    """
    gates = runtime.made_gates if arguments is MADE else runtime.gates
    if not gates:
        return None
    for ask in gates:
        replacement = _ask(ask, task, kind, name, arguments)
        if replacement is not None:
            return replacement
    return None


@contained
def _ask(ask: Gate, task: Task | None, kind: str, name: str, arguments: Any) -> str | None:
    """One gate, contained on its own: one that breaks stops nothing and costs no event."""
    return ask(task, kind, name, arguments)


def has_gates() -> bool:
    """Whether any gate is registered; spares an adapter the work of preparing arguments for none."""
    return bool(runtime.gates)


def add_gate(ask: Gate, *, made: bool = True, first: bool = False) -> None:
    """Register a gate for this process; ``made`` says whether it is asked about calls that were made already, too.

    ``first`` is for one that only forbids: those after it may reserve something for a call they let pass.
    """
    with runtime.lock:
        runtime.gates = (ask, *runtime.gates) if first else (*runtime.gates, ask)
        if made:
            runtime.made_gates = (*runtime.made_gates, ask)


def ask_about_made(ask: Gate, wanted: bool) -> None:
    """From now on ask this registered gate about calls that were made already, or no more."""
    with runtime.lock:
        others = _without(runtime.made_gates, ask)
        runtime.made_gates = (*others, ask) if wanted and ask in runtime.gates else others


def remove_gate(ask: Gate) -> None:
    """Unregister a gate; unknown ones are ignored."""
    with runtime.lock:
        runtime.gates = _without(runtime.gates, ask)
        runtime.made_gates = _without(runtime.made_gates, ask)


def _without(gates: tuple[Gate, ...], ask: Gate) -> tuple[Gate, ...]:
    return tuple(known for known in gates if known != ask)  # a bound method is made anew at every look

"""The gate before a tool or model call, and the intervention that is raised again should AutoGen swallow it."""

from __future__ import annotations

from typing import Any

from hiveloop import Intervention, Task
from hiveloop.adapters import contained, gate, has_gates

from ._nodes import Root

__all__ = ["ask"]


def ask(root: Root | None, task: Task | None, kind: str, name: str, arguments: Any) -> str | None:
    """A text to be used as the tool's result, or ``None``. Raises what a gate raises, and once raised, again."""
    if root is not None and root.intervention is not None:
        raise root.intervention
    if not has_gates():
        return None
    try:
        return _gate(task, kind, name, arguments)
    except Intervention as intervention:
        if root is not None:
            root.intervention = intervention
        raise


@contained
def _gate(task: Task | None, kind: str, name: str, arguments: Any) -> str | None:
    # Contained on its own: a gate that breaks must not cost the event of the call it was asked about.
    return gate(task, kind, name, arguments)

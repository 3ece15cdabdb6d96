"""Runs that wait for a person, kept by thread until they are resumed, or until new input makes the question moot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _translate as translate
from ._approval import Answered, answers
from ._runs import Root

__all__ = ["continues", "reopen", "supersede", "tell_answers"]

_INTERRUPT_ID_CHARS = 32


def continues(inputs: Any) -> bool:
    """Whether these inputs go on with a thread (a ``Command``, or nothing) and are no new question."""
    # Asked of the class: inputs may be any object of the program, and asking that could run its code.
    kind = type(inputs)
    return inputs is None or (hasattr(kind, "resume") and hasattr(kind, "goto"))


def supersede(previous: Root) -> None:
    """New input on a waiting thread: the graph forgets what it asked, and nobody will answer any more."""
    if previous.owned and previous.task is not None:
        previous.task.complete(status="abandoned", payload={"outcome": "superseded"})


def reopen(previous: Root, capture: bool) -> Root | None:
    """A new root on the task that waited; ``None`` where that task was not this adapter's own or has ended."""
    task = previous.task
    if task is None or not previous.owned or not task.is_open:
        return None
    root = Root(previous.name, previous.agent, task, True, capture)
    root.goal, root.turns, root.plan = previous.goal, previous.turns, previous.plan
    return root


def tell_answers(root: Root, previous: Root | None, inputs: Any) -> None:
    """Say which approvals these inputs answer; what stays unanswered goes on waiting with the new root."""
    if previous is not None:
        root.pending, root.seen_interrupts = previous.pending, previous.seen_interrupts
    resume = getattr(inputs, "resume", None) if continues(inputs) else None
    if resume is not None:
        found = answers(resume, list(root.pending) or _named(resume) or [""], root.capture)
        for interrupt_id, answered in found.items():
            _tell(root, interrupt_id, answered)
    elif inputs is None:
        for interrupt_id in [key for key in root.pending if key.startswith("breakpoint:")]:
            _tell(root, interrupt_id, Answered("approved", {}))


def _tell(root: Root, interrupt_id: str, answered: Answered) -> None:
    # Asked by another process: the id, where the resume names it, still finds the question.
    approval_id = root.pending.pop(interrupt_id, interrupt_id)
    root.emit(translate.approval_received(approval_id or None, answered.decision, answered.details))


def _named(resume: Any) -> list[str]:
    """The interrupt ids a resume mapping is keyed by."""
    if not isinstance(resume, Mapping):
        return []
    ids = [key for key in resume if isinstance(key, str) and len(key) == _INTERRUPT_ID_CHARS]
    return ids if len(ids) == len(resume) else []

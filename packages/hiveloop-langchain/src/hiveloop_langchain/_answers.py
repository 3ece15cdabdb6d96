"""What a resume says to the questions that are open, told as `approval_received`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from hiveloop.adapters import format_timestamp
from hiveloop.events import ActionStarted, Event

from . import _translate as translate
from ._approval import Answered, answers
from ._runs import Root

__all__ = ["UnheardAnswer", "continues", "is_resume", "named_interrupts", "tell_answers"]

_INTERRUPT_ID_CHARS = 32


def continues(inputs: Any) -> bool:
    """Whether these inputs go on with a thread (a ``Command``, or nothing) and are no new question."""
    # Asked of the class: inputs may be any object of the program, and asking that could run its code.
    kind = type(inputs)
    return inputs is None or (hasattr(kind, "resume") and hasattr(kind, "goto"))


def is_resume(inputs: Any) -> bool:
    """Whether these inputs answer a question."""
    return inputs is not None and continues(inputs) and inputs.resume is not None


def named_interrupts(resume: Any) -> list[str]:
    """The interrupt ids a resume mapping is keyed by."""
    if not isinstance(resume, Mapping):
        return []
    ids = [key for key in resume if isinstance(key, str) and len(key) == _INTERRUPT_ID_CHARS]
    return ids if len(ids) == len(resume) else []


def tell_answers(root: Root, previous: Root | None, inputs: Any) -> None:
    """Say which approvals these inputs answer; what stays unanswered goes on waiting with the new root."""
    if previous is not None:
        root.pending, root.seen_interrupts, root.nodes = (
            previous.pending,
            previous.seen_interrupts,
            previous.nodes,
        )
    if is_resume(inputs):
        asked = list(root.pending) or named_interrupts(inputs.resume)
        if not asked:
            UnheardAnswer(root, inputs.resume)
        for interrupt_id, answered in answers(inputs.resume, asked, root.capture).items():
            _tell(root, interrupt_id, answered)
    elif inputs is None:
        for interrupt_id in [key for key in root.pending if key.startswith("breakpoint:")]:
            _tell(root, interrupt_id, Answered("approved", {}))


def _tell(root: Root, interrupt_id: str, answered: Answered) -> None:
    # Asked by another process: the id, where the resume names it, still finds the question.
    approval_id = root.pending.pop(interrupt_id, interrupt_id)
    root.emit(translate.approval_received(approval_id, answered.decision, answered.details))


class UnheardAnswer:
    """An answer to what another process asked: the step that begins again tells which question that was.

    LangGraph starts the asking node once more, inside of the nodes around it. The innermost one that began before
    anything else happened is the one that asked.
    """

    __slots__ = ("_answered", "_emit", "_ns", "_root", "_timestamp")

    def __init__(self, root: Root, resume: Any) -> None:
        self._root = root
        self._answered = answers(resume, [""], root.capture)[""]
        self._emit = root.emit
        self._ns: str | None = None
        self._timestamp = format_timestamp(time.time())
        root.emit = self._watch
        root.unheard = self

    def reach(self, ns: Any) -> None:
        """A node of this namespace begins."""
        if isinstance(ns, str):
            self._ns = ns

    def _watch(self, event: Event) -> None:
        payload = event.payload
        if isinstance(event, ActionStarted) and isinstance(payload, dict) and payload.get("kind") == "node":
            self._emit(event)
            return
        self.tell()
        self._emit(event)

    def tell(self) -> None:
        """Send it now, once."""
        root = self._root
        if root.unheard is not self:
            return
        root.unheard = None
        root.emit = self._emit
        event = translate.approval_received(
            _interrupt_id(self._ns), self._answered.decision, self._answered.details
        )
        event.timestamp = self._timestamp
        self._emit(event)


def _interrupt_id(ns: str | None) -> str | None:
    """The id LangGraph gives to the first question of a node."""
    interrupt = getattr(sys.modules.get("langgraph.types"), "Interrupt", None)
    from_ns = getattr(interrupt, "from_ns", None)
    if ns is None or from_ns is None:
        return None
    found = getattr(from_ns(None, ns), "id", None)
    return found if isinstance(found, str) else None

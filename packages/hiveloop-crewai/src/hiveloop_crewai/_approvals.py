"""Questions to people: feedback a flow asks for, input it waits for, and a task's human input."""

from __future__ import annotations

from . import _translate as translate
from ._facts import Fact
from ._tree import Node, Run

__all__ = ["HUMAN_INPUT", "tell_answer", "tell_question"]

#: The method name under which the shim of ``human_input=True`` asks.
HUMAN_INPUT = "human_input"

_YES = frozenset(
    {"approve", "approved", "accept", "accepted", "yes", "y", "ok", "continue", "looks good", "lgtm"}
)
_NO = frozenset(
    {"reject", "rejected", "deny", "denied", "decline", "declined", "no", "n", "cancel", "needs_revision"}
)


def tell_question(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A person is asked; the task waits. A pause after the question is the same question."""
    data = fact.data
    if run is None or fact.key in run.asked:
        return
    approval_id = data["request_id"] or fact.event_id
    if fact.key in run.answered_early:
        run.answered_early.discard(fact.key)
    else:
        run.asked[fact.key] = approval_id
    summary = data["message"] or f"{fact.key} waits for an answer"
    details = {
        "kind": fact.key if fact.key == HUMAN_INPUT else "flow",
        "method": None if fact.key == HUMAN_INPUT else fact.key,
        "reason": data["message"],
        "question": data["shown"],
        "options": data["options"] or None,
    }
    scope = parent.scope if parent is not None else None
    run.emit(translate.approval_requested(scope, approval_id, summary, details), fact.at)


def tell_answer(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """The person answered."""
    if run is None:
        return
    data = fact.data
    approval_id = run.asked.pop(fact.key, None)
    if approval_id is None:
        # Its question is late, or was asked by another process: the collector still finds it by task and time.
        approval_id = data["request_id"]
        run.answered_early.add(fact.key)
    answer = data["answer"]
    details = {
        "answer": answer if data["told"] else None,
        "outcome": data["outcome"] if data["told"] else None,
    }
    scope = parent.scope if parent is not None else None
    decision = decision_of(answer, data["outcome"], fact.key == HUMAN_INPUT)
    run.emit(translate.approval_received(scope, approval_id, decision, details), fact.at)


def decision_of(answer: str | None, outcome: str | None, is_review: bool) -> str:
    """``approved``, ``rejected`` or ``answered``. Where a result is reviewed, nothing said is consent."""
    word = (outcome or answer or "").strip().lower()
    if word in _YES:
        return "approved"
    if word in _NO:
        return "rejected"
    if is_review:
        return "rejected" if word else "approved"
    return "answered"

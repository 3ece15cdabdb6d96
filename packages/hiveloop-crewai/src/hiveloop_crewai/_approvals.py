"""Questions to people: feedback a flow asks for, input it waits for, and a task's human input."""

from __future__ import annotations

from . import _translate as translate
from ._facts import Fact
from ._tree import Node, Run

__all__ = ["HUMAN_INPUT", "PAUSED", "tell_answer", "tell_outcome", "tell_question", "withdraw_questions"]

#: The method name under which the shim of ``human_input=True`` asks.
HUMAN_INPUT = "human_input"
#: The kind of fact that says again, at the end of a flow's step, that its question waits.
PAUSED = "flow_paused"

#: Kept with the step that asks: the answers to choose from, and the one whose meaning is not known yet.
_OPTIONS, _UNDECIDED = "options", "undecided"
_YES = frozenset(
    {"approve", "approved", "accept", "accepted", "yes", "y", "ok", "continue", "looks good", "lgtm"}
)
_NO = frozenset(
    {"reject", "rejected", "deny", "denied", "decline", "declined", "no", "n", "cancel", "needs_revision"}
)


def tell_question(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """A person is asked; the task waits. A pause after the question is the same question."""
    data = fact.data
    if run is None or (fact.kind == PAUSED and run.asked.get(fact.key)):
        return
    approval_id = data["request_id"] or fact.event_id
    early = run.answered_early.pop(fact.key, None)
    if early is None or early < fact.at:
        run.asked.setdefault(fact.key, []).append(approval_id)
    summary = data["message"] or f"{fact.key} waits for an answer"
    details = {
        "kind": fact.key if fact.key == HUMAN_INPUT else "flow",
        "method": None if fact.key == HUMAN_INPUT else fact.key,
        "reason": data["message"],
        "question": data["shown"],
        "options": data["options"] or None,
    }
    scope = parent.scope if parent is not None else None
    if parent is not None and data["options"]:
        parent.data[_OPTIONS] = data["options"]
    run.emit(translate.approval_requested(scope, approval_id, summary, details), fact.at)


def tell_answer(parent: Node | None, fact: Fact, run: Run | None) -> None:
    """The person answered, or (``ended``) nobody will any more."""
    if run is None:
        return
    data = fact.data
    approval_id = _question_of(run, fact)
    if parent is not None and _OPTIONS in parent.data and data["outcome"] is None and data["ended"] is None:
        # CrewAI asks a model next which of the options was meant: the step's result says.
        parent.data[_UNDECIDED] = (approval_id, fact)
        return
    _tell_received(parent, run, approval_id, fact, data["outcome"])


def tell_outcome(node: Node, said: str | None) -> None:
    """A step ends that asked a person to choose: ``said`` is its result, by which CrewAI says what was chosen."""
    held = node.data.pop(_UNDECIDED, None)
    if held is not None and node.run is not None:
        approval_id, fact = held
        outcome = said if said in node.data.get(_OPTIONS, ()) else None
        _tell_received(node, node.run, approval_id, fact, outcome)


def _tell_received(
    parent: Node | None, run: Run, approval_id: str | None, fact: Fact, outcome: str | None
) -> None:
    data = fact.data
    answer = data["answer"]
    details = {
        "answer": answer if data["told"] else None,
        "outcome": outcome if data["told"] else None,
    }
    scope = parent.scope if parent is not None else None
    decision = data["ended"] or decision_of(answer, outcome, fact.key == HUMAN_INPUT)
    run.emit(translate.approval_received(scope, approval_id, decision, details), fact.at)


def _question_of(run: Run, fact: Fact) -> str | None:
    """The approval that is answered: the one named, else the first that waits by this method's name."""
    waiting, named = run.asked.get(fact.key, []), fact.data["request_id"]
    if named in waiting:
        waiting.remove(named)
        return str(named)
    if waiting:
        return waiting.pop(0)
    # Its question is late, or was asked by another process: the collector still finds it by task and time.
    run.answered_early[fact.key] = fact.at
    return named if isinstance(named, str) else None


def withdraw_questions(run: Run, at: float, how: str) -> None:
    """The run was stopped: nobody will answer any more."""
    for approval_id in [each for waiting in run.asked.values() for each in waiting]:
        run.emit(translate.approval_received(None, approval_id, how, {}), at)
    run.asked.clear()


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

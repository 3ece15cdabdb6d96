"""Which answer belongs to which approval request; pure, decided from all of them together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

__all__ = ["ApprovalFact", "match_approvals"]


class ApprovalFact(Struct, frozen=True):
    """One ``approval_requested`` or ``approval_received`` event."""

    event_id: str
    is_request: bool
    ts: int
    agent_id: str
    task_id: str | None = None
    approval_id: str | None = None


def match_approvals(facts: Iterable[ApprovalFact]) -> dict[str, str]:
    """Event id of each answered request -> event id of its answer.

    A request goes by its ``approval_id``, or by its event's id when it has none. An answer with an ``approval_id``
    that was asked for goes to that request, whichever agent sends it. Any other answer goes, in order of time, to the
    oldest request still open at that moment: of its task, or of its agent when it names no task.
    """
    ordered = sorted(facts, key=lambda fact: (fact.ts, not fact.is_request, fact.event_id))
    asked = {_name(fact) for fact in ordered if fact.is_request}
    named: dict[str, str] = {}
    for fact in ordered:
        if not fact.is_request and fact.approval_id is not None and fact.approval_id in asked:
            named.setdefault(fact.approval_id, fact.event_id)
    answers: dict[str, str] = {}
    by_scope: dict[tuple[str, str | None], deque[str]] = {}
    for fact in ordered:
        if fact.is_request:
            answer = named.get(_name(fact))
            if answer is not None:
                answers[fact.event_id] = answer
                continue
            # Each open request waits in two lines: its task's, and that of the whole agent (task None).
            for scope in {(fact.agent_id, fact.task_id), (fact.agent_id, None)}:
                by_scope.setdefault(scope, deque()).append(fact.event_id)
        elif fact.approval_id not in asked:
            request = _next_open(by_scope.get((fact.agent_id, fact.task_id)), answers)
            if request is not None:
                answers[request] = fact.event_id
    return answers


def _name(request: ApprovalFact) -> str:
    return request.event_id if request.approval_id is None else request.approval_id


def _next_open(line: deque[str] | None, answers: dict[str, str]) -> str | None:
    while line:
        request = line.popleft()
        if request not in answers:
            return request
    return None

"""What a task tells while it runs: LLM calls, plans, escalations, approvals, retries, custom events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import _scope
from ._arguments import count, entries, flat, identifier, seconds, text
from ._custom import custom_event, llm_call_event
from ._decision import Decision
from ._gate import MADE, gate
from ._runtime import runtime
from ._safety import contained
from ._sanitize import shorten
from .events import ApprovalReceived, ApprovalRequested, Custom, Escalated, Event, RetryStarted
from .payloads import ApprovalPayload, Escalation, PlanCreated, PlanStep, Retry

__all__ = ["TaskStory"]

_MAX_STEPS = 500


class TaskStory:
    """The narrating half of :class:`~hiveloop.Task`. Every call form of the manual is accepted; ``None`` is absent."""

    def __init__(self) -> None:
        super().__init__()
        self._plan_revision = 0
        self._plan_steps: int | None = None
        self._approvals: list[str] = []

    def emit(self, event: Event) -> None:
        """Implemented by the handle."""
        raise NotImplementedError

    def _send_here(self, event: Event) -> None:
        """Send it as part of the action the running code is in."""
        scope = _scope.current()
        if scope is not None and scope.task is self and event.action_id is None:
            event.action_id = scope.action_id
        self.emit(event)

    @contained
    def llm_call(
        self,
        name: Any = None,
        model: Any = None,
        *,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        cost: float | None = None,
        duration_ms: float | None = None,
        prompt_preview: str | None = None,
        response_preview: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Record one model call. ``cost`` in US dollars; absent: estimated later. It nests under the current action."""
        event = llm_call_event(
            name, model, tokens_in, tokens_out, cost, duration_ms, prompt_preview, response_preview, metadata
        )
        self._send_here(event)
        if runtime.made_gates:
            gate(self, "llm", str(name), MADE)  # type: ignore[arg-type]

    @contained
    def plan(self, goal: Any = None, steps: Iterable[Any] = (), revision: int = 0) -> None:
        """Declare the plan, or with a higher ``revision`` replace it. ``steps`` are descriptions in order."""
        descriptions = [_description(step) for step in entries(steps, _MAX_STEPS)]
        self._plan_revision = count(revision, "revision") or 0
        self._plan_steps = len(descriptions)
        numbered = [{"index": index, "description": step} for index, step in enumerate(descriptions)]
        self.emit(
            Custom(
                payload=PlanCreated(
                    summary=text(goal),
                    data={"goal": text(goal, 2_000), "steps": numbered, "revision": self._plan_revision},
                    tags=["plan", "created"],
                )
            )
        )

    @contained
    def plan_step(
        self,
        step_index: int,
        action: str = "started",
        summary: str | None = None,
        *,
        total_steps: int | None = None,
        turns: int | None = None,
        tokens: int | None = None,
        plan_revision: int | None = None,
    ) -> None:
        """Report a step (zero-based): ``action`` is started, completed, failed or skipped."""
        revision = count(plan_revision, "plan_revision")
        verb = text(action, 64) or "started"
        data = {
            "step_index": count(step_index, "step_index"),
            "total_steps": self._plan_steps if total_steps is None else count(total_steps, "total_steps"),
            "action": verb,
            "turns": count(turns, "turns"),
            "tokens": count(tokens, "tokens"),
            "plan_revision": self._plan_revision if revision is None else revision,
        }
        said = text(summary)
        line = f"Step {data['step_index']} {verb}" + (f": {said}" if said else "")
        payload = PlanStep(summary=text(line), data=_present(data), tags=["plan", f"step_{verb}"])
        self.emit(Custom(severity="error" if verb == "failed" else None, payload=payload))

    @contained
    def escalate(
        self,
        summary: str | None = None,
        assigned_to: str | None = None,
        reason: str | None = None,
        parent_event_id: str | None = None,
    ) -> None:
        """The agent hands this over: to ``assigned_to``, because of ``reason``."""
        data = _present({"assigned_to": text(assigned_to, 256), "reason": text(reason, 2_000)})
        payload = Escalation(summary=text(summary if summary is not None else reason), data=data)
        self._send_here(Escalated(parent_event_id=identifier(parent_event_id), payload=payload))

    @contained
    def _request_approval(
        self, approval_id: str, summary: Any, approver: Any, reason: Any, parent_event_id: Any
    ) -> None:
        self._approvals.append(approval_id)
        line = summary if summary is not None else reason
        if line is None:
            line = (
                f"Approval requested from {text(approver, 256)}"
                if approver is not None
                else "Approval requested"
            )
        data = _present(
            {"approval_id": approval_id, "approver": text(approver, 256), "reason": text(reason, 2_000)}
        )
        payload = ApprovalPayload(summary=text(line), data=data)
        self._send_here(ApprovalRequested(parent_event_id=identifier(parent_event_id), payload=payload))

    def request_approval(
        self,
        summary: str | None = None,
        approver: str | None = None,
        reason: str | None = None,
        parent_event_id: str | None = None,
    ) -> str:
        """Ask a person; returns the approval's id. The task shows as waiting until ``approval_received``."""
        approval_id = runtime.clock.new_id()
        self._request_approval(approval_id, summary, approver, reason, parent_event_id)
        return approval_id

    @contained
    def approval_received(
        self,
        summary: str | None = None,
        approved_by: str | None = None,
        decision: str = "approved",
        parent_event_id: str | None = None,
    ) -> None:
        """The person decided: ``decision`` is approved or rejected. Answers the task's oldest open request."""
        decided = text(decision, 64) or "approved"
        if summary is None:
            summary = f"{decided} by {text(approved_by, 256)}" if approved_by is not None else decided
        approval_id = self._answered(decided)
        data = _present(
            {"decision": decided, "approved_by": text(approved_by, 256), "approval_id": approval_id}
        )
        payload = ApprovalPayload(summary=text(summary), data=data)
        self._send_here(ApprovalReceived(parent_event_id=identifier(parent_event_id), payload=payload))

    def _answered(self, decision: str) -> str | None:
        """The oldest request that is open here. One the collector decided is meant only by a decision like it."""
        while self._approvals:
            approval_id = self._approvals.pop(0)
            if runtime.settled_approvals.get(approval_id, decision) == decision:
                return approval_id
        return None

    def wait_for_approval(self, approval_id: str, timeout: float | None = None) -> Decision | None:
        """Block until a person decides at the collector (or anything else reports the decision) and return it.

        ``approval_id`` is what :meth:`request_approval` returned; ``timeout`` is in seconds, ``None`` waits as long as
        it takes. Returns ``None`` without a decision: time is up, the run ended, the client was shut down or never
        started, or the collector does not know approvals. Never raises. The decision is stored already: there is no
        need to call :meth:`approval_received`.
        """
        session = runtime.session
        if session is None or session.approvals is None:
            return None
        decision: Decision | None = session.approvals.wait(approval_id, timeout)
        return decision

    async def wait_for_approval_async(
        self, approval_id: str, timeout: float | None = None
    ) -> Decision | None:
        """:meth:`wait_for_approval` for coroutines: the event loop goes on, and cancelling it ends the wait at once."""
        session = runtime.session
        if session is None or session.approvals is None:
            return None
        decision: Decision | None = await session.approvals.wait_async(approval_id, timeout)
        return decision

    @contained
    def retry(
        self,
        summary: str | int | None = None,
        attempt: float | None = None,
        backoff_seconds: float | None = None,
        reason: str | None = None,
        parent_event_id: str | None = None,
        *,
        strategy: str | None = None,
        original_error: Any = None,
        fallback_to: str | None = None,
        max_attempts: int | None = None,
    ) -> None:
        """The agent tries again: ``attempt`` counts from 1. ``retry(2, 1.5)`` is attempt 2 after 1.5 seconds.

        ``strategy`` is retry, fallback (to ``fallback_to``) or circuit_break.
        """
        if type(summary) is int:
            if attempt is not None and backoff_seconds is None:
                attempt, backoff_seconds = summary, attempt
            summary, attempt = None, summary if attempt is None else attempt
        if summary is None:
            tried = count(attempt, "attempt")
            summary = text(reason) or ("Retry" if tried is None else f"Retry, attempt {tried}")
        data = {
            "attempt": count(attempt, "attempt"),
            "backoff_seconds": seconds(backoff_seconds, "backoff_seconds"),
            "reason": text(reason, 2_000),
            "strategy": text(strategy, 64),
            "original_error": text(original_error, 2_000),
            "fallback_to": text(fallback_to, 256),
            "max_attempts": count(max_attempts, "max_attempts"),
        }
        payload = Retry(summary=text(summary), data=_present(data))
        self._send_here(RetryStarted(parent_event_id=identifier(parent_event_id), payload=payload))

    @contained
    def event(
        self,
        event_type: str,
        payload: dict[str, Any] | None = None,
        severity: str | None = None,
        parent_event_id: str | None = None,
    ) -> None:
        """Send an event of any catalogue type; another type becomes ``custom`` of that kind, said once."""
        event = custom_event(event_type, flat(payload), severity, parent_event_id)
        self._send_here(event)


def _present(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _description(step: Any) -> str:
    if type(step) is dict:
        step = step.get("description") or step.get("name") or step.get("title")
    return shorten(text(step, 1_000) or "", 1_000)

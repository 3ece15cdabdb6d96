"""Plain data → events of the catalogue: every mapping of this adapter, pure, without a framework object in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hiveloop import events, payloads
from hiveloop.adapters.actions import (
    STATUS_OF_OUTCOME,
    ErrorInfo,
    action_completed,
    action_failed,
    action_started,
    failure,
)

__all__ = [
    "STATUS_OF_OUTCOME",
    "ErrorInfo",
    "Prompt",
    "action_completed",
    "action_failed",
    "action_started",
    "approval_received",
    "approval_requested",
    "escalated",
    "failure",
    "instruction",
    "llm_call",
    "memory_query",
    "plan_created",
    "plan_step",
    "retry_started",
    "thought",
]


class Prompt(NamedTuple):
    """What went to a model: the text to show and estimated shares in tokens."""

    text: str | None = None
    system_tokens: int = 0
    history_tokens: int = 0
    tool_tokens: int = 0
    messages: int = 0


def retry_started(
    action_id: str | None,
    function: str,
    attempt: int,
    reason: str | None = None,
    backoff_seconds: float | None = None,
    max_attempts: int | None = None,
) -> events.RetryStarted:
    """``function`` is tried again; ``attempt`` counts the try that begins now, the first one being 1."""
    known = {"backoff_seconds": backoff_seconds, "reason": reason, "max_attempts": max_attempts}
    data: dict[str, Any] = {"attempt": attempt, "function": function}
    data.update({key: value for key, value in known.items() if value is not None})
    summary = f"Attempt {attempt} of {function}"
    return events.RetryStarted(action_id=action_id, payload=payloads.Retry(summary=summary, data=data))


def escalated(assigned_to: str, reason: str | None) -> events.Escalated:
    """The run was handed to somebody outside the team."""
    data = {"assigned_to": assigned_to}
    if reason is not None:
        data["reason"] = reason
    return events.Escalated(payload=payloads.Escalation(summary=f"Handed over to {assigned_to}", data=data))


def approval_requested(
    action_id: str | None, approval_id: str, summary: str, details: Mapping[str, Any]
) -> events.ApprovalRequested:
    """The run waits for a person. ``details``: ``approver, reason, kind, code``."""
    data = {"approval_id": approval_id, **details}
    return events.ApprovalRequested(
        action_id=action_id, payload=payloads.ApprovalPayload(summary=summary, data=data)
    )


def approval_received(
    action_id: str | None, approval_id: str, decision: str, details: Mapping[str, Any]
) -> events.ApprovalReceived:
    """A person answered, or nobody will any more. ``details``: ``approved_by, answer, reason``."""
    data: dict[str, Any] = {"decision": decision, "approval_id": approval_id, **details}
    return events.ApprovalReceived(
        action_id=action_id, payload=payloads.ApprovalPayload(summary=f"Answered: {decision}", data=data)
    )


def plan_created(
    goal: str, steps: Sequence[str], revision: int, action_id: str | None = None
) -> events.Custom:
    """A plan, or with a higher ``revision`` the one that replaces it."""
    numbered = [{"index": index, "description": step} for index, step in enumerate(steps)]
    data = {"goal": goal, "steps": numbered, "revision": revision}
    return events.Custom(
        action_id=action_id, payload=payloads.PlanCreated(summary=goal, data=data, tags=["plan"])
    )


def plan_step(
    index: int, total: int, action: str, description: str, revision: int, action_id: str | None = None
) -> events.Custom:
    """A step of the plan (zero-based) was started, completed or failed."""
    data = {"step_index": index, "total_steps": total, "action": action, "plan_revision": revision}
    line = f"Step {index} {action}: {description}"
    return events.Custom(
        severity="error" if action == "failed" else None,
        action_id=action_id,
        payload=payloads.PlanStep(summary=line, data=data, tags=["plan"]),
    )


def instruction(sender: str, text: str | None, action_id: str | None) -> events.Custom:
    """What the orchestrator of a team tells its next speaker."""
    data = {"role": "orchestrator", "sender": sender}
    if text is not None:
        data["content"] = text
    return events.Custom(
        action_id=action_id,
        payload=payloads.Message(summary=text or f"{sender} gives an instruction", data=data, tags=["plan"]),
    )


def memory_query(agent: str, results: int, action_id: str | None) -> events.Custom:
    """An agent's memory was asked and answered."""
    data = {"operation": "query", "store": agent, "result_count": results}
    return events.Custom(
        action_id=action_id,
        payload=payloads.MemoryOp(summary=f"{agent} remembered {results} items", data=data, tags=["memory"]),
    )


def thought(agent: str, text: str, action_id: str | None) -> events.Custom:
    """What a model said it was thinking."""
    data = {"step": agent, "thought": text}
    return events.Custom(
        action_id=action_id,
        payload=payloads.Reasoning(summary=f"{agent} thinks", data=data, tags=["reasoning"]),
    )


def llm_call(data: payloads.LlmCallData, action_id: str | None) -> events.Custom:
    """One model call, with its summary line."""
    return events.Custom(
        action_id=action_id, payload=payloads.LlmCall(summary=_llm_summary(data), data=data, tags=["llm"])
    )


def _llm_summary(data: payloads.LlmCallData) -> str:
    line = f"{data.name} → {data.model}" if data.model else data.name
    parts = []
    if data.tokens_in is not None:
        parts.append(f"{data.tokens_in} in")
    if data.tokens_out is not None:
        parts.append(f"{data.tokens_out} out")
    counts = " / ".join(parts)
    if data.cost is not None:
        counts = f"{counts}, ${data.cost:.4f}" if counts else f"${data.cost:.4f}"
    return f"{line} ({counts})" if counts else line

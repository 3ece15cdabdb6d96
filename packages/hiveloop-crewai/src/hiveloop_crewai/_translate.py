"""Plain data → events of the catalogue: every mapping of this adapter, pure, without a framework object in sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hiveloop import events, payloads

from ._plan import Plan

__all__ = [
    "ErrorInfo",
    "action_completed",
    "action_failed",
    "action_started",
    "anomaly",
    "approval_received",
    "approval_requested",
    "config_snapshot",
    "context_compaction",
    "escalated",
    "learning",
    "llm_call",
    "memory_op",
    "plan_created",
    "plan_step",
    "queue_snapshot",
    "retry_started",
    "task_completed",
    "task_failed",
]

_SUMMARY_CHARS = 300


class ErrorInfo(NamedTuple):
    """An error as plain data. ``type`` is ``None`` where the bus does not say it, ``message`` where it may not leave.

    ``origin`` is the action that told it first: then the message is not repeated.
    """

    type: str | None = None
    message: str | None = None
    origin: str | None = None
    status_code: int | None = None


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def failure(error: ErrorInfo, in_full: bool = False) -> dict[str, Any]:
    """The fields by which a failed task or action names its error."""
    return _known(
        {
            "exception_type": error.type,
            "exception_message": error.message if in_full or error.origin is None else None,
            "error_origin": error.origin,
            "status_code": error.status_code,
        }
    )


def task_completed(
    summary: str, duration_ms: int, status: str, output: str | None, outcome: str | None = None
) -> events.TaskCompleted:
    """A crew's task, a flow or a lone agent run ended without failing."""
    payload = _known({"summary": summary, "output": output, "outcome": outcome})
    return events.TaskCompleted(status=status, duration_ms=duration_ms, payload=payload)


def task_failed(summary: str, duration_ms: int, error: ErrorInfo) -> events.TaskFailed:
    """It ended by an error."""
    payload = {"summary": summary, **failure(error, in_full=True)}
    return events.TaskFailed(status="failure", duration_ms=duration_ms, payload=payload)


def action_started(
    action_id: str, parent_id: str | None, name: str, kind: str, details: Mapping[str, Any]
) -> events.ActionStarted:
    """An agent, tool, guardrail, flow method or MCP call began."""
    return events.ActionStarted(
        action_id=action_id,
        parent_action_id=parent_id,
        payload={"action_name": name, "kind": kind, **_known(details)},
    )


def action_completed(
    action_id: str,
    parent_id: str | None,
    name: str,
    duration_ms: int,
    details: Mapping[str, Any],
    status: str = "success",
) -> events.ActionCompleted:
    """A step ended without failing."""
    return events.ActionCompleted(
        action_id=action_id,
        parent_action_id=parent_id,
        status=status,
        duration_ms=duration_ms,
        payload={"action_name": name, **_known(details)},
    )


def action_failed(
    action_id: str,
    parent_id: str | None,
    name: str,
    duration_ms: int,
    error: ErrorInfo,
    details: Mapping[str, Any],
) -> events.ActionFailed:
    """A step ended by an error."""
    return events.ActionFailed(
        action_id=action_id,
        parent_action_id=parent_id,
        status="failure",
        duration_ms=duration_ms,
        payload={"action_name": name, **failure(error), **_known(details)},
    )


def retry_started(
    action_id: str | None,
    name: str,
    attempt: int,
    reason: str | None,
    error: str | None,
    backoff_seconds: float | None = None,
) -> events.RetryStarted:
    """``name`` is tried again; ``attempt`` counts the try that begins now, the first one being 1."""
    data = _known(
        {
            "attempt": attempt,
            "function": name,
            "backoff_seconds": backoff_seconds,
            "reason": reason,
            "original_error": error,
        }
    )
    summary = f"Attempt {attempt} of {name}" + (f": {reason}" if reason else "")
    return events.RetryStarted(
        action_id=action_id, payload=payloads.Retry(summary=summary[:_SUMMARY_CHARS], data=data)
    )


def escalated(action_id: str, by: str | None, to: str, reason: str | None, kind: str) -> events.Escalated:
    """Work is handed to a coworker, or to a remote agent."""
    data = _known({"assigned_to": to, "reason": reason, "kind": "delegation", "from": by, "via": kind})
    line = f"{by or 'Agent'} hands over to {to}" + (f": {reason}" if reason else "")
    return events.Escalated(
        action_id=action_id, payload=payloads.Escalation(summary=line[:_SUMMARY_CHARS], data=data)
    )


def llm_call(data: payloads.LlmCallData, action_id: str | None) -> events.Custom:
    """One model call, with its summary line."""
    return events.Custom(
        action_id=action_id, payload=payloads.LlmCall(summary=_llm_summary(data), data=data, tags=["llm"])
    )


def _llm_summary(data: payloads.LlmCallData) -> str:
    line = f"{data.name} → {data.model}" if data.model else data.name
    counts = [
        f"{count} {way}"
        for count, way in ((data.tokens_in, "in"), (data.tokens_out, "out"))
        if count is not None
    ]
    return f"{line} ({' / '.join(counts)})" if counts else line


def plan_created(goal: str, plan: Plan, action_id: str | None) -> events.Custom:
    """A plan, or a new one in its place."""
    steps = [{"index": index, "description": step} for index, step in enumerate(plan.steps)]
    data = {"goal": goal, "steps": steps, "revision": plan.revision}
    return events.Custom(
        action_id=action_id, payload=payloads.PlanCreated(summary=goal, data=data, tags=["plan"])
    )


def plan_step(
    index: int, action: str, text: str | None, plan: Plan, action_id: str | None, error: str | None = None
) -> events.Custom:
    """A step is started, completed, failed or skipped."""
    data = {
        "step_index": index,
        "total_steps": len(plan.steps),
        "action": action,
        "plan_revision": plan.revision,
        **_known({"error": error}),
    }
    summary = f"Step {index} {action}" + (f": {text}" if text else "")
    return events.Custom(
        action_id=action_id,
        severity="error" if action == "failed" else None,
        payload=payloads.PlanStep(summary=summary[:_SUMMARY_CHARS], data=data, tags=["plan"]),
    )


def approval_requested(
    action_id: str | None, approval_id: str, summary: str, details: Mapping[str, Any]
) -> events.ApprovalRequested:
    """The run waits for a person."""
    data = {"approval_id": approval_id, **_known(details)}
    return events.ApprovalRequested(
        action_id=action_id, payload=payloads.ApprovalPayload(summary=summary[:_SUMMARY_CHARS], data=data)
    )


def approval_received(
    action_id: str | None, approval_id: str | None, decision: str, details: Mapping[str, Any]
) -> events.ApprovalReceived:
    """A person answered."""
    data = _known({"decision": decision, "approval_id": approval_id, **details})
    return events.ApprovalReceived(
        action_id=action_id, payload=payloads.ApprovalPayload(summary=f"Answer: {decision}", data=data)
    )


def memory_op(action_id: str | None, operation: str, data: Mapping[str, Any]) -> events.Custom:
    """Memory or knowledge was used."""
    return events.Custom(
        action_id=action_id,
        payload=payloads.MemoryOp(
            summary=f"Memory {operation}", data={"operation": operation, **_known(data)}
        ),
    )


def context_compaction(action_id: str | None, trigger: str, data: Mapping[str, Any]) -> events.Custom:
    """The conversation was shortened."""
    return events.Custom(
        action_id=action_id,
        payload=payloads.ContextCompaction(
            summary=f"Context summarised ({trigger})",
            data={"method": "summary", "trigger": trigger, **_known(data)},
        ),
    )


def learning(summary: str, data: Mapping[str, Any]) -> events.Custom:
    """Training, testing or evaluation."""
    return events.Custom(payload=payloads.Learning(summary=summary, data=_known(data)))


def anomaly(action_id: str | None, data: Mapping[str, Any]) -> events.Custom:
    """A hook of the program stopped a call."""
    summary = f"A hook stopped {data.get('point') or 'a call'}"
    return events.Custom(action_id=action_id, payload=payloads.Anomaly(summary=summary, data=_known(data)))


def config_snapshot(summary: str, data: Mapping[str, Any]) -> events.Custom:
    """What an agent is set up with."""
    return events.Custom(payload=payloads.ConfigSnapshot(summary=summary, data=_known(data)))


def queue_snapshot(items: list[dict[str, Any]]) -> events.Custom:
    """The crew's tasks of an agent that have not begun."""
    data = {"depth": len(items), "items": items}
    return events.Custom(payload=payloads.QueueSnapshot(summary=f"{len(items)} waiting", data=data))

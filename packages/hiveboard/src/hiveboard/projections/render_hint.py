"""How a client should draw an event, from the catalogue's types and kinds."""

from __future__ import annotations

from typing import Any

from hiveloop import events
from hiveloop.payloads import (
    Issue,
    LlmCall,
    PlanCreated,
    PlanStep,
    QueueSnapshot,
    Recovered,
    Scheduled,
    Todo,
)

from hiveboard.store.records import EventRecord
from hiveboard.store.rollup import action_failed

__all__ = ["RENDER_HINTS", "render_hint"]

_BY_TYPE = {
    events.AgentRegistered.event_type: "agent",
    events.Heartbeat.event_type: "heartbeat",
    events.TaskStarted.event_type: "task",
    events.TaskCompleted.event_type: "task",
    events.TaskFailed.event_type: "failure",
    events.ActionStarted.event_type: "action",
    events.ActionCompleted.event_type: "action",
    events.ActionFailed.event_type: "failure",
    events.RetryStarted.event_type: "retry",
    events.Escalated.event_type: "human",
    events.ApprovalRequested.event_type: "human",
    events.ApprovalReceived.event_type: "human",
    events.Custom.event_type: "note",
}
_BY_KIND = {
    LlmCall.kind: "llm",
    PlanCreated.kind: "plan",
    PlanStep.kind: "plan",
    Issue.kind: "issue",
    Todo.kind: "pipeline",
    Scheduled.kind: "pipeline",
    QueueSnapshot.kind: "pipeline",
    Recovered.kind: "retry",
}

#: Every hint there is.
RENDER_HINTS = tuple(dict.fromkeys([*_BY_TYPE.values(), *_BY_KIND.values()]))


def render_hint(record: EventRecord, payload: dict[str, Any]) -> str:
    """One of :data:`RENDER_HINTS`; an action that reports ``success: false`` or an error is a failure."""
    if action_failed(record.event_type, payload):
        return "failure"
    if record.kind is not None:
        return _BY_KIND.get(record.kind, "note")
    return _BY_TYPE[record.event_type]

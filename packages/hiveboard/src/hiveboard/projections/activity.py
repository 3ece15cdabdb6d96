"""One plain sentence per event, for people who read along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiveloop import events, payloads

from hiveboard.store.fold_issue import issue_action
from hiveboard.store.fold_task import OUTCOMES
from hiveboard.store.records import EventRecord
from hiveboard.store.rollup import action_failed, action_name
from hiveboard.store.values import count_of, dict_of, number_of, text_in

__all__ = ["narrate"]

_MAX_SENTENCE = 600
Narrator = Callable[[EventRecord, dict[str, Any], dict[str, Any]], str]


def narrate(record: EventRecord, payload: dict[str, Any]) -> str:
    """What happened, in English; never empty, at most 600 characters."""
    narrator = _BY_KIND.get(record.kind) if record.kind is not None else _BY_TYPE.get(record.event_type)
    text = narrator(record, payload, dict_of(payload.get("data"))) if narrator else _other(record, payload)
    return text[:_MAX_SENTENCE]


def _other(record: EventRecord, payload: dict[str, Any]) -> str:
    label = (record.kind or record.event_type).replace("_", " ")
    summary = text_in(payload, "summary")
    return f"{record.agent_id}: {summary}" if summary else f"{record.agent_id} reported {label}"


def _duration(duration_ms: int | None) -> str:
    if duration_ms is None:
        return ""
    if duration_ms < 1_000:
        return f" in {duration_ms} ms"
    seconds = duration_ms / 1_000
    return f" in {seconds:.1f} s" if seconds < 60 else f" in {int(seconds // 60)} min {int(seconds % 60)} s"


def _error(payload: dict[str, Any]) -> str:
    parts = [text_in(payload, "exception_type"), text_in(payload, "exception_message")]
    text = ": ".join(part for part in parts if part) or text_in(payload, "error") or ""
    return f": {text}" if text else ""


def _task_started(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    kind = f" ({record.task_type})" if record.task_type else ""
    return f"{record.agent_id} started task {record.task_id}{kind}"


def _task_completed(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    if record.status in OUTCOMES:
        return (
            f"Task {record.task_id} of {record.agent_id} was {record.status}{_duration(record.duration_ms)}"
        )
    return f"{record.agent_id} completed task {record.task_id}{_duration(record.duration_ms)}"


def _task_failed(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"{record.agent_id} failed task {record.task_id}{_duration(record.duration_ms)}{_error(payload)}"


def _action_started(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"{record.agent_id} began {action_name(payload)}"


def _action_ended(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    name, took = action_name(payload), _duration(record.duration_ms)
    if action_failed(record.event_type, payload):
        return f"{name} of {record.agent_id} failed{took}{_error(payload)}"
    if record.status in OUTCOMES:
        return f"{name} of {record.agent_id} was {record.status}{took}"
    return f"{record.agent_id} finished {name}{took}"


def _retry(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    attempt = count_of(data.get("attempt"), 10**9)
    wait = number_of(data.get("backoff_seconds"))
    reason = text_in(data, "reason") or text_in(data, "original_error") or text_in(payload, "summary")
    text = f"{record.agent_id} tries again" + (f", attempt {attempt}" if attempt is not None else "")
    text += f", after {wait:g} s" if wait is not None else ""
    return f"{text}: {reason}" if reason else text


def _escalated(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    to = text_in(data, "assigned_to") or text_in(payload, "assigned_to")
    reason = text_in(data, "reason") or text_in(payload, "summary")
    return f"{record.agent_id} escalated" + (f" to {to}" if to else "") + (f": {reason}" if reason else "")


def _approval_requested(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    who = text_in(data, "approver") or text_in(payload, "approver")
    summary = text_in(payload, "summary")
    text = f"{record.agent_id} waits for approval" + (f" by {who}" if who else "")
    return f"{text}: {summary}" if summary else text


def _approval_received(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    decision = text_in(data, "decision") or text_in(payload, "decision") or "answered"
    who = text_in(data, "approved_by") or text_in(payload, "approved_by")
    return f"A request of {record.agent_id} was {decision}" + (f" by {who}" if who else "")


def _registered(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    version = text_in(data, "version")
    return f"{record.agent_id} registered" + (f", version {version}" if version else "")


def _heartbeat(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"{record.agent_id} is alive"


def _llm_call(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    name = text_in(data, "name")
    text = f"{record.agent_id} called {record.model or 'a model'}" + (f" for {name}" if name else "")
    if record.tokens_in is not None or record.tokens_out is not None:
        shown = ["?" if count is None else f"{count:,}" for count in (record.tokens_in, record.tokens_out)]
        text += f" ({shown[0]} tokens in, {shown[1]} out)"
    return text + _duration(record.duration_ms)


def _plan_created(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    goal = text_in(payload, "summary") or text_in(data, "goal")
    steps = data.get("steps")
    count = f" in {len(steps)} steps" if isinstance(steps, list) else ""
    word = "replanned" if count_of(data.get("revision"), 10**9) else "planned"
    return f"{record.agent_id} {word}{count}" + (f": {goal}" if goal else "")


def _issue(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    action, severity = issue_action(payload), text_in(data, "severity")
    what = text_in(payload, "summary") or text_in(data, "issue_id") or "an issue"
    if action == "reported":
        return f"{record.agent_id} reported" + (f" ({severity})" if severity else "") + f": {what}"
    return f"{record.agent_id} marked {action}: {what}"


def _queue(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    depth = count_of(data.get("depth"), 10**12)
    return (
        f"{record.agent_id} reported its queue" if depth is None else f"{record.agent_id} has {depth} queued"
    )


def _todo(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    what = text_in(payload, "summary") or text_in(data, "todo_id") or "an item"
    return f"{record.agent_id} {text_in(data, 'action') or 'noted'} to-do: {what}"


_BY_TYPE: dict[str, Narrator] = {
    events.AgentRegistered.event_type: _registered,
    events.Heartbeat.event_type: _heartbeat,
    events.TaskStarted.event_type: _task_started,
    events.TaskCompleted.event_type: _task_completed,
    events.TaskFailed.event_type: _task_failed,
    events.ActionStarted.event_type: _action_started,
    events.ActionCompleted.event_type: _action_ended,
    events.ActionFailed.event_type: _action_ended,
    events.RetryStarted.event_type: _retry,
    events.Escalated.event_type: _escalated,
    events.ApprovalRequested.event_type: _approval_requested,
    events.ApprovalReceived.event_type: _approval_received,
}
_BY_KIND: dict[str, Narrator] = {
    payloads.LlmCall.kind: _llm_call,
    payloads.PlanCreated.kind: _plan_created,
    payloads.Issue.kind: _issue,
    payloads.QueueSnapshot.kind: _queue,
    payloads.Todo.kind: _todo,
}

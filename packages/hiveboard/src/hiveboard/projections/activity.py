"""One plain sentence per event, for people who read along: the only place that words what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiveloop import events, payloads

from hiveboard.store.fold_issue import issue_action
from hiveboard.store.fold_task import OUTCOMES
from hiveboard.store.records import EventRecord
from hiveboard.store.rollup import action_failed, action_name
from hiveboard.store.values import count_of, dict_of, number_of, text_in

from .activity_insight import INSIGHT_TELLERS
from .wording import after_colon, amount, duration, failure_text, one_line, plural

__all__ = ["headline", "narrate"]

_MAX_SENTENCE = 600
_MANY = 10**12
Teller = Callable[[EventRecord, dict[str, Any], dict[str, Any]], str]


def narrate(record: EventRecord, said: str) -> str:
    """The whole sentence: the agent is the subject of what :func:`headline` said."""
    return f"{one_line(record.agent_id)} {said}"


def headline(record: EventRecord, payload: dict[str, Any]) -> str:
    """What happened, without the subject: begins with a verb, is on one line, has at most 600 characters."""
    data = dict_of(payload.get("data"))
    insight = INSIGHT_TELLERS.get(record.kind or "")
    if insight is not None:
        said = _summary(payload)
        return insight(None if said == record.kind else said, data)[:_MAX_SENTENCE]
    teller = _BY_KIND.get(record.kind) if record.kind is not None else _BY_TYPE.get(record.event_type)
    return (teller or _other)(record, payload, data)[:_MAX_SENTENCE]


def _field(payload: dict[str, Any], data: dict[str, Any], name: str) -> str | None:
    """A text that published clients put either into ``payload.data`` or flat into ``payload``."""
    found = text_in(data, name) or text_in(payload, name)
    return one_line(found) if found else None


def _summary(payload: dict[str, Any]) -> str | None:
    found = text_in(payload, "summary")
    return one_line(found) if found else None


def _took(record: EventRecord) -> str:
    return "" if record.duration_ms is None else f" in {duration(record.duration_ms)}"


def _task(record: EventRecord) -> str:
    return f"task {one_line(record.task_id)}" if record.task_id else "a task"


def _other(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    label = one_line((record.kind or record.event_type).replace("_", " "))
    return f"reported {label}{after_colon(_summary(payload))}"


def _task_started(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"started {_task(record)}"


def _task_completed(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    if record.status in OUTCOMES:
        return f"ended {_task(record)} as {record.status}{_took(record)}"
    return f"completed {_task(record)}{_took(record)}"


def _task_failed(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"failed {_task(record)}{_took(record)}{after_colon(failure_text(payload))}"


def _action_started(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"began {one_line(action_name(payload))}"


def _action_ended(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    name, took = one_line(action_name(payload)), _took(record)
    if action_failed(record.event_type, payload):
        return f"failed {name}{took}{after_colon(failure_text(payload))}"
    if record.status in OUTCOMES:
        return f"ended {name} as {record.status}{took}"
    return f"finished {name}{took}"


def _retry(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    attempt = count_of(data.get("attempt", payload.get("attempt")), _MANY)
    wait = number_of(data.get("backoff_seconds", payload.get("backoff_seconds")))
    reason = _field(payload, data, "reason") or _field(payload, data, "original_error") or _summary(payload)
    text = "tries again" + (f", attempt {attempt}" if attempt is not None else "")
    return text + (f", after {wait:g} s" if wait is not None else "") + after_colon(reason)


def _recovered(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    attempts = count_of(data.get("attempts"), _MANY)
    return "recovered" if attempts is None else f"recovered after {plural(attempts, 'attempt')}"


def _escalated(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    to = _field(payload, data, "assigned_to")
    reason = (
        _summary(payload) or _field(payload, data, "reason") or (_task(record) if record.task_id else None)
    )
    return "escalated" + (f" to {to}" if to else "") + after_colon(reason)


def _approval_requested(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    who = _field(payload, data, "approver")
    what = _summary(payload) or _field(payload, data, "reason")
    return f"asks {who or 'someone'} for approval{after_colon(what)}"


def _approval_received(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    decision = _field(payload, data, "decision")
    who = _field(payload, data, "approved_by")
    words = {"approved": "was given approval", "rejected": "was refused approval", None: "was answered"}
    text = words.get(decision, f"was answered “{decision}”")
    return text + (f" by {who}" if who else "") + after_colon(_summary(payload))


def _registered(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    version = _field(payload, data, "version")
    return "registered" + (f", version {version}" if version else "")


def _heartbeat(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return "is alive"


def _llm_call(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    name = _field({}, data, "name")
    call = one_line(record.model) if record.model else "a model"
    call += f" for {name}" if name else ""
    error = dict_of(data.get("metadata")).get("error")
    trouble = failure_text(error) if isinstance(error, dict) else failure_text({"error": error})
    if trouble:
        return f"got an error from {call}{_took(record)}{after_colon(trouble)}"
    tokens = record.tokens_in, record.tokens_out
    facts = []
    if tokens != (None, None):
        shown = ["?" if count is None else f"{count:,}" for count in tokens]
        facts.append(f"{shown[0]} tokens in, {shown[1]} out")
    if record.cost_nano is not None:
        facts.append(("~" if record.cost_source == "estimated" else "") + amount(record.cost_nano / 1e9))
    return f"called {call}" + (f" ({', '.join(facts)})" if facts else "") + _took(record)


def _plan_created(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    goal = _field({}, data, "goal") or _summary(payload)
    steps = data.get("steps")
    count = f" {plural(len(steps), 'step')}" if isinstance(steps, list) else ""
    word = "replanned" if count_of(data.get("revision"), _MANY) else "planned"
    return f"{word}{count}{after_colon(goal)}"


def _plan_step(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    index, action = count_of(data.get("step_index"), _MANY), _field({}, data, "action")
    # The SDK's own summary repeats the number and the action; the rest is the step's description.
    said = (_summary(payload) or "").removeprefix(f"Step {index} {action}: ")
    step = "a plan step" if index is None else f"plan step {index + 1}"
    return f"{action or 'changed'} {step}{after_colon(said)}"


def _issue(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    action, severity = issue_action(payload), _field({}, data, "severity")
    what = _summary(payload) or _field({}, data, "issue_id")
    if action == "reported":
        return "reported an issue" + (f" ({severity})" if severity else "") + after_colon(what)
    return f"marked an issue {one_line(action)}{after_colon(what)}"


def _anomaly(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    return f"shows an anomaly{after_colon(_summary(payload) or _field({}, data, 'message'))}"


def _queue(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    depth = count_of(data.get("depth"), _MANY)
    return "reported its queue" if depth is None else f"has {depth:,} waiting in its queue"


def _scheduled(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    items = data.get("items")
    return (
        f"has {plural(len(items), 'scheduled item')}" if isinstance(items, list) else "reported its schedule"
    )


def _todo(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    what = _summary(payload) or _field({}, data, "todo_id")
    return f"{_field({}, data, 'action') or 'noted'} a to-do{after_colon(what)}"


_LIFE = {
    "agent_started": "started work",
    "agent_stopped": "stopped work",
    "restart": "started again",
    "shutdown": "shut down",
}


def _runtime(record: EventRecord, payload: dict[str, Any], data: dict[str, Any]) -> str:
    what = _field({}, data, "event")
    if what == "model_switched":
        models = _field({}, data, "from_model"), _field({}, data, "to_model")
        from_to = f" from {models[0]} to {models[1]}" if all(models) else ""
        return f"switched its model{from_to}{after_colon(_field({}, data, 'reason'))}"
    return _LIFE.get(what or "") or _other(record, payload, data)


_BY_TYPE: dict[str, Teller] = {
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
_BY_KIND: dict[str, Teller] = {
    payloads.LlmCall.kind: _llm_call,
    payloads.PlanCreated.kind: _plan_created,
    payloads.PlanStep.kind: _plan_step,
    payloads.Issue.kind: _issue,
    payloads.Anomaly.kind: _anomaly,
    payloads.QueueSnapshot.kind: _queue,
    payloads.Scheduled.kind: _scheduled,
    payloads.Todo.kind: _todo,
    payloads.Recovered.kind: _recovered,
    payloads.Runtime.kind: _runtime,
}

"""How one event changes the summary of its task run."""

from __future__ import annotations

from typing import Any

from .records import EventRecord
from .state import TaskState
from .values import text_in, text_of

__all__ = ["OUTCOMES", "fold_task", "outcome_of", "settle"]

#: Outcomes that are neither success nor failure; a ``task_completed`` names them in ``status``.
OUTCOMES = ("cancelled", "abandoned", "aborted")
_MAX_TOTAL = (1 << 63) - 1


def outcome_of(record: EventRecord) -> str | None:
    """The outcome a terminal event declares, None for every other event."""
    if record.event_type == "task_failed":
        return "failed"
    if record.event_type != "task_completed":
        return None
    if record.status in OUTCOMES:
        return record.status
    return "failed" if record.status in ("failure", "failed", "error") else "completed"


def fold_task(task: TaskState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    """Change ``task`` in place by one event of it."""
    ts = record.ts
    if ts < task.first_ts:
        task.first_ts = ts
    if ts > task.last_ts:
        task.last_ts = ts
    if record.received_at > task.last_received:
        task.last_received = record.received_at
    event_type = record.event_type
    rank = 0 if event_type == "task_started" else 1
    if rank <= task.head_rank:
        _fold_head(task, record, payload, rank)
    if event_type == "action_started":
        task.actions += 1
    elif event_type == "custom":
        if record.kind == "llm_call":
            _fold_llm_call(task, record)
    elif event_type == "action_failed":
        task.errors += 1
    elif event_type in ("task_completed", "task_failed"):
        _fold_end(task, record, payload)
    elif event_type == "retry_started":
        task.retries += 1
    elif event_type == "escalated":
        task.escalations += 1
    elif event_type in ("approval_requested", "approval_received"):
        task.interventions += 1


def _fold_head(task: TaskState, record: EventRecord, payload: dict[str, Any] | None, rank: int) -> None:
    if rank == 0 and (task.started_ts is None or record.ts < task.started_ts):
        task.started_ts = record.ts
    if (rank, record.ts, record.event_id) >= (task.head_rank, task.head_ts, task.head_event):
        return
    task.head_rank, task.head_ts, task.head_event = rank, record.ts, record.event_id
    task.agent_id, task.task_type, task.project_id = record.agent_id, record.task_type, record.project_id
    task.scope_id = record.scope_id
    task.session_id = text_in(payload, "session_id")
    task.user_id = text_in(payload, "user_id")
    task.user_group = text_in(payload, "user_group")
    task.workflow = text_in(payload, "workflow")


def _fold_end(task: TaskState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    outcome = outcome_of(record)
    if outcome == "failed":
        task.errors += 1
    if task.end_ts is not None and (record.ts, record.event_id) < (task.end_ts, task.end_event or ""):
        return
    task.end_ts, task.end_event, task.outcome = record.ts, record.event_id, outcome
    task.end_duration_ms = record.duration_ms
    task.error = _error_text(payload) if outcome == "failed" else None


def _error_text(payload: dict[str, Any] | None) -> str | None:
    name = text_in(payload, "exception_type")
    message = text_of((payload or {}).get("exception_message"))
    parts = [part for part in (name, message) if part]
    return ": ".join(parts)[:1000] or None


def _fold_llm_call(task: TaskState, record: EventRecord) -> None:
    task.llm_calls += 1
    task.tokens_in = _plus(task.tokens_in, record.tokens_in)
    task.tokens_out = _plus(task.tokens_out, record.tokens_out)
    task.cost_nano = _plus(task.cost_nano, record.cost_nano)
    if record.cost_source == "estimated":
        task.estimated_nano = _plus(task.estimated_nano, record.cost_nano)


def _plus(total: int | None, value: int | None) -> int | None:
    if value is None:
        return total
    return value if total is None else min(_MAX_TOTAL, total + value)


def settle(task: TaskState) -> None:
    """Fill the columns that follow from the others: the sort key and the duration in milliseconds."""
    started = task.first_ts if task.started_ts is None else task.started_ts
    task.sort_ts = started
    if task.end_ts is None:
        task.duration_ms = None
    elif task.end_duration_ms is not None:
        task.duration_ms = task.end_duration_ms
    else:
        task.duration_ms = max(0, (task.end_ts - started) // 1000)

"""How events change the summary of their task run."""

from __future__ import annotations

from typing import Any

from .process import payload_process
from .records import EventRecord
from .state import TaskState
from .step import step_name
from .stretch import Stored, Stretch
from .values import text_in, text_of

__all__ = ["OUTCOMES", "fold_end", "fold_failure", "fold_llm_call", "fold_task", "outcome_of", "settle"]

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


def fold_task(task: TaskState, stretch: Stretch, process: str | None) -> None:
    """Change ``task`` in place by what events count for; ends, failures and model calls are folded one by one.

    ``process`` is the one that sent them, where it is known.
    """
    types, received = stretch.types, stretch.records[0].received_at
    task.events += len(types)
    task.first_ts = min(task.first_ts, stretch.first)
    if stretch.last >= task.last_ts:
        task.last_ts = stretch.last
        _fold_step(task, stretch)
    if not stretch.is_act:
        task.last_received = max(task.last_received, received)
    if process is not None and process != task.sender_process:
        _fold_sender(task, received, process)
    elif process is not None:
        task.sender_received = max(task.sender_received or received, received)
    start = stretch.earliest("task_started")
    if start is not None:
        _fold_head(task, start, 0)
    elif task.head_rank > 0:
        _fold_head(task, stretch.events[stretch.times.index(stretch.first)], 1)
    task.actions += types.count("action_started")
    task.retries += types.count("retry_started")
    task.escalations += types.count("escalated")
    task.interventions += types.count("approval_requested") + types.count("approval_received")


def _fold_step(task: TaskState, stretch: Stretch) -> None:
    # Of equal times the one that arrived last, which mostly is the last there is.
    record, payload = stretch.events[-1]
    if record.ts != stretch.last:
        record, payload = next(one for one in reversed(stretch.events) if one[0].ts == stretch.last)
    task.step_type, task.step_name = record.kind or record.event_type, step_name(record, payload)


def _fold_sender(task: TaskState, received: int, process: str) -> None:
    # Of two that sent in the same microsecond the greater name, so that the order of arrival decides nothing.
    if (received, process) > (task.sender_received or 0, task.sender_process or ""):
        task.sender_received, task.sender_process = received, process


def fold_failure(task: TaskState, payload: dict[str, Any] | None) -> None:
    """Count a step that failed by itself; adapters mark those that only pass on the error of a step below them."""
    task.errors += text_in(payload, "error_origin") is None


def _fold_head(task: TaskState, event: Stored, rank: int) -> None:
    record, payload = event
    if rank == 0 and (task.started_ts is None or record.ts < task.started_ts):
        task.started_ts = record.ts
    if (rank, record.ts) >= (task.head_rank, task.head_ts):
        return
    task.head_rank, task.head_ts = rank, record.ts
    task.agent_id, task.task_type, task.project_id = record.agent_id, record.task_type, record.project_id
    task.scope_id = record.scope_id
    task.session_id = text_in(payload, "session_id")
    task.user_id = text_in(payload, "user_id")
    task.user_group = text_in(payload, "user_group")
    task.workflow = text_in(payload, "workflow")
    task.process = payload_process(payload) if rank == 0 else None


def fold_end(task: TaskState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    """Change ``task`` by an event that says it ended."""
    outcome = outcome_of(record)
    if task.end_ts is not None and record.ts < task.end_ts:
        return
    task.end_ts, task.outcome = record.ts, outcome
    task.end_duration_ms = record.duration_ms
    task.error = _error_text(payload) if outcome == "failed" else None


def _error_text(payload: dict[str, Any] | None) -> str | None:
    name = text_in(payload, "exception_type")
    message = text_of((payload or {}).get("exception_message"))
    parts = [part for part in (name, message) if part]
    return ": ".join(parts)[:1000] or None


def fold_llm_call(task: TaskState, record: EventRecord) -> None:
    """Count one model call."""
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

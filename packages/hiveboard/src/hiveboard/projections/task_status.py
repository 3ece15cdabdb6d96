"""How is this run of a task doing, and its row as clients see it."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import SECOND_US, format_instant, format_optional
from hiveboard.store.rows import TaskRow
from hiveboard.store.state import TaskState

from .agent_status import heartbeat_late, is_offline, lease_us

__all__ = ["TASK_STATUSES", "LastStep", "TaskView", "dollars", "is_lost", "task_status", "task_view"]

TASK_STATUSES = (
    "completed",
    "failed",
    "cancelled",
    "abandoned",
    "aborted",
    "lost",
    "waiting",
    "stuck",
    "escalated",
    "processing",
)


class LastStep(Struct, kw_only=True):
    """The latest event of a run: the name of its action or model call, else its summary; its type, or kind when it is a custom event."""

    name: str | None
    type: str
    timestamp: str


class TaskView(Struct, kw_only=True):
    """One run of a task. Money in US dollars, ``duration_ms`` in milliseconds; null is unknown.

    ``lost_since`` is when the process of a lost run was last heard; ``last_step`` is the last that is known of a run.
    """

    task_id: str
    task_run_id: str
    task_type: str | None
    agent_id: str
    project_id: str | None
    environment: str
    group: str
    agent_version: str | None
    derived_status: str
    started_at: str
    completed_at: str | None
    last_event_at: str
    duration_ms: int | None
    total_cost: float | None
    estimated_cost: float | None
    total_tokens_in: int | None
    total_tokens_out: int | None
    event_count: int
    llm_call_count: int
    action_count: int
    error_count: int
    retry_count: int
    has_escalation: bool
    has_human_intervention: bool
    error: str | None
    lost_since: str | None
    last_step: LastStep | None
    no_progress_seconds: float | None
    session_id: str | None
    user_id: str | None
    user_group: str | None
    workflow: str | None


def dollars(nano: int | None) -> float | None:
    """Billionths of a US dollar as US dollars."""
    return None if nano is None else nano / 1e9


def task_status(row: TaskRow, now: int) -> str:
    """The outcome of the latest terminal event, else what the open run is doing; ``now`` in microseconds."""
    state = row.state
    if state.outcome is not None:
        return state.outcome
    if is_lost(row, now):
        return "lost"
    if row.waiting:
        return "waiting"
    if row.agent is not None and not is_offline(row.agent, now) and heartbeat_late(row.agent, now):
        return "stuck"
    return "escalated" if state.escalations else "processing"


def is_lost(row: TaskRow, now: int) -> bool:
    """Whether the run is open and its processes have not been heard for the length of its agent's lease."""
    if row.state.outcome is not None or row.heard is None or row.agent is None:
        return False
    lease = lease_us(row.agent)
    return lease is not None and row.heard < now - lease


def _last_step(state: TaskState) -> LastStep | None:
    if state.step_type is None:
        return None
    return LastStep(name=state.step_name, type=state.step_type, timestamp=format_instant(state.last_ts))


def _tokens(state: TaskState, value: int | None) -> int | None:
    return 0 if state.llm_calls == 0 else value


def task_view(row: TaskRow, now: int) -> TaskView:
    """The row of a task list; ``now`` in microseconds."""
    state = row.state
    status = task_status(row, now)
    return TaskView(
        task_id=state.task_id,
        task_run_id=state.task_run_id,
        task_type=state.task_type,
        agent_id=state.agent_id,
        project_id=state.project_id,
        environment=row.environment,
        group=row.group,
        agent_version=row.agent_version,
        derived_status=status,
        started_at=format_instant(state.sort_ts),
        completed_at=format_optional(state.end_ts),
        last_event_at=format_instant(state.last_ts),
        duration_ms=state.duration_ms,
        total_cost=dollars(state.cost_nano),
        estimated_cost=dollars(state.estimated_nano),
        total_tokens_in=_tokens(state, state.tokens_in),
        total_tokens_out=_tokens(state, state.tokens_out),
        event_count=state.events,
        llm_call_count=state.llm_calls,
        action_count=state.actions,
        # A failed run has at least one error: its own, where no step failed. One a step had is not counted again.
        error_count=max(state.errors, 1 if status == "failed" else 0),
        retry_count=state.retries,
        has_escalation=state.escalations > 0,
        has_human_intervention=state.interventions > 0,
        error=state.error,
        lost_since=format_optional(row.heard) if status == "lost" else None,
        last_step=_last_step(state),
        no_progress_seconds=(
            round(max(0, now - state.last_received) / SECOND_US, 3)
            if state.outcome is None and status != "lost"
            else None
        ),
        session_id=state.session_id,
        user_id=state.user_id,
        user_group=state.user_group,
        workflow=state.workflow,
    )

"""Summary rows while they are being changed: one struct per table, fields in column order.

Every change is a sum, a minimum, a maximum, or "the value that came with the greatest time". Therefore the same
events give the same rows in whatever order and grouping they arrive. Only where two events that compete have the
very same time does the one that arrived later count: ids say nothing about time.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = ["AgentState", "IssueState", "ProcessState", "TaskState"]


class AgentState(Struct):
    """What is known of one agent. Identity and whether it stopped follow the latest *received* event, so a wrong
    clock cannot pin them; ``active_*`` is its latest event other than to say that it stops."""

    tenant: str
    agent_id: str
    identity_received: int = -(1 << 62)
    identity_ts: int = -(1 << 62)
    agent_type: str = "general"
    origin_id: int = 0
    registered_ts: int | None = None
    registered: bytes | None = None
    first_ts: int = 1 << 62
    active_received: int | None = None
    active_ts: int | None = None
    last_received: int = -(1 << 62)
    heartbeat_received: int | None = None
    stopped_received: int | None = None
    stopped_ts: int | None = None
    end_ts: int | None = None
    end_outcome: str | None = None
    end_task_id: str | None = None


class TaskState(Struct):
    """One run of a task. ``head_*`` names the event that says whose task it is: its earliest start, else its earliest event.

    ``process`` is the one that says it started the run, ``sender_process`` the one that told of it last (by receipt):
    another one when the run was resumed elsewhere or has a child at work. ``step_*`` is its latest event.
    """

    tenant: str
    task_id: str
    task_run_id: str
    head_rank: int = 9
    head_ts: int = 0
    agent_id: str = ""
    task_type: str | None = None
    project_id: str | None = None
    scope_id: int = 0
    session_id: str | None = None
    user_id: str | None = None
    user_group: str | None = None
    workflow: str | None = None
    process: str | None = None
    sender_process: str | None = None
    sender_received: int | None = None
    step_type: str | None = None
    step_name: str | None = None
    events: int = 0
    first_ts: int = 1 << 62
    started_ts: int | None = None
    last_ts: int = -(1 << 62)
    last_received: int = -(1 << 62)
    end_ts: int | None = None
    outcome: str | None = None
    end_duration_ms: int | None = None
    error: str | None = None
    llm_calls: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_nano: int | None = None
    estimated_nano: int | None = None
    actions: int = 0
    errors: int = 0
    retries: int = 0
    escalations: int = 0
    interventions: int = 0
    sort_ts: int = 0
    duration_ms: int | None = None


class ProcessState(Struct):
    """One process of those that send: when anything came from it last, by our clock."""

    tenant: str
    process: str
    last_received: int = -(1 << 62)


class IssueState(Struct):
    """One issue of one agent: the latest report, the latest close and the latest reopening by hand, each with its time;
    ``is_closed`` says whether the close was the last of them. ``scope_id`` is that of the latest report."""

    tenant: str
    agent_id: str
    issue_key: str
    issue_id: str | None = None
    first_ts: int = 1 << 62
    occurrences: int = 0
    reported_ts: int | None = None
    reported: bytes | None = None
    task_id: str | None = None
    project_id: str | None = None
    closed_ts: int | None = None
    closed_action: str | None = None
    is_closed: bool = False
    reopened_ts: int | None = None
    scope_id: int = 0

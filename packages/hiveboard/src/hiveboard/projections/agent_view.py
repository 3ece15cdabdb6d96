"""An agent as clients see it: identity, state, the last hour in numbers."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from hiveboard.instant import SECOND_US, format_instant, format_optional
from hiveboard.store.rows import AgentPlaces, AgentRow, OpenTaskRow

from .agent_status import AGENT_STATUSES, agent_status, registration

__all__ = ["AGENT_SORTS", "AgentFacts", "AgentStats", "AgentView", "agent_view"]


class AgentStats(Struct, kw_only=True):
    """A stretch of time in numbers. Cost in US dollars, durations in milliseconds, ``throughput`` in finished tasks per hour.

    ``success_rate`` is a fraction of the finished tasks; null is unknown (nothing finished, nothing priced).
    """

    tasks_completed: int
    tasks_failed: int
    success_rate: float | None
    avg_duration_ms: float | None
    total_cost: float | None
    estimated_cost: float | None
    llm_call_count: int
    throughput: float
    queue_depth: int | None
    active_issues: int


class AgentFacts(Struct, kw_only=True):
    """What the store knows beside the agent's own row: ``open_task`` of those asked for, ``working`` on any at all."""

    open_task: OpenTaskRow | None = None
    working: bool = False
    waiting: bool = False
    places: AgentPlaces
    stats: AgentStats
    sparkline: list[int]


class AgentView(Struct, kw_only=True):
    """One agent. Ages in seconds; ``no_progress_seconds`` is set while a task is open.

    ``environment`` and ``group`` are those of its latest event; ``projects``, ``environments`` and ``groups`` all it was
    seen in. Where a list was asked for a project, environment or group, the numbers and the current task are of that
    alone, the status is still the whole agent's.
    """

    agent_id: str
    agent_type: str
    agent_version: str | None
    framework: str | None
    runtime: str | None
    sdk_version: str | None
    environment: str
    group: str
    derived_status: str
    current_task_id: str | None
    current_task_run_id: str | None
    current_task_started_at: str | None
    current_project_id: str | None
    open_tasks: int
    last_heartbeat: str | None
    heartbeat_age_seconds: float | None
    is_stuck: bool
    stuck_threshold_seconds: float
    no_progress_seconds: float | None
    first_seen: str
    last_seen: str
    projects: list[str]
    environments: list[str]
    groups: list[str]
    stats_1h: AgentStats
    sparkline_1h: list[int]


def agent_view(row: AgentRow, facts: AgentFacts, now: int) -> AgentView:
    """Put an agent together; ``now`` in microseconds."""
    state, task = row.state, facts.open_task
    status = agent_status(state, now, working=facts.working, waiting=facts.waiting)
    return AgentView(
        agent_id=state.agent_id,
        agent_type=state.agent_type,
        agent_version=row.agent_version,
        framework=row.framework,
        runtime=row.runtime,
        sdk_version=row.sdk_version,
        environment=row.environment,
        group=row.group,
        derived_status=status,
        current_task_id=task.task_id if task else None,
        current_task_run_id=task.task_run_id if task else None,
        current_task_started_at=format_instant(task.started) if task else None,
        current_project_id=task.project_id if task else None,
        open_tasks=task.open_tasks if task else 0,
        last_heartbeat=format_optional(state.heartbeat_received),
        heartbeat_age_seconds=_age(state.heartbeat_received, now),
        is_stuck=status == "stuck",
        stuck_threshold_seconds=registration(state).stuck_threshold,
        no_progress_seconds=_age(task.last_received, now) if task else None,
        first_seen=format_instant(state.first_ts),
        last_seen=format_instant(state.last_received),
        projects=facts.places.projects,
        environments=facts.places.environments,
        groups=facts.places.groups,
        stats_1h=facts.stats,
        sparkline_1h=facts.sparkline,
    )


def _age(instant_us: int | None, now: int) -> float | None:
    return None if instant_us is None else round(max(0, now - instant_us) / SECOND_US, 3)


def _urgency(view: AgentView) -> tuple[int, int, str]:
    return AGENT_STATUSES.index(view.derived_status), -view.stats_1h.active_issues, view.agent_id


#: Sort name -> (key, descending).
AGENT_SORTS: dict[str, tuple[Callable[[AgentView], object], bool]] = {
    "attention": (_urgency, False),
    "name": (lambda view: view.agent_id, False),
    "last_seen": (lambda view: (view.last_seen, view.agent_id), True),
}

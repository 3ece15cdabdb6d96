"""What queries ask of a store and what they get: filters and rows, times in microseconds."""

from __future__ import annotations

from msgspec import Struct

from .records import StoredEvent
from .state import AgentState, IssueState, TaskState

__all__ = [
    "TASK_SORTS",
    "ActivityRow",
    "AgentPlaces",
    "AgentRow",
    "ApprovalRow",
    "Counts",
    "EventFilter",
    "IssueRow",
    "LatestRow",
    "OpenTaskRow",
    "OutcomeRow",
    "ProjectRow",
    "RunEvents",
    "Scope",
    "TaskFilter",
    "TaskRow",
    "UsageRow",
]


#: Orders of a list of runs; ``duration`` and ``cost`` put the greatest first and the unknown last.
TASK_SORTS = ("newest", "oldest", "duration", "cost")


class Scope(Struct, frozen=True, kw_only=True):
    """What counters can be limited to; None is everything."""

    project_id: str | None = None
    agent_id: str | None = None
    environment: str | None = None
    group: str | None = None


class EventFilter(Struct, frozen=True, kw_only=True):
    """Which events, newest first. ``before`` is the (ts, seq) after which a page goes on."""

    project_id: str | None = None
    agent_id: str | None = None
    task_id: str | None = None
    task_run_id: str | None = None
    event_types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    model: str | None = None
    environment: str | None = None
    group: str | None = None
    since: int | None = None
    until: int | None = None
    exclude_heartbeats: bool = True
    before: tuple[int, int] | None = None
    limit: int = 50


class TaskFilter(Struct, frozen=True, kw_only=True):
    """Which task runs. ``after`` is the sort value and identity of the last row of the previous page."""

    project_id: str | None = None
    agent_id: str | None = None
    task_type: str | None = None
    status: str | None = None
    stuck_agents: tuple[str, ...] = ()
    environment: str | None = None
    group: str | None = None
    since: int | None = None
    until: int | None = None
    session_id: str | None = None
    user_id: str | None = None
    q: str | None = None
    sort: str = "newest"
    after: tuple[int | None, str, str] | None = None
    limit: int = 50


class AgentRow(Struct):
    """An agent with the environment and the group of its latest event."""

    state: AgentState
    agent_version: str | None
    framework: str | None
    runtime: str | None
    sdk_version: str | None
    environment: str
    group: str


class TaskRow(Struct):
    """A task run, whether it waits for an approval, and how alive its agent is."""

    state: TaskState
    environment: str
    group: str
    agent_version: str | None
    waiting: bool
    agent: AgentState | None = None


class AgentPlaces(Struct):
    """Where the events of an agent came from, each list in order of the alphabet."""

    projects: list[str]
    environments: list[str]
    groups: list[str]


class OpenTaskRow(Struct):
    """The most recently active open task of an agent."""

    agent_id: str
    task_id: str
    task_run_id: str
    project_id: str | None
    last_ts: int
    last_received: int
    started: int
    open_tasks: int


class UsageRow(Struct):
    """LLM usage of one group of a breakdown; money in billionths of a dollar. The counts are those of
    :data:`~hiveboard.store.rollup.USAGE_COUNTERS`."""

    group: tuple[str | int | None, ...]
    calls: int
    tokens_in: int
    tokens_out: int
    told_in: int
    told_out: int
    reported_nano: int
    estimated_nano: int
    unpriced: int
    without_usage: int
    failed: int
    duration_ms: int


class OutcomeRow(Struct):
    """Finished task runs of one group of a breakdown; ``timed`` of them took ``duration_ms`` together."""

    group: tuple[str | int | None, ...]
    completed: int
    failed: int
    other: int
    escalated: int
    timed: int
    duration_ms: int


class ActivityRow(Struct):
    """Events of one group of a breakdown."""

    group: tuple[str | int | None, ...]
    events: int
    errors: int
    heartbeats: int


class LatestRow(Struct):
    """The latest event of a kind (and item): queue, schedule, to-do, heartbeat."""

    agent_id: str
    kind: str
    item_key: str
    ts: int
    first_ts: int
    events: int
    project_id: str | None
    task_id: str | None
    payload: bytes | None


class IssueRow(Struct):
    """An issue's summary row."""

    state: IssueState


class ApprovalRow(Struct):
    """One approval request and, when there is one, its answer."""

    event_id: str
    agent_id: str
    task_id: str | None
    task_run_id: str
    approval_id: str | None
    ts: int
    project_id: str | None
    body: str
    answered_ts: int | None
    decision: str | None
    approved_by: str | None
    run_ended_ts: int | None = None


class RunEvents(Struct):
    """Events of one run in the order they happened. Those ``omitted`` lie between ``omitted_since`` and ``omitted_until``."""

    events: list[StoredEvent]
    omitted: int = 0
    omitted_since: int | None = None
    omitted_until: int | None = None


class ProjectRow(Struct):
    """A project and what was seen of it."""

    project_id: str
    first_ts: int
    last_ts: int
    events: int
    agents: int


class Counts(Struct):
    """Open task runs by their status, which add up to ``open_tasks``; ``ever_escalated`` of them were, whatever they do now."""

    open_tasks: int
    waiting: int
    stuck: int
    escalated: int
    processing: int
    ever_escalated: int

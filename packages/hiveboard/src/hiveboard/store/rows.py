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
    "Silence",
    "TaskFilter",
    "TaskRow",
    "UsageRow",
    "ended_last",
]


#: Orders of a list of runs; ``duration`` and ``cost`` put the greatest first and the unknown last.
TASK_SORTS = ("newest", "oldest", "duration", "cost")


class Scope(Struct, frozen=True, kw_only=True):
    """What counters can be limited to; None is everything."""

    project_id: str | None = None
    agent_id: str | None = None
    environment: str | None = None
    group: str | None = None


class Silence(Struct, frozen=True, kw_only=True):
    """Whose silence has lasted too long at the moment of a question.

    ``stuck_agents`` are late with a sign of life. An open run of an agent in ``heard_by`` is lost when none of its
    processes, and no event of its own, was received at that instant or later (microseconds). Runs of agents that are
    not in it, and runs whose process is not known, are never lost.
    """

    stuck_agents: tuple[str, ...] = ()
    heard_by: dict[str, int] = {}


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
    silence: Silence = Silence()
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
    """A task run, whether it waits for an approval, how alive its agent is, and when its processes were last heard.

    ``heard`` is the latest receipt of anything from them or from the run itself; None when no process of it is known.
    """

    state: TaskState
    environment: str
    group: str
    agent_version: str | None
    waiting: bool
    heard: int | None = None
    agent: AgentState | None = None


class AgentPlaces(Struct):
    """Where the events of an agent came from, each list in order of the alphabet."""

    projects: list[str]
    environments: list[str]
    groups: list[str]


class OpenTaskRow(Struct):
    """The most recently active of an agent's open tasks, lost ones left out."""

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
    environment: str
    group: str


class IssueRow(Struct):
    """An issue's summary row, where its latest report came from, and how many runs it was reported in.

    ``tasks`` is None where nobody counted them; ``cost_nano`` is what they cost together as far as it is known.
    """

    state: IssueState
    environment: str
    group: str
    tasks: int | None
    cost_nano: int | None

    @property
    def agent_id(self) -> str:
        """Whose issue it is."""
        return self.state.agent_id

    @property
    def project_id(self) -> str | None:
        """The project of the latest report."""
        return self.state.project_id


class ApprovalRow(Struct):
    """One approval request and, when there is one, its answer. ``lost_ts`` is when a run that is lost was last heard."""

    event_id: str
    agent_id: str
    task_id: str | None
    task_run_id: str
    approval_id: str | None
    ts: int
    project_id: str | None
    body: str
    environment: str
    group: str
    answer_event: str | None
    answered_ts: int | None
    decision: str | None
    approved_by: str | None
    answer_reason: str | None
    run_ended_ts: int | None = None
    lost_ts: int | None = None


def ended_last(row: ApprovalRow) -> tuple[int, str]:
    """Sorts requests that cannot be answered any more: those whose run ended, or was heard, last come first."""
    return -((row.lost_ts if row.run_ended_ts is None else row.run_ended_ts) or 0), row.event_id


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
    """Open task runs by their status, which add up to ``open_tasks``; ``ever_escalated`` of them were, whatever they do now.

    ``lost`` runs are counted beside them: nobody is at work on those.
    """

    open_tasks: int
    waiting: int
    stuck: int
    escalated: int
    processing: int
    ever_escalated: int
    lost: int

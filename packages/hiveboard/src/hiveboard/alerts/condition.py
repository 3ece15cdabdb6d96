"""What a rule watches for: one struct per kind of condition, and the filters that narrow it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "CONDITION_TYPES",
    "ISSUE_SEVERITIES",
    "AgentStuck",
    "ApprovalWaiting",
    "Budget",
    "Condition",
    "CostThreshold",
    "DurationExceeded",
    "ErrorRate",
    "Filters",
    "HeartbeatLost",
    "IssueOpened",
    "NoProgress",
    "QueueDepth",
    "TaskFailed",
    "TaskLost",
]

#: From the least to the most urgent.
ISSUE_SEVERITIES = ("low", "medium", "high", "critical")

_Name = Annotated[str, Meta(min_length=1, max_length=256)]
_Seconds = Annotated[float, Meta(ge=5, le=604_800, description="From 5 seconds to 7 days.")]
_Window = Annotated[float, Meta(ge=300, le=2_678_400, description="From 5 minutes to 31 days.")]
_Usd = Annotated[float, Meta(gt=0, le=1e9, description="US dollars.")]
_Per = Literal["agent", "scope"]


class _Condition(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Fields are those of one kind; ``type`` says which."""


class AgentStuck(_Condition, tag="agent_stuck", frozen=True):
    """An agent that should beat has shown no sign of life for longer than its own ``stuck_threshold``."""


class HeartbeatLost(_Condition, tag="heartbeat_lost", frozen=True):
    """An agent that did not say that it stops has been silent for ``silent_seconds``; any event is a sign of life."""

    silent_seconds: _Seconds = 300


class TaskFailed(_Condition, tag="task_failed", frozen=True):
    """A run failed (``count`` 1), or ``count`` runs within ``window_seconds``, of one agent or of all in scope."""

    count: Annotated[int, Meta(ge=1, le=1_000)] = 1
    window_seconds: Annotated[float, Meta(ge=5, le=86_400, description="From 5 seconds to a day.")] = 300
    per: _Per = "agent"


class ErrorRate(_Condition, tag="error_rate", frozen=True):
    """More than ``threshold_percent`` of the runs that ended within the window failed, of at least ``min_tasks``."""

    threshold_percent: Annotated[float, Meta(ge=0, lt=100, description="Percent of the finished runs.")]
    window_seconds: _Window = 900
    min_tasks: Annotated[int, Meta(ge=1, le=1_000_000)] = 5
    per: _Per = "scope"


class DurationExceeded(_Condition, tag="duration_exceeded", frozen=True):
    """A run takes, or took, longer than ``threshold_ms``; noticed while it still runs."""

    threshold_ms: Annotated[int, Meta(ge=1, le=604_800_000, description="Milliseconds, at most 7 days.")]


class CostThreshold(_Condition, tag="cost_threshold", frozen=True):
    """Model calls within the window cost more than ``threshold_usd``."""

    threshold_usd: _Usd
    window_seconds: _Window = 3_600
    per: _Per = "scope"


class Budget(_Condition, tag="budget", frozen=True):
    """Model calls of this day or month (UTC) reached a percentage of ``limit_usd``; each step is told once a period."""

    limit_usd: _Usd
    period: Literal["day", "month"] = "day"
    steps: Annotated[
        list[Annotated[int, Meta(ge=1, le=1_000)]], Meta(min_length=1, max_length=10, description="Percent.")
    ] = msgspec.field(default_factory=lambda: [50, 80, 100])
    per: _Per = "scope"


class NoProgress(_Condition, tag="no_progress", frozen=True):
    """A run is open, waits for nobody, and no event of it has come for ``after_seconds``."""

    after_seconds: _Seconds = 300


class TaskLost(_Condition, tag="task_lost", frozen=True):
    """A run is open, but its process has not been heard for the length of its lease (three heartbeats, at least 90 s)."""


class QueueDepth(_Condition, tag="queue_depth", frozen=True):
    """The latest snapshot of an agent's queue is deeper than ``depth``."""

    depth: Annotated[int, Meta(ge=0, le=10**12)]


class IssueOpened(_Condition, tag="issue_opened", frozen=True):
    """An issue of at least this severity was reported, or came back after it was closed."""

    min_severity: Literal["low", "medium", "high", "critical"] = "low"


class ApprovalWaiting(_Condition, tag="approval_waiting", frozen=True):
    """A request for approval has had no answer for ``after_seconds`` while its run goes on."""

    after_seconds: _Seconds = 300


Condition = (
    AgentStuck
    | HeartbeatLost
    | TaskFailed
    | ErrorRate
    | DurationExceeded
    | CostThreshold
    | Budget
    | NoProgress
    | TaskLost
    | QueueDepth
    | IssueOpened
    | ApprovalWaiting
)

#: Name -> struct, in the order the documentation tells them.
CONDITION_TYPES: dict[str, type[_Condition]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        AgentStuck, HeartbeatLost, TaskFailed, ErrorRate, DurationExceeded, CostThreshold, Budget, NoProgress,
        TaskLost, QueueDepth, IssueOpened, ApprovalWaiting,
    )
}  # fmt: skip


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule is limited to; null is everything."""

    project_id: _Name | None = None
    environment: _Name | None = None
    group: _Name | None = None
    agent_id: _Name | None = None
    task_type: _Name | None = None

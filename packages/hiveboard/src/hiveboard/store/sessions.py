"""What a list of sessions asks of a store and what it gets, and how runs add up to sessions; times in microseconds."""

from __future__ import annotations

from msgspec import Struct

from .rows import Silence
from .state import TaskState

__all__ = [
    "SESSION_COUNTERS",
    "PartKey",
    "SessionFilter",
    "SessionPosition",
    "SessionRow",
    "part_counts",
    "part_key",
]

#: Where a page ends: the latest event, the session, and the agent, user and scope of the part that was looked at last.
SessionPosition = tuple[int, str, str, str, int]
#: Tenant, session, agent, user ("" for nobody) and scope: what all runs of one part of a session share.
PartKey = tuple[str, str, str, str, int]

#: What is summed over runs. ``told_in``, ``told_out`` and ``priced`` count the runs that told tokens and money at all.
SESSION_COUNTERS = (
    "runs", "open_runs", "completed", "failed", "errors", "llm_calls", "tokens_in", "told_in", "tokens_out",
    "told_out", "cost_nano", "priced", "estimated_nano",
)  # fmt: skip


class SessionFilter(Struct, frozen=True, kw_only=True):
    """Which sessions, those with the latest event first; what is counted of them are the runs that match.

    ``since`` and ``until`` choose sessions that were active in that span, ``q`` is part of a session's or user's id;
    ``silence`` says whose open runs are lost.
    """

    project_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    environment: str | None = None
    group: str | None = None
    since: int | None = None
    until: int | None = None
    q: str | None = None
    after: SessionPosition | None = None
    limit: int = 50
    silence: Silence = Silence()


class SessionRow(Struct, kw_only=True):
    """One session: its runs summed, and the agents, users, projects and environments of its 100 latest parts.

    ``lost_runs`` are among the ``open_runs``. Tokens and money are None where no run tells them; of money ``estimated_nano`` is the estimated part.
    """

    session_id: str
    first_ts: int
    last_ts: int
    runs: int
    open_runs: int
    lost_runs: int
    completed: int
    failed: int
    errors: int
    llm_calls: int
    tokens_in: int | None
    tokens_out: int | None
    cost_nano: int | None
    estimated_nano: int | None
    agents: list[str]
    users: list[str]
    projects: list[str]
    environments: list[str]


def part_key(task: TaskState) -> PartKey | None:
    """The part of a session a run belongs to, None when it belongs to no session."""
    if task.session_id is None:
        return None
    return task.tenant, task.session_id, task.agent_id, task.user_id or "", task.scope_id


def part_counts(task: TaskState) -> tuple[int, ...]:
    """What a run adds, in the order of :data:`SESSION_COUNTERS`."""
    return (
        1,
        task.outcome is None,
        task.outcome == "completed",
        task.outcome == "failed",
        task.errors,
        task.llm_calls,
        task.tokens_in or 0,
        task.tokens_in is not None,
        task.tokens_out or 0,
        task.tokens_out is not None,
        task.cost_nano or 0,
        task.cost_nano is not None,
        task.estimated_nano or 0,
    )

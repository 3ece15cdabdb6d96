"""A session as clients see it: the runs of one conversation, summed."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.instant import format_instant
from hiveboard.store.sessions import SessionRow

from .task_status import dollars

__all__ = ["SessionView", "session_status", "session_view"]


class SessionView(Struct, kw_only=True):
    """Runs that named the same ``session_id``. Money in US dollars; null is unknown.

    ``derived_status`` is open while a run is under way (what each does is in its own row), else lost where the process
    of one is gone, else failed where one failed, else completed, or ended where none completed. ``user_id`` is null where there were none or several; the
    lists name those of the 100 parts (agent, user, project, version) that were active last.
    """

    session_id: str
    derived_status: str
    user_id: str | None
    users: list[str]
    agents: list[str]
    projects: list[str]
    environments: list[str]
    first_event_at: str
    last_event_at: str
    run_count: int
    open_runs: int
    lost_runs: int
    runs_completed: int
    runs_failed: int
    error_count: int
    llm_call_count: int
    total_tokens_in: int | None
    total_tokens_out: int | None
    total_cost: float | None
    estimated_cost: float | None


def session_status(row: SessionRow) -> str:
    """One word for how a session is doing."""
    if row.open_runs > row.lost_runs:
        return "open"
    if row.lost_runs:
        return "lost"
    if row.failed:
        return "failed"
    return "completed" if row.completed else "ended"


def session_view(row: SessionRow) -> SessionView:
    """The row of a list of sessions."""
    silent = row.llm_calls == 0
    return SessionView(
        session_id=row.session_id,
        derived_status=session_status(row),
        user_id=row.users[0] if len(row.users) == 1 else None,
        users=row.users,
        agents=row.agents,
        projects=row.projects,
        environments=row.environments,
        first_event_at=format_instant(row.first_ts),
        last_event_at=format_instant(row.last_ts),
        run_count=row.runs,
        open_runs=row.open_runs - row.lost_runs,
        lost_runs=row.lost_runs,
        runs_completed=row.completed,
        runs_failed=row.failed,
        error_count=row.errors,
        llm_call_count=row.llm_calls,
        total_tokens_in=0 if silent else row.tokens_in,
        total_tokens_out=0 if silent else row.tokens_out,
        total_cost=dollars(row.cost_nano),
        estimated_cost=dollars(row.estimated_nano),
    )

"""Sessions: runs grouped by the conversation they belong to."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.errors import NotFoundError
from hiveboard.fleet import silence_in
from hiveboard.projections.session_view import SessionView, session_view
from hiveboard.projections.task_status import TaskView, task_view
from hiveboard.store.rows import Silence, TaskFilter
from hiveboard.store.sessions import SessionFilter

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import instant, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class SessionPage(Struct):
    """A page of sessions, those active last first."""

    data: list[SessionView]
    pagination: Pagination


class SessionDetail(SessionView, kw_only=True):
    """One session with a page of its runs, the newest first; ``pagination`` is that of the runs."""

    runs: list[TaskView]
    pagination: Pagination


async def list_sessions(context: Context) -> SessionPage:
    """A page of sessions."""
    params = context.params
    want = SessionFilter(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        user_id=params["user_id"],
        environment=params["environment"],
        group=params["group"],
        since=params["since"],
        until=params["until"],
        q=params["q"],
        after=read_cursor("sessions", params["cursor"], tuple[int, str, str, str, int]),
        limit=params["limit"],
        silence=await _silence(context),
    )
    rows, position = await context.store.sessions(context.tenant, want)
    return SessionPage([session_view(row) for row in rows], write_cursor("sessions", position))


async def _silence(context: Context) -> Silence:
    return await silence_in(context.store, context.tenant, context.services.clock())


async def session(context: Context) -> SessionDetail:
    """One session and its runs."""
    params = context.params
    session_id = params["session_id"]
    row = await context.store.session(context.tenant, session_id, await _silence(context))
    if row is None:
        raise NotFoundError(f"there is no session {session_id[:64]!r} here", code="session_not_found")
    after = read_cursor("session-runs", params["cursor"], tuple[int | None, str, str])
    want = TaskFilter(session_id=session_id, after=after, limit=params["limit"])
    runs, position = await context.store.tasks(context.tenant, want)
    now = context.services.clock()
    view = session_view(row)
    return SessionDetail(
        **{name: getattr(view, name) for name in SessionView.__struct_fields__},
        runs=[task_view(run, now) for run in runs],
        pagination=write_cursor("session-runs", position),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/sessions",
        list_sessions,
        SessionPage,
        "Sessions, those active last first; filters choose the runs that are counted.",
        (
            text("project_id", "Only runs of this project."),
            text("agent_id", "Only runs of this agent."),
            text("user_id", "Only runs for this user."),
            text("environment", "Only runs in this environment."),
            text("group", "Only runs in this group."),
            instant("since", "Active at this time or later."),
            instant("until", "Begun before this time."),
            text("q", "Part of a session's or a user's id."),
            LIMIT,
            CURSOR,
        ),
        errors=(400,),
    ),
    Endpoint(
        "GET",
        "/v1/sessions/detail",
        session,
        SessionDetail,
        "One session and its runs; for every id, also one that no path can hold.",
        (text("session_id", "The session's id.", required=True), LIMIT, CURSOR),
        errors=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/sessions/{session_id:id}",
        session,
        SessionDetail,
        "One session and its runs.",
        (LIMIT, CURSOR),
        errors=(400, 404),
    ),
)

"""Task runs: the list, and everything about one of them."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.errors import NotFoundError
from hiveboard.projections.agent_status import heartbeat_late, is_offline
from hiveboard.projections.task_status import TASK_STATUSES, TaskView, task_view
from hiveboard.projections.timeline import Timeline, build_timeline
from hiveboard.store.rows import TASK_SORTS, TaskFilter

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, instant, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS", "stuck_agents"]


class TaskPage(Struct):
    """A page of task runs."""

    data: list[TaskView]
    pagination: Pagination


async def stuck_agents(context: Context) -> tuple[str, ...]:
    """Ids of the agents whose heartbeat is late now."""
    now = context.services.clock()
    agents = await context.store.agents(context.tenant, None)
    return tuple(
        row.state.agent_id
        for row in agents
        if not is_offline(row.state, now) and heartbeat_late(row.state, now)
    )


async def list_tasks(context: Context) -> TaskPage:
    """A page of runs."""
    params = context.params
    status, sort = params["status"], params["sort"]
    needs_stuck = status in ("stuck", "escalated", "processing")
    want = TaskFilter(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        task_type=params["task_type"],
        status=status,
        stuck_agents=await stuck_agents(context) if needs_stuck else (),
        environment=params["environment"],
        group=params["group"],
        since=params["since"],
        until=params["until"],
        session_id=params["session_id"],
        user_id=params["user_id"],
        q=params["q"],
        sort=sort,
        after=read_cursor(f"tasks-{sort}", params["cursor"], tuple[int | None, str, str]),
        limit=params["limit"],
    )
    rows, position = await context.store.tasks(context.tenant, want)
    now = context.services.clock()
    return TaskPage([task_view(row, now) for row in rows], write_cursor(f"tasks-{sort}", position))


async def timeline(context: Context) -> Timeline:
    """One run with its events, tree, plan, errors and where the time went."""
    task_id, run_id = context.params["task_id"], context.params["task_run_id"]
    row = await context.store.task(context.tenant, task_id, run_id)
    if row is None:
        raise NotFoundError(f"there is no task {task_id[:64]!r} here", code="task_not_found")
    limit = context.services.settings.limits.timeline_events
    events = await context.store.task_events(context.tenant, row.state, limit + 1)
    now = context.services.clock()
    return await asyncio.to_thread(build_timeline, task_view(row, now), events, limit)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/tasks",
        list_tasks,
        TaskPage,
        "Task runs.",
        (
            text("project_id", "Only this project."),
            text("agent_id", "Only this agent."),
            text("task_type", "Only this type of task."),
            choice("status", "Only runs in this state.", TASK_STATUSES),
            text("environment", "Only this environment."),
            text("group", "Only this group."),
            instant("since", "Started at this time or later."),
            instant("until", "Started before this time."),
            text("session_id", "Only runs of this session."),
            text("user_id", "Only runs for this user."),
            text("q", "Part of a task id, run id, type, agent, user, session or error text."),
            choice("sort", "Order of the rows.", TASK_SORTS, "newest"),
            LIMIT,
            CURSOR,
        ),
        errors=(400,),
    ),
    Endpoint(
        "GET",
        "/v1/tasks/{task_id:path}/timeline",
        timeline,
        Timeline,
        "Everything about one run of a task.",
        (text("task_run_id", "Which run; the latest when absent."),),
        errors=(400, 404),
    ),
)

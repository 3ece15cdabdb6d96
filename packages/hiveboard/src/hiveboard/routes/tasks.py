"""Task runs: the list, and everything about one of them."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.errors import NotFoundError
from hiveboard.fleet import silence_in
from hiveboard.projections.task_status import TASK_STATUSES, TaskView, task_view
from hiveboard.projections.timeline import Timeline, build_timeline
from hiveboard.store.rows import TASK_SORTS, Silence, TaskFilter, TaskRow

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import choice, instant, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

#: How far back an agent's runs are searched for one of a task id that another agent used later.
_AGENT_ROWS = 200
_AGENT_PAGES = 10


class TaskPage(Struct):
    """A page of task runs."""

    data: list[TaskView]
    pagination: Pagination


async def list_tasks(context: Context) -> TaskPage:
    """A page of runs."""
    params = context.params
    status, sort = params["status"], params["sort"]
    now = context.services.clock()
    is_open = status in ("lost", "waiting", "stuck", "escalated", "processing")
    want = TaskFilter(
        project_id=params["project_id"],
        agent_id=params["agent_id"],
        task_type=params["task_type"],
        status=status,
        silence=await silence_in(context.store, context.tenant, now) if is_open else Silence(),
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
    return TaskPage([task_view(row, now) for row in rows], write_cursor(f"tasks-{sort}", position))


async def timeline(context: Context) -> Timeline:
    """One run with its events, tree, plan, errors and where the time went."""
    row = await _asked_run(context)
    limit = context.services.settings.limits.timeline_events
    events = await context.store.task_events(context.tenant, row.state, limit)
    return await asyncio.to_thread(build_timeline, row, events, context.services.clock())


async def _asked_run(context: Context) -> TaskRow:
    """The run the parameters name. Raises the 404 envelope."""
    params = context.params
    task_id, run_id, agent_id = params["task_id"], params["task_run_id"], params["agent_id"]
    row = await context.store.task(context.tenant, task_id, run_id)
    if row is not None and agent_id not in (None, row.state.agent_id):
        row = await _latest_of_agent(context, task_id, agent_id) if run_id is None else None
    if row is None:
        raise NotFoundError(f"there is no task {task_id[:64]!r} here", code="task_not_found")
    return row


async def _latest_of_agent(context: Context, task_id: str, agent_id: str) -> TaskRow | None:
    """Another agent ran a task of the same name later: look for the agent's own run among its runs."""
    after = None
    for _ in range(_AGENT_PAGES):
        want = TaskFilter(agent_id=agent_id, q=task_id, after=after, limit=_AGENT_ROWS)
        rows, after = await context.store.tasks(context.tenant, want)
        for row in rows:
            if row.state.task_id == task_id:
                return row
        if after is None:
            return None
    return None


_RUN_PARAMS = (
    text("task_run_id", "Which run; the latest when absent."),
    text("agent_id", "Only a run of this agent, for agents whose tasks have the same ids."),
)

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
        "/v1/tasks/{task_id:id}/timeline",
        timeline,
        Timeline,
        "Everything about one run of a task.",
        _RUN_PARAMS,
        errors=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/tasks/timeline",
        timeline,
        Timeline,
        "Everything about one run of a task; for every id, also one that no path can hold.",
        (text("task_id", "The task's id.", required=True), *_RUN_PARAMS),
        errors=(400, 404),
    ),
)

"""Reading runs from memory: the list with its filters and orders, one run, and what is open now."""

from __future__ import annotations

import string
from collections.abc import Callable

from .memory_data import MemoryData, TenantData
from .memory_lost import heard, is_lost
from .memory_waiting import awaited_runs
from .rows import Counts, OpenTaskRow, Scope, Silence, TaskFilter, TaskRow
from .state import TaskState

__all__ = ["get_task", "list_tasks", "open_counts", "open_tasks"]

TaskPosition = tuple[int | None, str, str]
_FINISHED = ("completed", "failed", "cancelled", "abandoned", "aborted")
_SOUGHT = ("task_id", "task_run_id", "task_type", "agent_id", "error", "user_id", "session_id")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_SORT_VALUES: dict[str, Callable[[TaskState], int | None]] = {
    "newest": lambda task: task.sort_ts,
    "oldest": lambda task: task.sort_ts,
    "duration": lambda task: task.duration_ms,
    "cost": lambda task: task.cost_nano,
}


def _row(data: MemoryData, tenant: TenantData, task: TaskState) -> TaskRow:
    place, is_open = data.place(task.scope_id), task.outcome is None
    return TaskRow(
        state=task,
        environment=place.environment,
        group=place.group,
        agent_version=place.agent_version,
        waiting=is_open and _run(task) in awaited_runs(tenant),
        heard=heard(tenant, task) if is_open else None,
        agent=tenant.fleet.get((task.tenant, task.agent_id)),
    )


def _run(task: TaskState) -> tuple[str, str, str]:
    return task.agent_id, task.task_id, task.task_run_id


def _position(task: TaskState, sort: str) -> TaskPosition:
    return _SORT_VALUES[sort](task), task.task_id, task.task_run_id


def _order(position: TaskPosition) -> tuple[bool, int, str, str]:
    """Sorts positions from the least; the unknown is less than every number."""
    value, task_id, run_id = position
    return value is not None, value or 0, task_id, run_id


def list_tasks(data: MemoryData, tenant: str, want: TaskFilter) -> tuple[list[TaskRow], TaskPosition | None]:
    """A page, and where the next one starts (None at the end)."""
    own, descending = data.of(tenant), want.sort != "oldest"
    matching = _Matching(data, own, want)
    tasks = [task for task in own.runs.values() if matching(task)]
    tasks.sort(key=lambda task: _order(_position(task, want.sort)), reverse=descending)
    if want.after is not None:
        after = _order(want.after)
        tasks = [
            task
            for task in tasks
            if (_order(_position(task, want.sort)) < after) == descending
            and _order(_position(task, want.sort)) != after
        ]
    page = tasks[: want.limit]
    rows = [_row(data, own, task) for task in page]
    return rows, _position(page[-1], want.sort) if page and len(tasks) > want.limit else None


class _Matching:
    """Whether a run passes a filter."""

    def __init__(self, data: MemoryData, own: TenantData, want: TaskFilter) -> None:
        self._data, self._own, self._want = data, own, want
        self._awaited = awaited_runs(own)

    def __call__(self, task: TaskState) -> bool:
        want, place = self._want, self._data.place(task.scope_id)
        exact = (
            (want.agent_id, task.agent_id),
            (want.project_id, task.project_id),
            (want.session_id, task.session_id),
            (want.user_id, task.user_id),
            (want.task_type, task.task_type),
            (want.environment, place.environment),
            (want.group, place.group),
        )
        if any(asked is not None and asked != has for asked, has in exact):
            return False
        if (want.since is not None and task.sort_ts < want.since) or (
            want.until is not None and task.sort_ts >= want.until
        ):
            return False
        if want.q and not any(_contains(getattr(task, name), want.q) for name in _SOUGHT):
            return False
        return want.status is None or want.status == self.status(task)

    def status(self, task: TaskState) -> str | None:
        """The outcome of a run, else what it is doing."""
        if task.outcome is not None:
            return task.outcome
        if is_lost(self._own, task, self._want.silence):
            return "lost"
        if _run(task) in self._awaited:
            return "waiting"
        if task.agent_id in self._want.silence.stuck_agents:
            return "stuck"
        return "escalated" if task.escalations else "processing"


def _contains(text: str | None, part: str) -> bool:
    """Whether a text has a part, whatever the case of its letters."""
    if text is None:
        return False
    if part.isascii():
        return part.translate(_LOWER) in text.translate(_LOWER)
    return part.casefold() in text.casefold()


def get_task(data: MemoryData, tenant: str, task_id: str, task_run_id: str | None) -> TaskRow | None:
    """One run; without a run id the one that started last."""
    own = data.of(tenant)
    runs = [
        task
        for task in own.runs.values()
        if task.task_id == task_id and task_run_id in (None, task.task_run_id)
    ]
    latest = max(runs, key=lambda task: (task.sort_ts, task.task_run_id), default=None)
    return None if latest is None else _row(data, own, latest)


def _open_in(data: MemoryData, tenant: str, scope: Scope) -> list[TaskState]:
    want = TaskFilter(
        agent_id=scope.agent_id, project_id=scope.project_id, environment=scope.environment, group=scope.group
    )
    matching = _Matching(data, data.of(tenant), want)
    return [task for task in data.open_runs(tenant) if matching(task)]


def open_tasks(data: MemoryData, tenant: str, scope: Scope, silence: Silence) -> list[OpenTaskRow]:
    """Per agent with open tasks in a scope: the one that was active last, and how many there are."""
    own = data.of(tenant)
    by_agent: dict[str, list[TaskState]] = {}
    for task in _open_in(data, tenant, scope):
        if not is_lost(own, task, silence):
            by_agent.setdefault(task.agent_id, []).append(task)
    rows = []
    for agent_id, tasks in by_agent.items():
        last = max(tasks, key=lambda task: task.last_ts)
        rows.append(
            OpenTaskRow(
                agent_id, last.task_id, last.task_run_id, last.project_id, last.last_ts, last.last_received,
                last.sort_ts, len(tasks),
            )
        )  # fmt: skip
    return rows


def open_counts(
    data: MemoryData, tenant: str, scope: Scope, silence: Silence, lost_since: int | None
) -> Counts:
    """How many task runs of a scope are open now, by the status each is listed with."""
    own = data.of(tenant)
    matching = _Matching(data, own, TaskFilter(silence=silence))
    counts = Counts(0, 0, 0, 0, 0, 0, 0)
    for task in _open_in(data, tenant, scope):
        status = matching.status(task)
        if status == "lost":
            counts.lost += lost_since is None or (heard(own, task) or 0) >= lost_since
            continue
        counts.open_tasks += 1
        counts.ever_escalated += task.escalations > 0
        setattr(counts, str(status), getattr(counts, str(status)) + 1)
    return counts

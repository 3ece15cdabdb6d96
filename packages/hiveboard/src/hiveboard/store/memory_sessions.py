"""Reading sessions from memory: the list, those active last first, and one session."""

from __future__ import annotations

from .memory_data import MemoryData
from .memory_lost import is_lost
from .rows import Silence
from .sessions import SessionFilter, SessionPosition, SessionRow
from .state import TaskState

__all__ = ["get_session", "list_sessions"]

_PARTS_SHOWN = 100


def list_sessions(
    data: MemoryData, tenant: str, want: SessionFilter
) -> tuple[list[SessionRow], SessionPosition | None]:
    """A page, and where the next one starts (None at the end)."""
    rows = [row for row in _sessions(data, tenant, want) if _within(row, want)]
    rows.sort(key=lambda row: (row.last_ts, row.session_id), reverse=True)
    page = rows[: want.limit]
    more = len(rows) > want.limit and page
    return page, (page[-1].last_ts, page[-1].session_id, "", "", -1) if more else None


def get_session(data: MemoryData, tenant: str, session_id: str, silence: Silence) -> SessionRow | None:
    """One session with all its runs counted, None when no run named it."""
    rows = _sessions(data, tenant, SessionFilter(silence=silence))
    return next((row for row in rows if row.session_id == session_id), None)


def _within(row: SessionRow, want: SessionFilter) -> bool:
    if want.since is not None and row.last_ts < want.since:
        return False
    if want.until is not None and row.first_ts >= want.until:
        return False
    return want.after is None or (row.last_ts, row.session_id) < want.after[:2]


def _sessions(data: MemoryData, tenant: str, want: SessionFilter) -> list[SessionRow]:
    by_session: dict[str, list[TaskState]] = {}
    for task in data.of(tenant).runs.values():
        if task.session_id is not None and _counts(data, task, want):
            by_session.setdefault(task.session_id, []).append(task)
    return [_row(data, session_id, runs, want.silence) for session_id, runs in by_session.items()]


def _counts(data: MemoryData, task: TaskState, want: SessionFilter) -> bool:
    place = data.place(task.scope_id)
    exact = (
        (want.agent_id, task.agent_id),
        (want.user_id, task.user_id or ""),
        (want.project_id, place.project_id),
        (want.environment, place.environment),
        (want.group, place.group),
    )
    if any(asked not in (None, has) for asked, has in exact):
        return False
    return want.q is None or any(
        part is not None and want.q.casefold() in part.casefold()
        for part in (task.session_id, task.user_id or "")
    )


def _row(data: MemoryData, session_id: str, runs: list[TaskState], silence: Silence) -> SessionRow:
    parts: dict[tuple[str, str, int], int] = {}
    for task in runs:
        key = task.agent_id, task.user_id or "", task.scope_id
        parts[key] = max(parts.get(key, task.last_ts), task.last_ts)
    shown = sorted(parts, key=lambda key: parts[key], reverse=True)[:_PARTS_SHOWN]
    places = [data.place(scope_id) for _, _, scope_id in shown]
    priced = [task for task in runs if task.cost_nano is not None]
    return SessionRow(
        session_id=session_id,
        first_ts=min(task.first_ts for task in runs),
        last_ts=max(task.last_ts for task in runs),
        runs=len(runs),
        open_runs=sum(task.outcome is None for task in runs),
        lost_runs=sum(is_lost(data.of(task.tenant), task, silence) for task in runs),
        completed=sum(task.outcome == "completed" for task in runs),
        failed=sum(task.outcome == "failed" for task in runs),
        errors=sum(task.errors for task in runs),
        llm_calls=sum(task.llm_calls for task in runs),
        tokens_in=_sum([task.tokens_in for task in runs]),
        tokens_out=_sum([task.tokens_out for task in runs]),
        cost_nano=_sum([task.cost_nano for task in runs]),
        estimated_nano=sum(task.estimated_nano or 0 for task in priced) if priced else None,
        agents=sorted({agent_id for agent_id, _, _ in shown}),
        users=sorted({user_id for _, user_id, _ in shown if user_id}),
        projects=sorted({place.project_id for place in places if place.project_id}),
        environments=sorted({place.environment for place in places}),
    )


def _sum(values: list[int | None]) -> int | None:
    told = [value for value in values if value is not None]
    return sum(told) if told else None

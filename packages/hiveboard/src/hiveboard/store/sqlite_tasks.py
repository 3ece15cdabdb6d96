"""Reading task runs from SQLite: the list with its filters and orders, and one run."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from .rows import TaskFilter, TaskRow
from .sqlite_lost import HEARD, LEASES, LOST, OF_AGENT, leases
from .sqlite_open import WAITS
from .state import AgentState, TaskState

__all__ = [
    "SORT_COLUMNS",
    "TaskPosition",
    "get_task",
    "list_tasks",
    "sort_value",
]

#: Sort value and identity of a run: where a page ends.
TaskPosition = tuple[int | None, str, str]
_FIRST_STEPS = 1_000

#: Sort name -> (column, descending).
SORT_COLUMNS = {
    "newest": ("sort_ts", True),
    "oldest": ("sort_ts", False),
    "duration": ("duration_ms", True),
    "cost": ("cost_nano", True),
}

_TASK = TaskState.__struct_fields__
_AGENT = AgentState.__struct_fields__
_SELECT = (
    f"SELECT {', '.join('t.' + name for name in _TASK)}, s.environment, s.group_name, s.agent_version, "
    f"CASE WHEN t.outcome IS NULL THEN {WAITS} ELSE 0 END, CASE WHEN t.outcome IS NULL THEN {HEARD} END, "
    f"{', '.join('a.' + name for name in _AGENT)} "
    "FROM tasks t JOIN scopes s ON s.id = t.scope_id "
    "LEFT JOIN agents a ON a.tenant = t.tenant AND a.agent_id = t.agent_id "
)
_FINISHED = ("completed", "failed", "cancelled", "abandoned", "aborted")


def _row(row: tuple[Any, ...]) -> TaskRow:
    at = len(_TASK)
    agent = AgentState(*row[at + 5 :]) if row[at + 5] is not None else None
    return TaskRow(
        TaskState(*row[:at]), row[at], row[at + 1], row[at + 2], bool(row[at + 3]), row[at + 4], agent
    )


def sort_value(row: TaskRow, sort: str) -> tuple[int | None, str, str]:
    """What a cursor remembers of the last row of a page."""
    value: int | None = getattr(row.state, SORT_COLUMNS[sort][0])
    return value, row.state.task_id, row.state.task_run_id


def list_tasks(
    connection: sqlite3.Connection, tenant: str, want: TaskFilter, scan_rows: int
) -> tuple[list[TaskRow], TaskPosition | None]:
    """A page, and where the next one starts (None at the end).

    At most ``scan_rows`` runs are looked at: a search that matches almost nothing gives a short page with a
    cursor instead of a slow one.
    """
    column, descending = SORT_COLUMNS[want.sort]
    way = "DESC" if descending else "ASC"
    order = f"t.{column} {way}, t.task_id {way}, t.task_run_id {way}"
    walked, walk_values = ["t.tenant = ?"], [tenant]
    _filter_indexed(want, walked, walk_values)
    if want.after is not None:
        clause, more = _after(column, descending, want.after)
        walked.append(clause)
        walk_values.extend(more)
    clauses: list[str] = []
    values: list[Any] = []
    _filter(want, clauses, values)
    budget = scan_rows if clauses else want.limit + 1
    walk = (
        f"SELECT t.tenant, t.task_id, t.task_run_id, t.{column} FROM tasks t "
        f"WHERE {' AND '.join(walked)} ORDER BY {order} LIMIT ?"
    )
    sql = (
        f"WITH {LEASES}, w AS MATERIALIZED ({walk}) {_SELECT} {OF_AGENT} JOIN w ON (t.tenant, t.task_id, "
        f"t.task_run_id) = (w.tenant, w.task_id, w.task_run_id) {'WHERE ' if clauses else ''}{' AND '.join(clauses)} "
        f"ORDER BY {order} LIMIT ?"
    )
    known = leases(want.silence)
    rows: list[TaskRow] = []
    for steps in (min(budget, _FIRST_STEPS), budget):
        given = [known, *walk_values, steps, *values, want.limit + 1]
        rows = [_row(row) for row in connection.execute(sql, given)]
        if len(rows) > want.limit or steps == budget:
            break
    if len(rows) > want.limit:
        return rows[: want.limit], sort_value(rows[want.limit - 1], want.sort)
    if not clauses:
        return rows, None
    end = connection.execute(f"{walk} OFFSET ?", [*walk_values, 1, budget - 1]).fetchone()
    return rows, None if end is None else (end[3], end[1], end[2])


def _after(column: str, descending: bool, after: tuple[int | None, str, str]) -> tuple[str, list[Any]]:
    value, task_id, run_id = after
    if not descending:
        return f"(t.{column}, t.task_id, t.task_run_id) > (?, ?, ?)", [value, task_id, run_id]
    if value is None:
        return f"t.{column} IS NULL AND (t.task_id, t.task_run_id) < (?, ?)", [task_id, run_id]
    # NULL sorts below every number, so the rows without a value come after all others.
    return (
        f"((t.{column}, t.task_id, t.task_run_id) < (?, ?, ?) OR t.{column} IS NULL)",
        [value, task_id, run_id],
    )


def _filter_indexed(want: TaskFilter, clauses: list[str], values: list[Any]) -> None:
    """What an index answers; the walk itself is limited to it."""
    for clause, value in (
        ("t.agent_id = ?", want.agent_id),
        ("t.project_id = ?", want.project_id),
        ("t.session_id = ?", want.session_id),
        ("t.user_id = ?", want.user_id),
        ("t.sort_ts >= ?", want.since),
        ("t.sort_ts < ?", want.until),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if want.status in _FINISHED:
        clauses.append("t.outcome = ?")
        values.append(want.status)
    elif want.status is not None:
        clauses.append("t.outcome IS NULL")


def _filter(want: TaskFilter, clauses: list[str], values: list[Any]) -> None:
    """What has to be looked at row by row."""
    for clause, value in (
        ("t.task_type = ?", want.task_type),
        ("s.environment = ?", want.environment),
        ("s.group_name = ?", want.group),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if want.q:
        columns = ("task_id", "task_run_id", "task_type", "agent_id", "error", "user_id", "session_id")
        if want.q.isascii():
            sought = "%" + want.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            match = "t.{} LIKE ? ESCAPE '\\'"
        else:
            # SQLite knows the case of ASCII letters only.
            sought, match = want.q.casefold(), "instr(casefold(t.{}), ?)"
        clauses.append("(" + " OR ".join(match.format(name) for name in columns) + ")")
        values.extend([sought] * len(columns))
    if want.status is not None and want.status not in _FINISHED:
        _filter_status(want, clauses, values)


def _filter_status(want: TaskFilter, clauses: list[str], values: list[Any]) -> None:
    stuck = "t.agent_id IN (SELECT value FROM json_each(?))"
    agents = json.dumps(want.silence.stuck_agents)
    if want.status == "lost":
        clauses.append(LOST)
        return
    clauses.append(f"NOT {LOST}")
    if want.status == "waiting":
        clauses.append(WAITS)
    elif want.status == "stuck":
        clauses.extend([f"NOT {WAITS}", stuck])
        values.append(agents)
    else:
        clauses.extend([f"NOT {WAITS}", f"NOT {stuck}"])
        values.append(agents)
        clauses.append("t.escalations > 0" if want.status == "escalated" else "t.escalations = 0")


def get_task(
    connection: sqlite3.Connection, tenant: str, task_id: str, task_run_id: str | None
) -> TaskRow | None:
    """One run; without a run id the one that started last."""
    if task_run_id is None:
        sql = f"{_SELECT} WHERE t.tenant = ? AND t.task_id = ? ORDER BY t.sort_ts DESC, t.task_run_id DESC LIMIT 1"
        row = connection.execute(sql, (tenant, task_id)).fetchone()
    else:
        sql = f"{_SELECT} WHERE t.tenant = ? AND t.task_id = ? AND t.task_run_id = ?"
        row = connection.execute(sql, (tenant, task_id, task_run_id)).fetchone()
    return None if row is None else _row(row)

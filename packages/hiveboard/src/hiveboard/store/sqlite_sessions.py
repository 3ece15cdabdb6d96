"""Reading sessions from SQLite: the list, those active last first, and one session."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from .rows import Silence
from .sessions import SESSION_COUNTERS, SessionFilter, SessionPosition, SessionRow
from .sqlite_lost import LEASES, LOST, OF_AGENT, leases

__all__ = ["get_session", "list_sessions"]

_ORDER = ("last_ts", "session_id", "agent_id", "user_id", "scope_id")
_SUMS = ", ".join(f"sum(p.{name})" for name in SESSION_COUNTERS)
_PARTS_SHOWN = 100
#: How many sessions are summed for one page; most of what is summed is shown, unless `until` leaves it out.
_MOST_SUMMED = 400


def list_sessions(
    connection: sqlite3.Connection, tenant: str, want: SessionFilter, scan_parts: int
) -> tuple[list[SessionRow], SessionPosition | None]:
    """A page, and where the next one starts (None at the end).

    At most ``scan_parts`` parts of sessions are looked at: a filter that matches almost nothing gives a short page
    with a cursor instead of a slow one.
    """
    rows, position = _page(connection, tenant, want, scan_parts)
    _count_lost(connection, tenant, rows, want)
    return rows, position


def _page(
    connection: sqlite3.Connection, tenant: str, want: SessionFilter, scan_parts: int
) -> tuple[list[SessionRow], SessionPosition | None]:
    places = _places(connection, want)
    sought = None if want.q is None else want.q.casefold()
    found: list[SessionRow] = []
    seen: set[str] = set()
    walked, position = 0, None
    for position in connection.execute(*_walk(tenant, want, scan_parts)):
        walked += 1
        last_ts, session_id, _, user_id, scope_id = position
        if session_id in seen or (places is not None and scope_id not in places):
            continue
        if sought is not None and sought not in session_id.casefold() and sought not in user_id.casefold():
            continue
        if len(seen) >= _MOST_SUMMED:
            # This part is the first of the next page.
            return found, (last_ts, session_id, "\U0010ffff", "", 0)
        seen.add(session_id)
        row = _summed(connection, tenant, session_id, want)
        # A part that is not the latest of its session was passed on an earlier page.
        if row is None or row.last_ts != last_ts or (want.until is not None and row.first_ts >= want.until):
            continue
        if len(found) == want.limit:
            return found, _beyond(found[-1])
        found.append(row)
    if walked < scan_parts or position is None:
        return found, None
    return found, (position[0], position[1], "", "", -1) if position[1] in seen else position


def get_session(
    connection: sqlite3.Connection, tenant: str, session_id: str, silence: Silence
) -> SessionRow | None:
    """One session with all its runs counted, None when no run named it."""
    want = SessionFilter(silence=silence)
    row = _summed(connection, tenant, session_id, want)
    if row is not None:
        _count_lost(connection, tenant, [row], want)
    return row


def _count_lost(
    connection: sqlite3.Connection, tenant: str, rows: list[SessionRow], want: SessionFilter
) -> None:
    """Note how many of the open runs that are counted are lost. Sessions without open runs are not looked at."""
    by_id = {row.session_id: row for row in rows if row.open_runs}
    if not by_id or not want.silence.heard_by:
        return
    clauses, values = _place_clauses("s.", want)
    clauses += ["t.tenant = ?", "t.session_id IN (SELECT value FROM json_each(?))", "t.outcome IS NULL", LOST]
    values += [tenant, msgspec.json.encode([*by_id]).decode()]
    _equal("t.", want, clauses, values)
    if want.q is not None:
        clauses.append("(instr(casefold(t.session_id), ?) OR instr(casefold(coalesce(t.user_id, '')), ?))")
        values += [want.q.casefold()] * 2
    sql = (
        f"WITH {LEASES} SELECT t.session_id, count(*) FROM tasks t INDEXED BY tasks_session {OF_AGENT} "
        f"JOIN scopes s ON s.id = t.scope_id WHERE {' AND '.join(clauses)} GROUP BY t.session_id"
    )
    for session_id, lost in connection.execute(sql, [leases(want.silence), *values]):
        by_id[session_id].lost_runs = lost


def _beyond(row: SessionRow) -> SessionPosition:
    """The position after every part that is as late as the session."""
    return row.last_ts, row.session_id, "", "", -1


def _walk(tenant: str, want: SessionFilter, scan_parts: int) -> tuple[str, list[Any]]:
    clauses: list[str] = ["tenant = ?"]
    values: list[Any] = [tenant]
    _equal("", want, clauses, values)
    if want.since is not None:
        clauses.append("last_ts >= ?")
        values.append(want.since)
    if want.after is not None:
        clauses.append(f"({', '.join(_ORDER)}) < ({', '.join('?' * len(_ORDER))})")
        values.extend(want.after)
    order = ", ".join(f"{name} DESC" for name in _ORDER)
    sql = f"SELECT {', '.join(_ORDER)} FROM session_parts WHERE {' AND '.join(clauses)} ORDER BY {order} LIMIT ?"
    return sql, [*values, scan_parts]


def _equal(alias: str, want: SessionFilter, clauses: list[str], values: list[Any]) -> None:
    for column, value in (("agent_id", want.agent_id), ("user_id", want.user_id)):
        if value is not None:
            clauses.append(f"{alias}{column} = ?")
            values.append(value)


def _places(connection: sqlite3.Connection, want: SessionFilter) -> set[int] | None:
    """The scopes of a project, environment and group; None when any will do."""
    if want.project_id is None and want.environment is None and want.group is None:
        return None
    clauses, values = _place_clauses("", want)
    sql = f"SELECT id FROM scopes WHERE {' AND '.join(clauses)}"
    return {scope_id for (scope_id,) in connection.execute(sql, values)}


def _place_clauses(alias: str, want: SessionFilter) -> tuple[list[str], list[Any]]:
    pairs = (
        ("project_id", want.project_id), ("environment", want.environment), ("group_name", want.group),
    )  # fmt: skip
    given = [(column, value) for column, value in pairs if value is not None]
    return [f"{alias}{column} = ?" for column, _ in given], [value for _, value in given]


def _summed(
    connection: sqlite3.Connection, tenant: str, session_id: str, want: SessionFilter
) -> SessionRow | None:
    clauses, values = _place_clauses("s.", want)
    clauses += ["p.tenant = ?", "p.session_id = ?"]
    values += [tenant, session_id]
    _equal("+p.", want, clauses, values)
    if want.q is not None and want.q.casefold() not in session_id.casefold():
        clauses.append("instr(casefold(p.user_id), ?)")
        values.append(want.q.casefold())
    # In this order, by the key of the session: left to itself SQLite begins with the scopes and reads every session.
    source = f"FROM session_parts p CROSS JOIN scopes s ON s.id = p.scope_id WHERE {' AND '.join(clauses)}"
    sums = connection.execute(f"SELECT min(p.first_ts), max(p.last_ts), {_SUMS} {source}", values).fetchone()
    if sums[0] is None:
        return None
    parts = connection.execute(
        f"SELECT p.agent_id, p.user_id, s.project_id, s.environment {source} ORDER BY +p.last_ts DESC LIMIT ?",
        [*values, _PARTS_SHOWN],
    ).fetchall()
    agents, users, projects, environments = (
        sorted({name for name in names if name}) for names in zip(*parts, strict=True)
    )
    counted = dict(zip(SESSION_COUNTERS, sums[2:], strict=True))
    told = {
        "tokens_in": "told_in",
        "tokens_out": "told_out",
        "cost_nano": "priced",
        "estimated_nano": "priced",
    }
    known: dict[str, Any] = {name: counted[name] if counted[by] else None for name, by in told.items()}
    rest: dict[str, Any] = {
        name: counted[name] for name in SESSION_COUNTERS if name not in told and name not in told.values()
    }
    return SessionRow(
        session_id=session_id,
        first_ts=sums[0],
        last_ts=sums[1],
        lost_runs=0,
        agents=agents,
        users=users,
        projects=projects,
        environments=environments,
        **known,
        **rest,
    )

"""Reading agents from SQLite, and what hangs on them: queue, to-do items, schedule, projects."""

from __future__ import annotations

import sqlite3
from typing import Any

from hiveboard.instant import HOUR_US

from .rows import (
    AgentPlaces,
    AgentRow,
    LatestRow,
    ProjectRow,
    Scope,
)
from .sqlite_codec import EVENT_JOINS, EVENT_SELECT, HEARTBEAT_LABEL, OF_TENANT, from_row
from .sqlite_partitions import partitions
from .state import AgentState

__all__ = [
    "agent_places",
    "heartbeat_events",
    "list_agents",
    "list_latest",
    "list_projects",
]

_AGENT = AgentState.__struct_fields__


def _and_agent(agent_id: str | None, values: list[Any], column: str = "agent_id") -> str:
    if agent_id is None:
        return ""
    values.append(agent_id)
    return f" AND {column} = ?"


def list_agents(connection: sqlite3.Connection, tenant: str, agent_id: str | None) -> list[AgentRow]:
    """All agents of a tenant, or the one named."""
    values: list[Any] = [tenant]
    where = _and_agent(agent_id, values, "a.agent_id")
    sql = (
        f"SELECT {', '.join('a.' + name for name in _AGENT)}, o.agent_version, o.framework, o.runtime, "
        "o.sdk_version, o.environment, o.group_name FROM agents a JOIN origins o ON o.id = a.origin_id "
        f"WHERE a.tenant = ?{where} ORDER BY a.agent_id"
    )
    at = len(_AGENT)
    return [AgentRow(AgentState(*row[:at]), *row[at:]) for row in connection.execute(sql, values)]


def agent_places(connection: sqlite3.Connection, tenant: str, scope: Scope) -> dict[str, AgentPlaces]:
    """The agents some event of which lies within a scope, each with all the places it was ever seen in."""
    values: list[Any] = [tenant]
    where = _and_agent(scope.agent_id, values, "a.agent_id")
    sql = (
        "SELECT DISTINCT a.agent_id, s.project_id, s.environment, s.group_name FROM agent_scopes a "
        f"JOIN scopes s ON s.id = a.scope_id WHERE a.tenant = ?{where}"
    )
    seen: dict[str, list[tuple[str | None, str, str]]] = {}
    for agent_id, *place in connection.execute(sql, values):
        seen.setdefault(agent_id, []).append(tuple(place))
    wanted = scope.project_id, scope.environment, scope.group
    return {
        agent_id: _places(places)
        for agent_id, places in seen.items()
        if any(all(want in (None, has) for want, has in zip(wanted, place, strict=True)) for place in places)
    }


def _places(places: list[tuple[str | None, str, str]]) -> AgentPlaces:
    projects, environments, groups = zip(*places, strict=True)
    return AgentPlaces(sorted({*projects} - {None}), sorted({*environments}), sorted({*groups}))


def list_projects(connection: sqlite3.Connection, tenant: str) -> list[ProjectRow]:
    """Every project that events named."""
    sql = (
        "SELECT project_id, min(first_ts), max(last_ts), sum(events), count(*) FROM projects "
        "WHERE tenant = ? GROUP BY project_id ORDER BY project_id"
    )
    return [ProjectRow(*row) for row in connection.execute(sql, (tenant,))]


def list_latest(
    connection: sqlite3.Connection, tenant: str, agent_id: str | None, kinds: tuple[str, ...], limit: int
) -> list[LatestRow]:
    """Latest events per agent, kind and item; the newest first, at most ``limit``."""
    values: list[Any] = [tenant]
    where = _and_agent(agent_id, values, "l.agent_id")
    sql = (
        "SELECT l.agent_id, l.kind, l.item_key, l.ts, l.first_ts, l.events, l.project_id, l.task_id, l.payload, "
        "s.environment, s.group_name FROM latest l CROSS JOIN scopes s ON s.id = l.scope_id "
        f"WHERE l.tenant = ?{where} AND l.kind IN ({', '.join('?' * len(kinds))}) ORDER BY l.ts DESC, l.item_key, l.agent_id, l.kind LIMIT ?"
    )
    return [LatestRow(*row) for row in connection.execute(sql, [*values, *kinds, limit])]


def heartbeat_events(
    connection: sqlite3.Connection, tenant: str, agent_id: str, limit: int
) -> list[tuple[int, int, bytes | None]]:
    """(timestamp, received, payload) of an agent's latest heartbeats within a day of the last, the newest first."""
    newest = connection.execute(
        "SELECT ts FROM latest WHERE tenant = ? AND agent_id = ? AND kind = 'heartbeat'", (tenant, agent_id)
    ).fetchone()
    if newest is None:
        return []
    since = newest[0] - 24 * HOUR_US
    rows: list[tuple[Any, ...]] = []
    for table in partitions(connection, since, newest[0] + 1):
        sql = (
            f"{EVENT_SELECT} FROM {table.name} e INDEXED BY {table.indexed('agent')} {EVENT_JOINS} "
            f"WHERE {OF_TENANT} AND e.agent_id = ? AND e.label = {HEARTBEAT_LABEL} AND e.ts >= ? "
            "ORDER BY e.ts DESC, e.seq DESC LIMIT ?"
        )
        rows += connection.execute(sql, (tenant, agent_id, since, limit - len(rows)))
    records = [from_row(row).record for row in rows]
    return [(record.ts, record.received_at, record.payload) for record in records]

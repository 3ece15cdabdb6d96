"""Reading agents from memory, and what hangs on them: queue, to-do items, schedule, heartbeats, projects."""

from __future__ import annotations

from hiveboard.instant import HOUR_US

from .memory_data import MemoryData, Place
from .rows import AgentPlaces, AgentRow, LatestRow, ProjectRow, Scope

__all__ = ["agent_places", "heartbeat_events", "list_agents", "list_latest", "list_projects"]


def list_agents(data: MemoryData, tenant: str, agent_id: str | None) -> list[AgentRow]:
    """All agents of a tenant, or the one named."""
    rows = []
    for state in data.of(tenant).fleet.values():
        if agent_id in (None, state.agent_id):
            by = data.origin(state.origin_id)
            rows.append(
                AgentRow(
                    state,
                    by.agent_version,
                    by.framework,
                    by.runtime,
                    by.sdk_version,
                    by.environment,
                    by.group,
                )
            )
    return sorted(rows, key=lambda row: row.state.agent_id)


def agent_places(data: MemoryData, tenant: str, scope: Scope) -> dict[str, AgentPlaces]:
    """The agents some event of which lies within a scope, each with all the places it was ever seen in."""
    seen: dict[str, list[Place]] = {}
    for agent_id, scope_id in data.of(tenant).agent_scopes:
        if scope.agent_id in (None, agent_id):
            seen.setdefault(agent_id, []).append(data.place(scope_id))
    return {
        agent_id: _places(places)
        for agent_id, places in seen.items()
        if any(within(p, scope) for p in places)
    }


def within(place: Place, scope: Scope) -> bool:
    """Whether a place is of the project, environment and group of a scope."""
    return (
        scope.project_id in (None, place.project_id)
        and scope.environment in (None, place.environment)
        and scope.group in (None, place.group)
    )


def _places(places: list[Place]) -> AgentPlaces:
    projects = {place.project_id for place in places if place.project_id is not None}
    return AgentPlaces(
        sorted(projects),
        sorted({place.environment for place in places}),
        sorted({place.group for place in places}),
    )


def list_projects(data: MemoryData, tenant: str) -> list[ProjectRow]:
    """Every project that events named."""
    found: dict[str, ProjectRow] = {}
    for (_, project_id, _), (first, last, events) in sorted(data.of(tenant).projects.items()):
        row = found.setdefault(project_id, ProjectRow(project_id, first, last, 0, 0))
        row.first_ts, row.last_ts = min(row.first_ts, first), max(row.last_ts, last)
        row.events, row.agents = row.events + events, row.agents + 1
    return list(found.values())


def list_latest(
    data: MemoryData, tenant: str, agent_id: str | None, kinds: tuple[str, ...], limit: int
) -> list[LatestRow]:
    """Latest events per agent, kind and item; the newest first, at most ``limit``."""
    rows = []
    for (_, of_agent, kind, item_key), item in data.of(tenant).latest.items():
        if kind not in kinds or agent_id not in (None, of_agent):
            continue
        newest, place = item.newest, data.place(item.newest.scope_id)
        rows.append(
            LatestRow(
                of_agent, kind, item_key, newest.ts, item.first_ts, item.events, newest.project_id,
                newest.task_id, newest.payload, place.environment, place.group,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row.ts, row.item_key, row.agent_id, row.kind))[:limit]


def heartbeat_events(
    data: MemoryData, tenant: str, agent_id: str, limit: int
) -> list[tuple[int, int, bytes | None]]:
    """(timestamp, received, payload) of an agent's latest heartbeats within a day of the last, the newest first."""
    own = data.of(tenant)
    newest = own.latest.get((tenant, agent_id, "heartbeat", ""))
    if newest is None:
        return []
    beats = [
        event
        for event in own.events
        if event.record.event_type == "heartbeat"
        and event.record.agent_id == agent_id
        and event.record.ts >= newest.newest.ts - 24 * HOUR_US
    ]
    beats.sort(key=lambda event: (event.record.ts, event.seq), reverse=True)
    return [(one.record.ts, one.record.received_at, one.record.payload) for one in beats[:limit]]

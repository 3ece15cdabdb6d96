"""Retention in memory: events of weeks gone by, and the summaries of what ended before them, are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .memory_data import MemoryData, TenantData
from .week import week_of

__all__ = ["prune"]

K = TypeVar("K")
V = TypeVar("V")


def prune(data: MemoryData, before: int) -> int:
    """Forget the weeks that lie wholly before a moment. Returns how many events that were."""
    since = week_of(before)[0]
    return sum(_prune(tenant, since) for tenant in data.tenants.values())


def _prune(tenant: TenantData, since: int) -> int:
    left = [event for event in tenant.events if event.record.ts >= since]
    removed = len(tenant.events) - len(left)
    if not removed:
        return 0
    tenant.events = left
    tenant.known = {event.record.event_id for event in left}
    _forget(tenant.runs, lambda key, run: run.last_ts < since)
    _forget(tenant.fleet, lambda key, agent: max(agent.last_received, agent.active_ts or 0) < since)
    _forget(
        tenant.issues,
        lambda key, issue: max(issue.first_ts, issue.reported_ts or 0, issue.closed_ts or 0) < since,
    )
    _forget(tenant.latest, lambda key, item: item.newest.ts < since)
    _forget(tenant.projects, lambda key, span: span[1] < since)
    _forget(tenant.heard, lambda key, received: received < since)
    for event_id in [name for name, event in tenant.approvals.items() if event.record.ts < since]:
        tenant.forget_approval(event_id)
    for table in (*tenant.counters.values(), *tenant.tallies.values()):
        _forget(table, lambda key, row: key[2] < since)
    agents = {agent_id for _, agent_id in tenant.fleet}
    tenant.agent_scopes = {scope for scope in tenant.agent_scopes if scope[0] in agents}
    tenant.affected = {place for place in tenant.affected if (place[0], place[3], place[4]) in tenant.runs}
    return removed


def _forget(rows: dict[K, V], is_old: Callable[[K, V], bool]) -> None:
    for key in [key for key, row in rows.items() if is_old(key, row)]:
        del rows[key]

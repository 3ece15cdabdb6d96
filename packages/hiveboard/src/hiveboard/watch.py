"""The clock task: notices agents whose status changes, also when nothing arrives, and tells the followers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from msgspec import Struct

from .fleet import agent_views
from .instant import format_instant
from .live import Hub
from .projections.agent_view import AgentView
from .store import Store, StoreFailedError

__all__ = ["StatusChange", "status_changes", "watch_statuses"]

_EVERY_SECONDS = 1.0


class StatusChange(Struct, kw_only=True):
    """An agent's status changed; ``previous_status`` is null for an agent seen for the first time."""

    agent_id: str
    previous_status: str | None
    new_status: str
    timestamp: str
    current_task_id: str | None
    current_project_id: str | None
    heartbeat_age_seconds: float | None
    environment: str
    group: str


class Stuck(Struct, kw_only=True):
    """An agent has shown no sign of life for longer than its threshold."""

    agent_id: str
    last_heartbeat: str | None
    stuck_threshold_seconds: float
    current_task_id: str | None
    current_project_id: str | None
    environment: str
    group: str


def status_changes(known: dict[str, str], views: list[AgentView], now: int) -> list[StatusChange]:
    """What differs from ``known``, which is brought up to date."""
    changes = []
    for view in views:
        previous = known.get(view.agent_id)
        if previous == view.derived_status:
            continue
        known[view.agent_id] = view.derived_status
        changes.append(
            StatusChange(
                agent_id=view.agent_id,
                previous_status=previous,
                new_status=view.derived_status,
                timestamp=format_instant(now),
                current_task_id=view.current_task_id,
                current_project_id=view.current_project_id,
                heartbeat_age_seconds=view.heartbeat_age_seconds,
                environment=view.environment,
                group=view.group,
            )
        )
    return changes


async def watch_statuses(store: Store, hub: Hub, clock: Callable[[], int]) -> None:
    """Look at every followed fleet once a second until cancelled, at a fleet nobody followed before at once."""
    known: dict[str, dict[str, str]] = {}
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY_SECONDS):
                await hub.newcomer.wait()
        hub.newcomer.clear()
        followed = hub.tenants
        for tenant in [*known]:
            if tenant not in followed:
                del known[tenant]
        for tenant in followed:
            now = clock()
            try:
                views = await agent_views(store, tenant, now)
            except StoreFailedError:
                continue
            first_look = tenant not in known
            changes = status_changes(known.setdefault(tenant, {}), views, now)
            # The first look only learns how things are; followers have just asked for that themselves.
            for change in [] if first_look else changes:
                hub.announce(tenant, "agent.status_changed", msgspec.json.encode(change))
                if change.new_status == "stuck":
                    view = next(view for view in views if view.agent_id == change.agent_id)
                    hub.announce(tenant, "agent.stuck", msgspec.json.encode(_stuck(view)))


def _stuck(view: AgentView) -> Stuck:
    return Stuck(**{name: getattr(view, name) for name in Stuck.__struct_fields__})

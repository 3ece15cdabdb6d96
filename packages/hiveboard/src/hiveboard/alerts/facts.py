"""What evaluations ask the store, each question once per look however many rules want it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct

from hiveboard.instant import HOUR_US
from hiveboard.projections.agent_status import silence_of
from hiveboard.store import Span, Store, StoredEvent
from hiveboard.store.rows import (
    AgentPlaces,
    AgentRow,
    ApprovalRow,
    IssueRow,
    LatestRow,
    OpenTaskRow,
    OutcomeRow,
    Scope,
    Silence,
    TaskFilter,
    TaskRow,
    UsageRow,
)

from .condition import Filters
from .scope import scope_of

__all__ = ["Facts", "Feed"]

T = TypeVar("T")
_ROWS = 5_000
_RUN_PAGE = 200
#: A run that began longer ago than this and never ended is forgotten rather than open.
_OPEN_US = 7 * 24 * HOUR_US
#: Nobody's silence is named in the question, so an open run that waits for nobody is in one of these.
_GOING = ("processing", "escalated")


class Feed(Struct):
    """News since the last look: ends of runs and reports of issues, in order of arrival, up to an event's number."""

    events: list[StoredEvent]
    upto: int


class Facts:
    """One tenant at one moment."""

    def __init__(self, store: Store, tenant: str, now: int, feed: Feed) -> None:
        self.store, self.tenant, self.now, self.feed = store, tenant, now, feed
        self._known: dict[Any, Any] = {}

    async def _once(self, key: Any, ask: Callable[[], Awaitable[T]]) -> T:
        if key not in self._known:
            self._known[key] = await ask()
        known: T = self._known[key]
        return known

    async def agents(self) -> list[AgentRow]:
        """All agents."""
        return await self._once("agents", lambda: self.store.agents(self.tenant, None))

    async def agents_within(self, filters: Filters, named: set[str]) -> list[AgentRow]:
        """Those of the named agents that were seen within the filters."""
        rows = [row for row in await self.agents() if row.state.agent_id in named]
        if filters == Filters():
            return rows
        scope = scope_of(filters)
        places: dict[str, AgentPlaces] = await self._once(
            ("places", scope), lambda: self.store.agent_places(self.tenant, scope)
        )
        return [row for row in rows if row.state.agent_id in places]

    async def open_tasks(self) -> dict[str, OpenTaskRow]:
        """By agent the open task that was active last."""
        silence = silence_of(await self.agents(), self.now)
        rows = await self._once("open", lambda: self.store.open_tasks(self.tenant, Scope(), silence))
        return {row.agent_id: row for row in rows}

    async def approvals(self) -> list[ApprovalRow]:
        """Requests that wait for an answer."""
        return await self._once("approvals", self._ask_approvals)

    async def _ask_approvals(self) -> list[ApprovalRow]:
        # Whether anything waits at all is quickly asked; whose runs are lost is not.
        if not await self.store.open_approvals(self.tenant, None, 1, Silence()):
            return []
        silence = silence_of(await self.agents(), self.now)
        return await self.store.open_approvals(self.tenant, None, _ROWS, silence)

    async def queues(self) -> list[LatestRow]:
        """The latest queue snapshots."""
        return await self._once(
            "queues", lambda: self.store.latest(self.tenant, None, ("queue_snapshot",), _ROWS)
        )

    async def issues(self, agent_id: str) -> list[IssueRow]:
        """Issues of an agent."""
        return await self._once(("issues", agent_id), lambda: self.store.issues(self.tenant, agent_id, _ROWS))

    async def usage(self, filters: Filters, span: Span) -> list[UsageRow]:
        """Model usage by agent and type of task."""
        scope = scope_of(filters)
        return await self._once(
            ("usage", scope, span),
            lambda: self.store.usage(self.tenant, scope, ("agent", "task_type"), span),
        )

    async def outcomes(self, filters: Filters, span: Span) -> list[OutcomeRow]:
        """Finished runs by agent and type of task."""
        scope = scope_of(filters)
        return await self._once(
            ("outcomes", scope, span),
            lambda: self.store.outcomes(self.tenant, scope, ("agent", "task_type"), span),
        )

    async def run(self, task_id: str, task_run_id: str) -> TaskRow | None:
        """One run."""
        return await self._once(
            ("run", task_id, task_run_id), lambda: self.store.task(self.tenant, task_id, task_run_id)
        )

    async def open_runs(
        self, filters: Filters, began_before: int, walk: dict[str, Any], *, waiting: bool
    ) -> list[TaskRow]:
        """A part of the open runs that began before a moment, the oldest first.

        ``walk`` remembers where the last look ended, so that some looks together see all of them.
        """
        found: list[TaskRow] = []
        for status in (*_GOING, "waiting") if waiting else _GOING:
            want = TaskFilter(
                project_id=filters.project_id,
                agent_id=filters.agent_id,
                task_type=filters.task_type,
                environment=filters.environment,
                group=filters.group,
                status=status,
                since=began_before - _OPEN_US,
                until=began_before,
                sort="oldest",
                after=walk.get(status),
                limit=_RUN_PAGE,
            )
            rows, walk[status] = await self.store.tasks(self.tenant, want)
            found.extend(rows)
        return found

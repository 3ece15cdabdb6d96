"""The store in memory: everything a store does, kept nowhere. For demonstrations and tests; not for much or for long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hiveboard.settings import Limits

from . import (
    memory_agents,
    memory_events,
    memory_prune,
    memory_sessions,
    memory_sums,
    memory_tasks,
    memory_waiting,
    rows,
)
from .condition import StoreCondition
from .documents import Document
from .errors import QueueFullError
from .memory_commit import commit
from .memory_data import MemoryData
from .records import Appended, Batch, Origin, Published, StoredEvent
from .samples import Sample, SampleFilter
from .sessions import SessionFilter, SessionPosition, SessionRow
from .state import TaskState
from .sums import Summed, SumQuestion, SumsByName
from .waiting import ApprovalFilter, IssueFilter

__all__ = ["MemoryStore"]


class MemoryStore(SumsByName):
    """Events and summaries of one process. Safe to use from one event loop, whose thread does all the work."""

    def __init__(self, limits: Limits, on_commit: Callable[[Published], None]) -> None:
        self._data = MemoryData()
        self._limits = limits
        self._on_commit = on_commit
        self._closed = False

    async def append(self, prepare: Callable[[], Batch], size_bytes: int) -> Appended:
        """See :class:`hiveboard.store.Store`. Nothing ever waits, so only a queue without any room is full."""
        if self._closed or not self._limits.queue_batches or not self._limits.queue_bytes:
            raise QueueFullError
        appended, published = commit(self._data, prepare())
        self._on_commit(published)
        return appended

    async def close(self) -> None:
        """See :class:`hiveboard.store.Store`."""
        self._closed = True

    async def last_seq(self) -> int:
        """See :class:`hiveboard.store.Store`."""
        return self._data.last_seq

    async def origins(self, origin_ids: Sequence[int]) -> dict[int, Origin]:
        """See :class:`hiveboard.store.Store`."""
        known = range(1, len(self._data.origins) + 1)
        return {number: self._data.origin(number) for number in origin_ids if number in known}

    async def condition(self) -> StoreCondition:
        """See :class:`hiveboard.store.Store`."""
        return StoreCondition(
            kind="memory",
            schema_version=0,
            size_bytes=0,
            free_bytes=None,
            trouble="the store is closed" if self._closed else None,
        )

    async def events(
        self, tenant: str, want: rows.EventFilter
    ) -> tuple[list[StoredEvent], tuple[int, int] | None]:
        """See :class:`hiveboard.store.Store`."""
        return memory_events.list_events(self._data, tenant, want)

    async def events_after(
        self, tenant: str, seq: int, limit: int, only: tuple[str, ...] = ()
    ) -> list[StoredEvent]:
        """See :class:`hiveboard.store.Store`."""
        return memory_events.events_after(self._data, tenant, seq, limit, only)

    async def samples(self, tenant: str, want: SampleFilter) -> list[Sample]:
        """See :class:`hiveboard.store.Store`."""
        return memory_events.samples(self._data, tenant, want)

    async def task_events(self, tenant: str, task: TaskState, limit: int) -> rows.RunEvents:
        """See :class:`hiveboard.store.Store`."""
        return memory_events.task_events(self._data, tenant, task, limit)

    async def tasks(
        self, tenant: str, want: rows.TaskFilter
    ) -> tuple[list[rows.TaskRow], memory_tasks.TaskPosition | None]:
        """See :class:`hiveboard.store.Store`."""
        return memory_tasks.list_tasks(self._data, tenant, want)

    async def task(self, tenant: str, task_id: str, task_run_id: str | None) -> rows.TaskRow | None:
        """See :class:`hiveboard.store.Store`."""
        return memory_tasks.get_task(self._data, tenant, task_id, task_run_id)

    async def sessions(
        self, tenant: str, want: SessionFilter
    ) -> tuple[list[SessionRow], SessionPosition | None]:
        """See :class:`hiveboard.store.Store`."""
        return memory_sessions.list_sessions(self._data, tenant, want)

    async def session(self, tenant: str, session_id: str, silence: rows.Silence) -> SessionRow | None:
        """See :class:`hiveboard.store.Store`."""
        return memory_sessions.get_session(self._data, tenant, session_id, silence)

    async def open_tasks(
        self, tenant: str, scope: rows.Scope, silence: rows.Silence
    ) -> list[rows.OpenTaskRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_tasks.open_tasks(self._data, tenant, scope, silence)

    async def open_counts(
        self, tenant: str, scope: rows.Scope, silence: rows.Silence, lost_since: int | None = None
    ) -> rows.Counts:
        """See :class:`hiveboard.store.Store`."""
        return memory_tasks.open_counts(self._data, tenant, scope, silence, lost_since)

    async def agents(self, tenant: str, agent_id: str | None) -> list[rows.AgentRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_agents.list_agents(self._data, tenant, agent_id)

    async def agent_places(self, tenant: str, scope: rows.Scope) -> dict[str, rows.AgentPlaces]:
        """See :class:`hiveboard.store.Store`."""
        return memory_agents.agent_places(self._data, tenant, scope)

    async def heartbeats(self, tenant: str, agent_id: str, limit: int) -> list[tuple[int, int, bytes | None]]:
        """See :class:`hiveboard.store.Store`."""
        return memory_agents.heartbeat_events(self._data, tenant, agent_id, limit)

    async def prune(self, before: int) -> int:
        """See :class:`hiveboard.store.Store`."""
        return memory_prune.prune(self._data, before)

    async def projects(self, tenant: str) -> list[rows.ProjectRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_agents.list_projects(self._data, tenant)

    async def latest(
        self, tenant: str, agent_id: str | None, kinds: tuple[str, ...], limit: int
    ) -> list[rows.LatestRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_agents.list_latest(self._data, tenant, agent_id, kinds, limit)

    async def issues(self, tenant: str, agent_id: str | None, limit: int) -> list[rows.IssueRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.list_all_issues(self._data, tenant, agent_id, limit)

    async def active_issues(self, tenant: str, scope: rows.Scope) -> dict[str, int]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.active_issues(self._data, tenant, scope)

    async def open_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.open_approvals(self._data, tenant, agent_id, limit, silence)

    async def expired_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.expired_approvals(self._data, tenant, agent_id, limit, silence)

    async def approvals(
        self, tenant: str, want: ApprovalFilter, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.list_approvals(self._data, tenant, want, silence)

    async def approval(self, tenant: str, approval_id: str, silence: rows.Silence) -> rows.ApprovalRow | None:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.get_approval(self._data, tenant, approval_id, silence)

    async def issue_page(self, tenant: str, want: IssueFilter) -> list[rows.IssueRow]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.list_issues(self._data, tenant, want)

    async def affected(self, tenant: str, issues: Sequence[tuple[str, str]]) -> list[tuple[int, int | None]]:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.affected(self._data, tenant, issues)

    async def issue(self, tenant: str, agent_id: str, issue_key: str) -> rows.IssueRow | None:
        """See :class:`hiveboard.store.Store`."""
        return memory_waiting.get_issue(self._data, tenant, agent_id, issue_key)

    async def sums(self, tenant: str, scope: rows.Scope, asked: Sequence[SumQuestion]) -> list[Summed[Any]]:
        """See :class:`hiveboard.store.Store`."""
        return memory_sums.answer(self._data, tenant, scope, asked)

    async def tenants(self) -> list[str]:
        """See :class:`hiveboard.store.Store`."""
        of_documents = {tenant for (tenant, _), kept in self._data.documents.items() if kept}
        return sorted({*self._data.tenants, *of_documents})

    async def documents(
        self, tenant: str, kind: str, limit: int = 10_000, before: str | None = None
    ) -> list[Document]:
        """See :class:`hiveboard.store.Store`."""
        kept = self._data.documents.get((tenant, kind), {})
        ids = sorted((name for name in kept if before is None or name < before), reverse=True)
        return [kept[name] for name in ids[:limit]]

    async def document(self, tenant: str, kind: str, document_id: str) -> Document | None:
        """See :class:`hiveboard.store.Store`."""
        return self._data.documents.get((tenant, kind), {}).get(document_id)

    async def put_document(self, tenant: str, document: Document, keep: int | None = None) -> None:
        """See :class:`hiveboard.store.Store`."""
        kept = self._data.documents.setdefault((tenant, document.kind), {})
        kept[document.id] = document
        if keep is not None:
            for name in sorted(kept, reverse=True)[keep:]:
                del kept[name]

    async def change_document(
        self, tenant: str, kind: str, document_id: str, change: Callable[[Document | None], Document | None]
    ) -> Document | None:
        """See :class:`hiveboard.store.Store`."""
        found = await self.document(tenant, kind, document_id)
        changed = change(found)
        if changed is None:
            return found
        await self.put_document(tenant, changed)
        return changed

    async def delete_document(self, tenant: str, kind: str, document_id: str) -> bool:
        """See :class:`hiveboard.store.Store`."""
        return self._data.documents.get((tenant, kind), {}).pop(document_id, None) is not None

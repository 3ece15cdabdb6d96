"""The SQLite store: one writer thread, a few read-only connections, the Store protocol on top."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hiveboard.settings import Limits

from . import (
    rows,
    sqlite_agents,
    sqlite_documents,
    sqlite_events,
    sqlite_open,
    sqlite_origins,
    sqlite_run,
    sqlite_sessions,
    sqlite_tasks,
    sqlite_waiting,
)
from .condition import StoreCondition
from .documents import Document
from .errors import StoreFailedError
from .records import Appended, Batch, Origin, Published, StoredEvent
from .samples import Sample, SampleFilter
from .sessions import SessionFilter, SessionPosition, SessionRow
from .sqlite_condition import store_condition
from .sqlite_connect import connect_reader
from .sqlite_partitions import last_seq
from .sqlite_prune import prune_step
from .sqlite_samples import SampleReader
from .sqlite_sums import SumReader
from .sqlite_writer import SqliteWriter
from .state import TaskState
from .sums import Summed, SumQuestion, SumsByName
from .waiting import ApprovalFilter, IssueFilter

__all__ = ["SqliteStore"]

T = TypeVar("T")
_READERS = 3


class SqliteStore(SumsByName):
    """Events and summaries in one file. Made by :meth:`open`; safe to use from one event loop."""

    def __init__(self, path: Path, limits: Limits, on_commit: Callable[[Published], None]) -> None:
        self._path = path
        self._limits = limits
        self._writer = SqliteWriter(
            path,
            queue_batches=limits.queue_batches,
            queue_bytes=limits.queue_bytes,
            commit_events=limits.commit_events,
            on_commit=on_commit,
        )
        self._sums = SumReader()
        self._samples = SampleReader(limits.scan_rows)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="hiveboard-reader")

    async def append(self, prepare: Callable[[], Batch], size_bytes: int) -> Appended:
        """See :class:`hiveboard.store.Store`."""
        return await self._durable(self._writer.submit(prepare, size_bytes))

    async def _write(self, statement: Callable[..., T], *values: Any) -> T:
        return await self._durable(self._writer.perform(lambda connection: statement(connection, *values)))

    async def _durable(self, future: Future[T]) -> T:
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except (sqlite3.Error, OSError) as error:
            raise StoreFailedError(str(error)) from error

    async def close(self) -> None:
        """See :class:`hiveboard.store.Store`."""
        await asyncio.to_thread(self._writer.finish)
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        await asyncio.to_thread(self._writer.close)

    async def _read(self, query: Callable[..., T], *values: Any, **named: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, partial(self._run, query, *values, **named))
        except sqlite3.OperationalError as error:
            raise StoreFailedError(str(error)) from error

    def _run(self, query: Callable[..., T], *values: Any, **named: Any) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect_reader(self._path)
            self._connections.append(connection)
        # One view for all statements of a query: a table must not be dropped between them.
        connection.execute("BEGIN")
        try:
            return query(connection, *values, **named)
        finally:
            connection.execute("COMMIT")

    async def last_seq(self) -> int:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(last_seq)

    async def events(
        self, tenant: str, want: rows.EventFilter
    ) -> tuple[list[StoredEvent], tuple[int, int] | None]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_events.list_events, tenant, want, self._limits.scan_rows)

    async def events_after(
        self, tenant: str, seq: int, limit: int, only: tuple[str, ...] = ()
    ) -> list[StoredEvent]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_events.events_after, tenant, seq, limit, only)

    async def samples(self, tenant: str, want: SampleFilter) -> list[Sample]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(self._samples.samples, tenant, want)

    async def task_events(self, tenant: str, task: TaskState, limit: int) -> rows.RunEvents:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_run.task_events, tenant, task, limit)

    async def tasks(
        self, tenant: str, want: rows.TaskFilter
    ) -> tuple[list[rows.TaskRow], sqlite_tasks.TaskPosition | None]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_tasks.list_tasks, tenant, want, self._limits.scan_tasks)

    async def task(self, tenant: str, task_id: str, task_run_id: str | None) -> rows.TaskRow | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_tasks.get_task, tenant, task_id, task_run_id)

    async def sessions(
        self, tenant: str, want: SessionFilter
    ) -> tuple[list[SessionRow], SessionPosition | None]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_sessions.list_sessions, tenant, want, self._limits.scan_tasks)

    async def session(self, tenant: str, session_id: str, silence: rows.Silence) -> SessionRow | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_sessions.get_session, tenant, session_id, silence)

    async def origins(self, origin_ids: Sequence[int]) -> dict[int, Origin]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_origins.list_origins, origin_ids)

    async def condition(self) -> StoreCondition:
        """See :class:`hiveboard.store.Store`."""
        return await asyncio.to_thread(store_condition, self._path, self._writer.perform)

    async def open_tasks(
        self, tenant: str, scope: rows.Scope, silence: rows.Silence
    ) -> list[rows.OpenTaskRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_open.open_tasks, tenant, scope, silence)

    async def open_counts(
        self, tenant: str, scope: rows.Scope, silence: rows.Silence, lost_since: int | None = None
    ) -> rows.Counts:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_open.open_counts, tenant, scope, silence, lost_since)

    async def agents(self, tenant: str, agent_id: str | None) -> list[rows.AgentRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_agents.list_agents, tenant, agent_id)

    async def agent_places(self, tenant: str, scope: rows.Scope) -> dict[str, rows.AgentPlaces]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_agents.agent_places, tenant, scope)

    async def heartbeats(self, tenant: str, agent_id: str, limit: int) -> list[tuple[int, int, bytes | None]]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_agents.heartbeat_events, tenant, agent_id, limit)

    async def projects(self, tenant: str) -> list[rows.ProjectRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_agents.list_projects, tenant)

    async def latest(
        self, tenant: str, agent_id: str | None, kinds: tuple[str, ...], limit: int
    ) -> list[rows.LatestRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_agents.list_latest, tenant, agent_id, kinds, limit)

    async def issues(self, tenant: str, agent_id: str | None, limit: int) -> list[rows.IssueRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.list_all_issues, tenant, agent_id, limit)

    async def active_issues(self, tenant: str, scope: rows.Scope) -> dict[str, int]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.active_issues, tenant, scope)

    async def open_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.open_approvals, tenant, agent_id, limit, silence)

    async def expired_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.expired_approvals, tenant, agent_id, limit, silence)

    async def approvals(
        self, tenant: str, want: ApprovalFilter, silence: rows.Silence
    ) -> list[rows.ApprovalRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.list_approvals, tenant, want, silence)

    async def approval(self, tenant: str, approval_id: str, silence: rows.Silence) -> rows.ApprovalRow | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.get_approval, tenant, approval_id, silence)

    async def issue_page(self, tenant: str, want: IssueFilter) -> list[rows.IssueRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.list_issues, tenant, want)

    async def affected(self, tenant: str, issues: Sequence[tuple[str, str]]) -> list[tuple[int, int | None]]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.affected, tenant, issues)

    async def issue(self, tenant: str, agent_id: str, issue_key: str) -> rows.IssueRow | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_waiting.get_issue, tenant, agent_id, issue_key)

    async def sums(self, tenant: str, scope: rows.Scope, asked: Sequence[SumQuestion]) -> list[Summed[Any]]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(self._sums.answer, tenant, scope, asked)

    async def prune(self, before: int) -> int:
        """See :class:`hiveboard.store.Store`."""
        removed = 0
        while (events := await self._write(prune_step, before)) is not None:
            removed += events
        return removed

    async def tenants(self) -> list[str]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_documents.list_tenants)

    async def documents(
        self, tenant: str, kind: str, limit: int = 10_000, before: str | None = None
    ) -> list[Document]:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_documents.list_documents, tenant, kind, limit, before)

    async def document(self, tenant: str, kind: str, document_id: str) -> Document | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._read(sqlite_documents.get_document, tenant, kind, document_id)

    async def put_document(self, tenant: str, document: Document, keep: int | None = None) -> None:
        """See :class:`hiveboard.store.Store`."""
        await self._write(sqlite_documents.put_document, tenant, document, keep)

    async def change_document(
        self, tenant: str, kind: str, document_id: str, change: Callable[[Document | None], Document | None]
    ) -> Document | None:
        """See :class:`hiveboard.store.Store`."""
        return await self._write(sqlite_documents.change_document, tenant, kind, document_id, change)

    async def delete_document(self, tenant: str, kind: str, document_id: str) -> bool:
        """See :class:`hiveboard.store.Store`."""
        return await self._write(sqlite_documents.delete_document, tenant, kind, document_id)

"""Where events are kept: one protocol, so that another database can take SQLite's place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from .condition import StoreCondition
from .documents import Document
from .errors import QueueFullError, StoreFailedError
from .records import Appended, Batch, EventRecord, Origin, StoredEvent
from .rows import (
    ActivityRow,
    AgentPlaces,
    AgentRow,
    ApprovalRow,
    Counts,
    EventFilter,
    IssueRow,
    LatestRow,
    OpenTaskRow,
    OutcomeRow,
    ProjectRow,
    RunEvents,
    Scope,
    Silence,
    TaskFilter,
    TaskRow,
    UsageRow,
)
from .samples import Sample, SampleFilter
from .sessions import SessionFilter, SessionPosition, SessionRow
from .span import Span
from .state import TaskState
from .sums import Summed, SumQuestion
from .tallies import Tally
from .waiting import ApprovalFilter, IssueFilter

__all__ = [
    "Appended",
    "Batch",
    "Document",
    "EventRecord",
    "Origin",
    "QueueFullError",
    "SessionFilter",
    "SessionRow",
    "Span",
    "Store",
    "StoreCondition",
    "StoreFailedError",
    "StoredEvent",
    "SumQuestion",
]

T = TypeVar("T", bound=Struct)


class Store(Protocol):
    """A durable store of events and their summaries. Every call names the tenant it may see."""

    async def append(self, prepare: Callable[[], Batch], size_bytes: int) -> Appended:
        """Make a batch in the thread that writes, and store what is new of it; returns after the commit.

        ``size_bytes`` is what the batch takes while it waits. Raises QueueFullError, StoreFailedError, and whatever
        ``prepare`` raises.
        """

    async def close(self) -> None:
        """Write what is queued and let go of the files."""

    async def last_seq(self) -> int:
        """Number of the newest stored event."""

    async def events(
        self, tenant: str, want: EventFilter
    ) -> tuple[list[StoredEvent], tuple[int, int] | None]:
        """A page of events, newest first, and where the next page starts."""

    async def events_after(
        self, tenant: str, seq: int, limit: int, only: tuple[str, ...] = ()
    ) -> list[StoredEvent]:
        """Events stored after ``seq``, oldest first; ``only`` names the types and the kinds of custom events wanted."""

    async def samples(self, tenant: str, want: SampleFilter) -> list[Sample]:
        """Heartbeats or snapshots of queues, the newest first, with no more of each than its payload."""

    async def task_events(self, tenant: str, task: TaskState, limit: int) -> RunEvents:
        """Events of one run in the order they happened: all, or of more than ``limit`` the first, the last and the failures."""

    async def tasks(
        self, tenant: str, want: TaskFilter
    ) -> tuple[list[TaskRow], tuple[int | None, str, str] | None]:
        """A page of task runs, and the sort value and identity after which the next page starts."""

    async def task(self, tenant: str, task_id: str, task_run_id: str | None) -> TaskRow | None:
        """One run; without a run id the one that started last."""

    async def sessions(
        self, tenant: str, want: SessionFilter
    ) -> tuple[list[SessionRow], SessionPosition | None]:
        """A page of sessions, those with the latest event first, and where the next page starts."""

    async def session(self, tenant: str, session_id: str, silence: Silence) -> SessionRow | None:
        """One session with all its runs counted; the runs themselves are ``tasks(session_id=…)``."""

    async def origins(self, origin_ids: Sequence[int]) -> dict[int, Origin]:
        """The origins that events point to, whole; numbers that are not known are left out."""

    async def condition(self) -> StoreCondition:
        """How the store itself is: its size, the space left, and whether it takes a change right now."""

    async def open_tasks(self, tenant: str, scope: Scope, silence: Silence) -> list[OpenTaskRow]:
        """Per agent the open task of a scope that was active last; lost ones are left out."""

    async def open_counts(
        self, tenant: str, scope: Scope, silence: Silence, lost_since: int | None = None
    ) -> Counts:
        """How many runs are open, by status; of the lost only those heard last at ``lost_since`` or later."""

    async def agents(self, tenant: str, agent_id: str | None) -> list[AgentRow]:
        """All agents, or the one named."""

    async def agent_places(self, tenant: str, scope: Scope) -> dict[str, AgentPlaces]:
        """The agents that were seen within a scope, each with all projects, environments and groups it was seen in."""

    async def heartbeats(self, tenant: str, agent_id: str, limit: int) -> list[tuple[int, int, bytes | None]]:
        """(timestamp, received, payload) of the latest heartbeats."""

    async def projects(self, tenant: str) -> list[ProjectRow]:
        """Every project that events named."""

    async def latest(
        self, tenant: str, agent_id: str | None, kinds: tuple[str, ...], limit: int
    ) -> list[LatestRow]:
        """Queue, schedule and to-do state."""

    async def issues(self, tenant: str, agent_id: str | None, limit: int) -> list[IssueRow]:
        """Issues in any state, the most recently reported first; the runs they were reported in are not counted."""

    async def active_issues(self, tenant: str, scope: Scope) -> dict[str, int]:
        """How many issues of each agent are open or regressed. An issue that names no project belongs to all projects."""

    async def open_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: Silence
    ) -> list[ApprovalRow]:
        """Approval requests that are not answered while their run goes on, the oldest first."""

    async def expired_approvals(
        self, tenant: str, agent_id: str | None, limit: int, silence: Silence
    ) -> list[ApprovalRow]:
        """Approval requests whose run ended, or is lost, before an answer; the latest end first."""

    async def approvals(self, tenant: str, want: ApprovalFilter, silence: Silence) -> list[ApprovalRow]:
        """A page of approval requests, at most ``want.limit``."""

    async def approval(self, tenant: str, approval_id: str, silence: Silence) -> ApprovalRow | None:
        """The request of that approval_id, or whose event has that id; of several the pending one, else the newest."""

    async def issue_page(self, tenant: str, want: IssueFilter) -> list[IssueRow]:
        """A page of issues, at most ``want.limit``, the most recently reported first."""

    async def affected(self, tenant: str, issues: Sequence[tuple[str, str]]) -> list[tuple[int, int | None]]:
        """Of issues by (agent, key), in their order: in how many runs each was reported, and what these cost together."""

    async def issue(self, tenant: str, agent_id: str, issue_key: str) -> IssueRow | None:
        """One issue of an agent."""

    async def sums(self, tenant: str, scope: Scope, asked: Sequence[SumQuestion]) -> list[Summed[Any]]:
        """The answers to several questions about counters, all of the same moment; see :class:`SumQuestion`."""

    async def usage(
        self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span, model: str | None = None
    ) -> list[UsageRow]:
        """LLM usage summed over the dimensions not named in ``by``."""

    async def outcomes(self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span) -> list[OutcomeRow]:
        """Finished runs by the time they ended."""

    async def activity(self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span) -> list[ActivityRow]:
        """Events by the time they happened."""

    async def tallies(
        self, tenant: str, tally: Tally[T], scope: Scope, by: tuple[str, ...], span: Span
    ) -> list[T]:
        """The sums of one tally, a row per group of the dimensions in ``by``: ``agent``, ``version``, ``task_type``,
        ``project``, ``environment``, ``bucket`` and the tally's own. Without finer buckets the span is widened to hours."""

    async def prune(self, before: int) -> int:
        """Remove the weeks of events that lie wholly before a moment, and the summaries of what ended before them.

        Returns how many events were removed. Writers go on in between. Raises StoreFailedError.
        """

    async def tenants(self) -> list[str]:
        """Every namespace that has events or documents."""

    async def documents(
        self, tenant: str, kind: str, limit: int = 10_000, before: str | None = None
    ) -> list[Document]:
        """Documents of a kind, the greatest id first; ``before`` goes on after an id."""

    async def document(self, tenant: str, kind: str, document_id: str) -> Document | None:
        """One document, None when there is none of that id."""

    async def put_document(self, tenant: str, document: Document, keep: int | None = None) -> None:
        """Store a document in place of the one with its id; returns after the commit.

        With ``keep`` only that many of its kind stay, those with the greatest ids. Raises StoreFailedError.
        """

    async def change_document(
        self, tenant: str, kind: str, document_id: str, change: Callable[[Document | None], Document | None]
    ) -> Document | None:
        """Store what ``change`` makes of a document, None where there is none; nothing else changes it in between.

        Where it gives None everything stays. Returns the document as it then is, after the commit. ``change`` runs
        where the store writes, so it must be quick. Raises StoreFailedError, and whatever ``change`` raises.
        """

    async def delete_document(self, tenant: str, kind: str, document_id: str) -> bool:
        """Whether there was one to delete. Raises StoreFailedError."""

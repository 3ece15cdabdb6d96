"""Which approval requests and which issues a list is to have."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["ENDED_STATUSES", "ApprovalFilter", "IssueFilter"]

#: How a request ends. ``answered`` is neither yes nor no: a text, or an answer that was taken back.
ENDED_STATUSES = ("approved", "rejected", "answered", "expired", "lost")


class ApprovalFilter(Struct, frozen=True, kw_only=True):
    """Which approval requests: those that are pending, or (``pending`` false) all others.

    Pending ones come oldest first, the others newest first; ``statuses`` limits the others to some of
    :data:`ENDED_STATUSES`. ``after`` is the (ts, event id) of the last row of the previous page.
    """

    pending: bool
    agent_id: str | None = None
    task_id: str | None = None
    project_id: str | None = None
    environment: str | None = None
    group: str | None = None
    statuses: tuple[str, ...] = ()
    after: tuple[int, str] | None = None
    limit: int = 50


class IssueFilter(Struct, frozen=True, kw_only=True):
    """Which issues, the one reported last first. ``after`` is (reported, agent, key) of the last row of the previous page.

    Unless ``counted``, nobody looks into the runs they were reported in.
    """

    agent_id: str | None = None
    project_id: str | None = None
    environment: str | None = None
    group: str | None = None
    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    after: tuple[int, str, str] | None = None
    limit: int = 50
    counted: bool = True

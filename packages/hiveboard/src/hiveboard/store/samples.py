"""What agents tell of themselves again and again: which of it is asked for, and what is read of it."""

from __future__ import annotations

from msgspec import Struct

from .rows import Scope

__all__ = ["Sample", "SampleFilter"]


class SampleFilter(Struct, frozen=True, kw_only=True):
    """Which heartbeats or snapshots of queues, the latest first; ``told`` is ``heartbeat`` or ``queue_snapshot``.

    Where ``agents`` are named, ``limit`` is for each of them, and the scope's agent is none of the question.
    """

    told: str
    scope: Scope = Scope()
    agents: tuple[str, ...] = ()
    since: int
    until: int | None = None
    limit: int


class Sample(Struct):
    """What an agent told at a moment, and from where; ``seq`` tells those of one moment apart."""

    seq: int
    ts: int
    agent_id: str
    project_id: str | None
    environment: str
    group: str
    payload: bytes | None

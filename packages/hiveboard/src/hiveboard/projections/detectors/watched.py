"""What detectors look at, gathered once for all of them, and how they word a finding."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hiveboard.instant import format_optional
from hiveboard.projections.agent_view import AgentView
from hiveboard.projections.finding import Finding
from hiveboard.projections.links import Evidence, Links
from hiveboard.store.rows import (
    ActivityRow,
    Counts,
    IssueRow,
    LatestRow,
    OutcomeRow,
    Silence,
    TaskRow,
    UsageRow,
)
from hiveboard.store.tallies import CallSums, DurationSums, TroubleSums

__all__ = ["Beat", "QueueStory", "Snapshot", "Watched", "finding"]


class Snapshot(Struct, kw_only=True):
    """One report of a queue. ``items`` are the ids it names, None when it names none; ``busy_with`` is what is worked on."""

    ts: int
    depth: int | None
    items: frozenset[str] | None
    busy_with: str | None = None


class QueueStory(Struct, kw_only=True):
    """The latest snapshots of one agent's queue, the oldest first, and what became of their items.

    ``known_tasks`` are items that are ids of tasks; ``started`` counts the runs it began since the first snapshot, other than those.
    """

    agent_id: str
    snapshots: list[Snapshot]
    known_tasks: frozenset[str] = frozenset()
    started: int = 0


class Beat(Struct, kw_only=True):
    """One heartbeat's payload."""

    agent_id: str
    ts: int
    payload: dict[str, Any]


class Watched(Struct, kw_only=True):
    """Counters of fixed stretches that end now, whatever range is asked for. ``past_*`` are the same hour of the seven days
    before, the latest first; ``recent_activity`` is of the last quarter of an hour, ``day_activity`` of the day before that."""

    now: int
    links: Links
    views: list[AgentView]
    issues: list[IssueRow]
    queues_now: list[LatestRow]
    counts: Counts
    silence: Silence
    hour_usage: list[UsageRow]
    past_usage: list[list[UsageRow]]
    hour_outcomes: list[OutcomeRow]
    past_outcomes: list[list[OutcomeRow]]
    recent_activity: list[ActivityRow]
    day_activity: list[ActivityRow]
    day_calls: list[CallSums]
    day_troubles: list[TroubleSums]
    open_runs: list[TaskRow]
    week_durations: list[DurationSums]
    queues: list[QueueStory]
    old_beats: list[Beat]
    new_beats: list[Beat]


def finding(
    detector: str,
    agent_id: str | None,
    summary: str,
    *,
    about: str = "",
    severity: str = "warn",
    since: int | None = None,
    evidence: list[Evidence],
    numbers: dict[str, float],
) -> Finding:
    """A finding; ``about`` tells several of one agent apart."""
    parts = [detector, *(part for part in (agent_id, about) if part)]
    return Finding(
        id=":".join(parts),
        detector=detector,
        severity=severity,
        agent_id=agent_id,
        summary=summary,
        since=format_optional(since),
        evidence=evidence,
        numbers=numbers,
    )

"""Detectors of what is no longer there: dropped work, idle agents whose queue grows, heartbeats that say less."""

from __future__ import annotations

from typing import Any

from hiveboard.instant import MINUTE_US
from hiveboard.projections.finding import Finding
from hiveboard.projections.insights.review import quantile
from hiveboard.projections.wording import duration, one_line, plural
from hiveboard.store.rows import TaskRow
from hiveboard.store.tallies import DurationSums

from .watched import Beat, QueueStory, Snapshot, Watched, finding

__all__ = ["contradiction", "heartbeat_drift", "silent_drop"]

_KNOWN_RUNS = 100
_GROWING = 3
_BEATS = 3
_SHOWN = 5
#: Keys of heartbeats that are the SDK's own.
_OWN_KEYS = ("hiveloop",)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def silent_drop(watched: Watched) -> list[Finding]:
    """Items that left a queue without a run, and open runs older than 99 of 100 of their type ever took."""
    return [*_vanished(watched), *_overdue(watched)]


def _vanished(watched: Watched) -> list[Finding]:
    found = []
    for story in watched.queues:
        gone = _gone(story)
        # Runs that bear no item's name may be about any of them.
        missing = len(gone) - story.started
        if missing <= 0:
            continue
        names = ", ".join(one_line(item) for item in sorted(gone)[:3])
        found.append(
            finding(
                "silent_drop",
                story.agent_id,
                f"{plural(missing, 'item')} left the queue of {one_line(story.agent_id)} and no run began for them, among {names}.",
                about="queue",
                severity="error",
                since=story.snapshots[0].ts,
                evidence=[watched.links.view("pipeline", "Queues"), watched.links.agent(story.agent_id)],
                numbers={"vanished": len(gone), "runs_started": story.started, "missing": missing},
            )
        )
    return found


def _gone(story: QueueStory) -> set[str]:
    """Items of earlier snapshots that are in no later one, are not worked on, and were never a task."""
    named = [shot for shot in story.snapshots if shot.items is not None and len(shot.items) == shot.depth]
    if len(named) < 2:
        return set()
    seen = set().union(*(shot.items or () for shot in named[:-1]))
    busy = {shot.busy_with for shot in story.snapshots}
    return seen - (named[-1].items or frozenset()) - busy - story.known_tasks


def _overdue(watched: Watched) -> list[Finding]:
    by_type: dict[Any, list[DurationSums]] = {}
    for row in watched.week_durations:
        by_type.setdefault(row.group[0], []).append(row)
    limits = {
        name: limit
        for name, rows in by_type.items()
        if sum(row.runs for row in rows) >= _KNOWN_RUNS and (limit := quantile(rows, 0.99)) is not None
    }
    late: dict[tuple[str, Any], list[TaskRow]] = {}
    for run in watched.open_runs:
        limit = limits.get(run.state.task_type)
        # The limit is known to a fifth.
        if limit is not None and not run.waiting and watched.now - run.state.sort_ts > limit * 1.2 * 1000:
            late.setdefault((run.state.agent_id, run.state.task_type), []).append(run)
    return [
        _late(watched, agent, kind, rows, limits[kind])
        for (agent, kind), rows in sorted(late.items(), key=str)
    ]


def _late(watched: Watched, agent: str, kind: Any, rows: list[TaskRow], limit: float) -> Finding:
    oldest = min(rows, key=lambda row: row.state.sort_ts).state
    age_ms = (watched.now - oldest.sort_ts) // 1000
    return finding(
        "silent_drop",
        agent,
        f"{plural(len(rows), 'run')} of {one_line(str(kind or 'no type'))} at {one_line(agent)} open for up to {duration(age_ms)}; "
        f"99 of 100 end within {duration(round(limit))}.",
        about=f"open:{kind or ''}",
        since=oldest.sort_ts + round(limit * 1000),
        evidence=[watched.links.run(row.state.task_id, row.state.task_run_id) for row in rows[:_SHOWN]],
        numbers={"open": len(rows), "oldest_ms": age_ms, "p99_ms": limit},
    )


def contradiction(watched: Watched) -> list[Finding]:
    """An agent is idle while its queue grows: three snapshots that never fall and rise at least once."""
    idle = {view.agent_id for view in watched.views if view.derived_status == "idle"}
    found = []
    for story in watched.queues:
        shots = [shot for shot in story.snapshots if shot.depth is not None]
        grown = _growth(shots)
        if story.agent_id not in idle or grown is None or watched.now - shots[-1].ts > 60 * MINUTE_US:
            continue
        first, last = grown
        found.append(
            finding(
                "contradiction",
                story.agent_id,
                f"{one_line(story.agent_id)} is idle while its queue grew from {first.depth} to {last.depth}.",
                since=first.ts,
                evidence=[watched.links.agent(story.agent_id), watched.links.view("pipeline", "Queues")],
                numbers={"depth_before": first.depth or 0, "depth": last.depth or 0},
            )
        )
    return found


def _growth(shots: list[Snapshot]) -> tuple[Snapshot, Snapshot] | None:
    """First and last of the latest snapshots that never fall, when they are three and rise."""
    rising = shots[-1:]
    for shot in reversed(shots[:-1]):
        if (shot.depth or 0) > (rising[0].depth or 0):
            break
        rising.insert(0, shot)
    if len(rising) < _GROWING or (rising[-1].depth or 0) <= (rising[0].depth or 0):
        return None
    return rising[0], rising[-1]


def heartbeat_drift(watched: Watched) -> list[Finding]:
    """What every earlier heartbeat of an agent told, and its latest three do not tell at all any more."""
    old, new = _by_agent(watched.old_beats), _by_agent(watched.new_beats)
    found = []
    for agent, beats in sorted(new.items()):
        latest = beats[-_BEATS:]
        if len(latest) < _BEATS or len(old.get(agent, ())) < _BEATS:
            continue
        told = set.intersection(*(_told(beat) for beat in old[agent]))
        missing = sorted(told - set().union(*(_told(beat) for beat in latest)))
        if missing:
            names = ", ".join(one_line(name) for name in missing[:_SHOWN])
            found.append(
                finding(
                    "heartbeat_drift",
                    agent,
                    f"The heartbeat of {one_line(agent)} no longer tells {names}.",
                    since=latest[0].ts,
                    evidence=[watched.links.agent(agent)],
                    numbers={"missing": len(missing), "before": len(told), "now": len(told) - len(missing)},
                )
            )
    return found


def _by_agent(beats: list[Beat]) -> dict[str, list[Beat]]:
    found: dict[str, list[Beat]] = {}
    for beat in sorted(beats, key=lambda one: one.ts):
        found.setdefault(beat.agent_id, []).append(beat)
    return found


def _told(beat: Beat) -> set[str]:
    """Keys with something in them, and one level below, so that a list of things watched may shrink to nothing."""
    told = set()
    for key, value in beat.payload.items():
        if key in _OWN_KEYS or value in _EMPTY:
            continue
        told.add(key)
        if isinstance(value, dict):
            told |= {f"{key}.{inner}" for inner, held in value.items() if held not in _EMPTY}
    return told

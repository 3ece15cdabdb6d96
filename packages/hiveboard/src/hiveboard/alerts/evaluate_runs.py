"""Conditions of single runs: too long, without progress, lost, failed."""

from __future__ import annotations

from collections.abc import Iterable

from hiveboard.instant import HOUR_US, MILLISECOND_US, SECOND_US, format_instant
from hiveboard.projections.task_status import is_lost
from hiveboard.store.rows import TaskRow

from .condition import DurationExceeded, NoProgress, TaskFailed
from .finding import Finding
from .wording import count_words, duration_words, link, name_words, run_link

__all__ = [
    "Failure",
    "failed_run",
    "failures_in_window",
    "idle_runs",
    "lost_runs",
    "run_subject",
    "slow_end",
    "slow_runs",
]

#: (when, agent, number of the event) of a run that failed.
Failure = tuple[int, str, int]
#: News of an end that is older comes from an import or a long outage; nobody is called for it.
NEWS_US = 24 * HOUR_US


def run_subject(task_id: str | None, task_run_id: str) -> str:
    """What tells runs apart."""
    return f"{task_id or ''}\x1f{task_run_id}"


def _of_run(
    row: TaskRow,
    since: int,
    title: str,
    text: str,
    value: float | None,
    limit: float | None,
    unit: str | None,
) -> Finding:
    state = row.state
    return Finding(
        subject=run_subject(state.task_id, state.task_run_id),
        cooldown_key=state.agent_id,
        since=since,
        title=title,
        text=f"Agent {name_words(state.agent_id)}. {text}",
        path=run_link(state.task_id, state.task_run_id),
        value=value,
        threshold=limit,
        unit=unit,
        agent_id=state.agent_id,
        task_id=state.task_id,
        task_run_id=state.task_run_id,
        project_id=state.project_id,
    )


def idle_runs(
    rows: Iterable[TaskRow], condition: NoProgress, firing: Iterable[str], now: int
) -> list[Finding]:
    """Open runs of which nothing has come for too long."""
    limit, known, found = condition.after_seconds * SECOND_US, set(firing), []
    for row in rows:
        state = row.state
        idle = now - state.last_received
        if state.outcome is not None or row.waiting or idle <= limit:
            continue
        if idle > limit + NEWS_US and run_subject(state.task_id, state.task_run_id) not in known:
            continue
        text = (
            f"Nothing has happened in it for {duration_words(idle)}; the limit is {duration_words(limit)}. "
            f"{_last_step(row)}"
        )
        title = f"Task {name_words(state.task_id)} makes no progress"
        seconds = round(idle / SECOND_US, 3)
        found.append(
            _of_run(row, state.last_received, title, text, seconds, condition.after_seconds, "seconds")
        )
    return found


def lost_runs(rows: Iterable[TaskRow], firing: Iterable[str], now: int) -> list[Finding]:
    """Open runs whose process is not heard any more."""
    known, found = set(firing), []
    for row in rows:
        state, heard = row.state, row.heard
        if heard is None or not is_lost(row, now):
            continue
        if now - heard > NEWS_US and run_subject(state.task_id, state.task_run_id) not in known:
            continue
        text = f"Its process was last heard {duration_words(now - heard)} ago. {_last_step(row)}"
        found.append(_of_run(row, heard, f"Task {name_words(state.task_id)} is lost", text, None, None, None))
    return found


def _last_step(row: TaskRow) -> str:
    state = row.state
    step = name_words(state.step_name) or state.step_type
    return f"Its last step was {step} at {format_instant(state.last_ts)}." if step else ""


def slow_runs(rows: Iterable[TaskRow], condition: DurationExceeded, now: int) -> list[Finding]:
    """Open runs that already take longer than allowed."""
    limit, found = condition.threshold_ms * MILLISECOND_US, []
    for row in rows:
        state = row.state
        taken = now - state.sort_ts
        if state.outcome is not None or taken <= limit or is_lost(row, now):
            continue
        text = (
            f"It has been running for {duration_words(taken)}; the limit is {duration_words(limit)}. "
            f"It began at {format_instant(state.sort_ts)}."
        )
        title = f"Task {name_words(state.task_id)} takes too long"
        ms = taken // MILLISECOND_US
        found.append(_of_run(row, state.sort_ts, title, text, ms, condition.threshold_ms, "ms"))
    return found


def slow_end(row: TaskRow, condition: DurationExceeded) -> Finding | None:
    """A run that ended and had taken longer than allowed."""
    state = row.state
    if state.outcome is None or state.duration_ms is None or state.duration_ms <= condition.threshold_ms:
        return None
    limit = duration_words(condition.threshold_ms * MILLISECOND_US)
    text = f"It took {duration_words(state.duration_ms * MILLISECOND_US)}; the limit is {limit}. It is {state.outcome}."
    title = f"Task {name_words(state.task_id)} took too long"
    return _of_run(row, state.sort_ts, title, text, state.duration_ms, condition.threshold_ms, "ms")


def failed_run(row: TaskRow) -> Finding:
    """A run that failed."""
    state = row.state
    error = f" {name_words(state.error, 300)}" if state.error else ""
    text = f"It failed at {format_instant(state.end_ts or state.last_ts)}.{error}"
    return _of_run(
        row, state.end_ts or state.last_ts, f"Task {name_words(state.task_id)} failed", text, None, None, None
    )


def failures_in_window(failures: Iterable[Failure], condition: TaskFailed, now: int) -> list[Finding]:
    """Agents (or the whole scope) with at least ``count`` failures within the window that ends now."""
    window = condition.window_seconds * SECOND_US
    times: dict[str, list[int]] = {}
    for at, agent_id, _ in failures:
        if now - at < window:
            times.setdefault(agent_id if condition.per == "agent" else "", []).append(at)
    found = []
    for agent_id, when in times.items():
        if len(when) < condition.count:
            continue
        who = f"of agent {name_words(agent_id)} " if agent_id else ""
        found.append(
            Finding(
                subject=agent_id,
                cooldown_key=agent_id,
                since=min(when),
                title=f"{count_words(len(when), 'task', 'tasks')} {who}failed",
                text=f"{count_words(len(when), 'run', 'runs')} failed within {duration_words(window)}; the limit is "
                f"{condition.count:,}. The first at {format_instant(min(when))}.",
                path=link("tasks", status="failed", agent=agent_id or None),
                value=len(when),
                threshold=condition.count,
                unit="runs",
                agent_id=agent_id or None,
            )
        )
    return found

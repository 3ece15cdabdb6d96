"""Conditions of agents: stuck, silent, with too long a queue."""

from __future__ import annotations

from collections.abc import Iterable

from hiveboard.instant import HOUR_US, SECOND_US, format_instant
from hiveboard.projections.agent_status import heartbeat_late, is_offline, registration
from hiveboard.projections.pipeline import queue_depth
from hiveboard.store.rows import AgentRow, LatestRow, OpenTaskRow

from .condition import Filters, HeartbeatLost, QueueDepth
from .finding import Finding
from .scope import within
from .wording import count_words, duration_words, link, name_words

__all__ = ["deep_queues", "silent_agents", "stuck_agents"]

#: An agent that has been silent for longer before anybody asked is history, not news.
_NEWS_US = 24 * HOUR_US


def stuck_agents(
    agents: Iterable[AgentRow],
    tasks: dict[str, OpenTaskRow],
    waiting: set[str],
    firing: Iterable[str],
    now: int,
) -> list[Finding]:
    """Agents that are late with a sign of life; not those in ``waiting``, who wait for a person.

    Those in ``firing`` stay however long it lasts.
    """
    known, found = set(firing), []
    for row in agents:
        state = row.state
        silence = now - state.last_received
        if _has_stopped(row) or state.agent_id in waiting or not heartbeat_late(state, now):
            continue
        if silence > _NEWS_US and state.agent_id not in known:
            continue
        limit = registration(state).stuck_threshold
        text = (
            f"No sign of life for {duration_words(silence)}; its limit is "
            f"{duration_words(limit * SECOND_US)}. Last heard of at {format_instant(state.last_received)}."
        )
        task = tasks.get(state.agent_id)
        found.append(_of_agent(state.agent_id, "is stuck", text, state.last_received, now, limit, task))
    return found


def _has_stopped(row: AgentRow) -> bool:
    """Whether its last word was that it stops: offline at the very moment it was heard."""
    return is_offline(row.state, row.state.last_received)


def silent_agents(
    agents: Iterable[AgentRow],
    tasks: dict[str, OpenTaskRow],
    condition: HeartbeatLost,
    firing: Iterable[str],
    now: int,
) -> list[Finding]:
    """Agents that fell silent without saying that they stop. Those in ``firing`` stay however long it lasts."""
    limit, known, found = condition.silent_seconds * SECOND_US, set(firing), []
    for row in agents:
        state, silence = row.state, now - row.state.last_received
        if _has_stopped(row) or silence <= limit:
            continue
        if silence > limit + _NEWS_US and state.agent_id not in known:
            continue
        text = (
            f"Nothing has come from it for {duration_words(silence)}; the limit is {duration_words(limit)}. "
            f"Last heard of at {format_instant(state.last_received)}."
        )
        task = tasks.get(state.agent_id)
        seconds = condition.silent_seconds
        found.append(_of_agent(state.agent_id, "is silent", text, state.last_received, now, seconds, task))
    return found


def _of_agent(
    agent_id: str, what: str, text: str, since: int, now: int, limit: float, task: OpenTaskRow | None
) -> Finding:
    if task is not None:
        text += f" It was at work on task {name_words(task.task_id)}."
    return Finding(
        subject=agent_id,
        cooldown_key=agent_id,
        since=since,
        title=f"Agent {name_words(agent_id)} {what}",
        text=text,
        path=link("fleet", agent=agent_id),
        value=round((now - since) / SECOND_US, 3),
        threshold=limit,
        unit="seconds",
        agent_id=agent_id,
        task_id=task.task_id if task else None,
        task_run_id=task.task_run_id if task else None,
        project_id=task.project_id if task else None,
    )


def deep_queues(queues: Iterable[LatestRow], condition: QueueDepth, filters: Filters) -> list[Finding]:
    """Queues deeper than allowed, by the latest snapshot of each agent."""
    found = []
    for row in queues:
        depth = queue_depth(row)
        if depth is None or depth <= condition.depth or not within(filters, row):
            continue
        found.append(
            Finding(
                subject=row.agent_id,
                cooldown_key=row.agent_id,
                since=row.ts,
                title=f"The queue of agent {name_words(row.agent_id)} is long",
                text=f"{count_words(depth, 'item waits', 'items wait')}; the limit is {condition.depth:,}. "
                f"Told at {format_instant(row.ts)}.",
                path=link("pipeline", agent=row.agent_id),
                value=depth,
                threshold=condition.depth,
                unit="items",
                agent_id=row.agent_id,
                project_id=row.project_id,
            )
        )
    return found

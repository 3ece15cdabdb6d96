"""How events change the summary of their agent."""

from __future__ import annotations

from typing import Any

from .fold_task import outcome_of
from .records import EventRecord
from .state import AgentState
from .stretch import Stretch
from .values import dict_of

__all__ = ["fold_agent", "fold_end", "fold_registered", "fold_runtime"]


def fold_agent(agent: AgentState, stretch: Stretch) -> None:
    """Change ``agent`` in place by what every event of its own says: when it was there, and who it is."""
    if stretch.is_act:
        return
    received = stretch.records[0].received_at
    agent.first_ts = min(agent.first_ts, stretch.first)
    agent.last_received = max(agent.last_received, received)
    last = _last_sign(stretch)
    if last is not None and _later((received, last), (agent.active_received, agent.active_ts)):
        agent.active_received, agent.active_ts = received, last
    if (received, stretch.last) >= (agent.identity_received, agent.identity_ts):
        agent.identity_received, agent.identity_ts = received, stretch.last
        record = stretch.records[-1]
        if record.ts != stretch.last:
            record = next(one for one in reversed(stretch.records) if one.ts == stretch.last)
        agent.agent_type, agent.origin_id = record.agent_type, record.origin_id
    if "heartbeat" in stretch.types and (
        agent.heartbeat_received is None or received > agent.heartbeat_received
    ):
        agent.heartbeat_received = received


def _later(moment: tuple[int, int], known: tuple[int | None, int | None]) -> bool:
    """Whether a moment (received, timestamp) is later than the one known; receipt decides, whatever clocks say."""
    return known[0] is None or known[1] is None or moment > (known[0], known[1])


def _last_sign(stretch: Stretch) -> int | None:
    """The latest sign of activity: to say that it stops is none."""
    if "custom" not in stretch.types or all(record.kind != "runtime" for record in stretch.records):
        return stretch.last
    return max(
        (record.ts for record, payload in stretch.events if not _is_stop(record, payload)), default=None
    )


def _is_stop(record: EventRecord, payload: dict[str, Any] | None) -> bool:
    return record.kind == "runtime" and dict_of((payload or {}).get("data")).get("event") == "agent_stopped"


def fold_runtime(agent: AgentState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    """Note that the agent said it stops."""
    moment = record.received_at, record.ts
    if _is_stop(record, payload) and _later(moment, (agent.stopped_received, agent.stopped_ts)):
        agent.stopped_received, agent.stopped_ts = moment


def fold_end(agent: AgentState, record: EventRecord) -> None:
    """Note how its latest task ended."""
    if agent.end_ts is None or record.ts >= agent.end_ts:
        agent.end_ts, agent.end_outcome, agent.end_task_id = record.ts, outcome_of(record), record.task_id


def fold_registered(agent: AgentState, record: EventRecord) -> None:
    """Keep what it said of itself when it registered last."""
    if agent.registered_ts is None or record.ts >= agent.registered_ts:
        agent.registered_ts, agent.registered = record.ts, record.payload

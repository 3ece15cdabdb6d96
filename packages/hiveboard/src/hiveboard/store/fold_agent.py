"""How one event changes the summary of its agent."""

from __future__ import annotations

from typing import Any

from .fold_task import outcome_of
from .records import EventRecord
from .state import AgentState
from .values import dict_of

__all__ = ["fold_agent"]


def fold_agent(agent: AgentState, record: EventRecord, payload: dict[str, Any] | None) -> None:
    """Change ``agent`` in place by one event of it."""
    ts, received = record.ts, record.received_at
    if ts < agent.first_ts:
        agent.first_ts = ts
    if received > agent.last_received:
        agent.last_received = received
    # Within a request the time of receipt is the same for all, so mostly this is decided by the first two.
    if received > agent.identity_received or (
        received == agent.identity_received and ts >= agent.identity_ts
    ):
        _fold_identity(agent, record)
    event_type = record.event_type
    if event_type == "custom":
        if record.kind == "runtime" and _says_stopped(payload):
            if agent.stopped_ts is None or ts > agent.stopped_ts:
                agent.stopped_ts = ts
            return
    elif event_type == "heartbeat":
        if agent.heartbeat_received is None or received > agent.heartbeat_received:
            agent.heartbeat_received = received
    elif event_type in ("task_completed", "task_failed"):
        _fold_end(agent, record)
    elif event_type == "agent_registered":
        _fold_registered(agent, record)
    if agent.last_ts is None or ts > agent.last_ts:
        agent.last_ts = ts


def _says_stopped(payload: dict[str, Any] | None) -> bool:
    return dict_of((payload or {}).get("data")).get("event") == "agent_stopped"


def _fold_identity(agent: AgentState, record: EventRecord) -> None:
    key = (record.received_at, record.ts, record.event_id)
    if key > (agent.identity_received, agent.identity_ts, agent.identity_event):
        agent.identity_received, agent.identity_ts, agent.identity_event = key
        agent.agent_type, agent.origin_id = record.agent_type, record.origin_id


def _fold_end(agent: AgentState, record: EventRecord) -> None:
    if agent.end_ts is None or (record.ts, record.event_id) > (agent.end_ts, agent.end_event or ""):
        agent.end_ts, agent.end_event = record.ts, record.event_id
        agent.end_outcome, agent.end_task_id = outcome_of(record), record.task_id


def _fold_registered(agent: AgentState, record: EventRecord) -> None:
    key = (record.ts, record.event_id)
    if agent.registered_ts is None or key > (agent.registered_ts, agent.registered_event or ""):
        agent.registered_ts, agent.registered_event = key
        agent.registered = record.payload

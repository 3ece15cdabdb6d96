"""Is this agent alive, busy, stuck, waiting for a person, or gone?"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hiveboard.instant import HOUR_US, SECOND_US
from hiveboard.store.state import AgentState
from hiveboard.store.values import dict_of, number_of

__all__ = [
    "AGENT_STATUSES",
    "DEFAULT_STUCK_THRESHOLD_SECONDS",
    "Registration",
    "agent_status",
    "heartbeat_late",
    "is_offline",
    "registration",
]

#: By urgency: what needs a person first.
AGENT_STATUSES = ("stuck", "error", "waiting_approval", "processing", "idle", "offline")
DEFAULT_STUCK_THRESHOLD_SECONDS = 300
_MAX_THRESHOLD_SECONDS = 30 * 86_400
_SILENT_US = 24 * HOUR_US


class Registration(Struct, frozen=True):
    """What the agent said of itself; seconds. ``heartbeat_interval`` None is unknown, 0 is switched off."""

    stuck_threshold: float = DEFAULT_STUCK_THRESHOLD_SECONDS
    heartbeat_interval: float | None = None


def registration(state: AgentState) -> Registration:
    """Read the latest ``agent_registered`` payload, unusable values as absent."""
    if state.registered is None:
        return Registration()
    payload = dict_of(msgspec.json.decode(state.registered))
    data = dict_of(payload.get("data"))
    threshold = number_of(data.get("stuck_threshold"))
    interval = number_of(data.get("heartbeat_interval"))
    usable = threshold is not None and 0 < threshold <= _MAX_THRESHOLD_SECONDS
    return Registration(
        float(threshold) if usable and threshold is not None else DEFAULT_STUCK_THRESHOLD_SECONDS,
        float(interval) if interval is not None and 0 <= interval <= _MAX_THRESHOLD_SECONDS else None,
    )


def is_offline(state: AgentState, now: int) -> bool:
    """Stopped and silent since, or not heard of for a day. What came when is judged by receipt, not by foreign clocks."""
    return _has_stopped(state) or now - state.last_received > _SILENT_US


def _has_stopped(state: AgentState) -> bool:
    if state.stopped_received is None or state.stopped_ts is None:
        return False
    if state.active_received is None or state.active_ts is None:
        return True
    # Of what came in one request the timestamps decide.
    return (state.stopped_received, state.stopped_ts) >= (state.active_received, state.active_ts)


def heartbeat_late(state: AgentState, now: int) -> bool:
    """Whether an agent that should beat has shown no sign of life for longer than its threshold.

    Every event is a sign of life: an agent that reports work is not stuck because one beat is missing.
    """
    known = registration(state)
    enabled = state.heartbeat_received is not None or bool(known.heartbeat_interval)
    if known.heartbeat_interval == 0:
        enabled = False
    return enabled and now - state.last_received > known.stuck_threshold * SECOND_US


def agent_status(state: AgentState, now: int, *, working: bool, waiting: bool) -> str:
    """The first status that holds; ``now`` in microseconds, ``working`` whether a task is open."""
    if is_offline(state, now):
        return "offline"
    if waiting:
        return "waiting_approval"
    if heartbeat_late(state, now):
        return "stuck"
    if working:
        return "processing"
    return "error" if state.end_outcome == "failed" else "idle"

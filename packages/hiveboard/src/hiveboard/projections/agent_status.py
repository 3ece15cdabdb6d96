"""Is this agent alive, busy, stuck, waiting for a person, or gone?"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hiveboard.instant import HOUR_US, SECOND_US
from hiveboard.store.rows import AgentRow, Silence
from hiveboard.store.state import AgentState
from hiveboard.store.values import dict_of, number_of

__all__ = [
    "AGENT_STATUSES",
    "DEFAULT_STUCK_THRESHOLD_SECONDS",
    "Registration",
    "agent_status",
    "heartbeat_late",
    "is_offline",
    "lease_us",
    "registration",
    "silence_of",
]

#: By urgency: what needs a person first.
AGENT_STATUSES = ("stuck", "error", "waiting_approval", "processing", "idle", "offline")
DEFAULT_STUCK_THRESHOLD_SECONDS = 300
_MAX_THRESHOLD_SECONDS = 30 * 86_400
_SILENT_US = 24 * HOUR_US
_LEASE_SECONDS = 90
_LEASE_BEATS = 3


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
    return _beats(state, known) and now - state.last_received > known.stuck_threshold * SECOND_US


def _beats(state: AgentState, known: Registration) -> bool:
    """Whether a heartbeat is to be expected of it."""
    if known.heartbeat_interval == 0:
        return False
    return state.heartbeat_received is not None or bool(known.heartbeat_interval)


def lease_us(state: AgentState) -> int | None:
    """How long a process may be silent before the agent's runs in it are lost: 90 s, or three beats when that is longer.

    None for an agent that sends no heartbeats: from its silence nothing follows.
    """
    known = registration(state)
    if not _beats(state, known):
        return None
    return round(max(_LEASE_SECONDS, _LEASE_BEATS * (known.heartbeat_interval or 0)) * SECOND_US)


def silence_of(agents: list[AgentRow], now: int) -> Silence:
    """Which agents are late with a sign of life at ``now``, and since when each one's processes must have been heard."""
    states = [row.state for row in agents]
    leases = [(state.agent_id, lease_us(state)) for state in states]
    return Silence(
        stuck_agents=tuple(
            state.agent_id for state in states if not is_offline(state, now) and heartbeat_late(state, now)
        ),
        heard_by={agent_id: now - lease for agent_id, lease in leases if lease is not None},
    )


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

"""The agents of this process: one handle per id, made before or after ``init``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._agent import Agent
from ._arguments import identifier
from ._runtime import runtime

__all__ = ["agent"]


def agent(
    agent_id: Any,
    type: str | None = None,
    version: str | None = None,
    framework: str | None = None,
    heartbeat_interval: float | None = None,
    stuck_threshold: float | None = None,
    heartbeat_payload: Callable[[], dict[str, Any] | None] | None = None,
    queue_provider: Callable[[], dict[str, Any] | None] | None = None,
) -> Agent:
    """The agent of this id (256 characters), made at the first call; a repeat call changes only what it names.

    ``type`` defaults to ``general``, ``framework`` to ``custom``, ``heartbeat_interval`` to 30 s (0: no heartbeat),
    ``stuck_threshold`` to 300 s. ``heartbeat_payload`` and ``queue_provider`` are called at each beat, beside it.
    Works before ``init``: such an agent does nothing until then, and registers itself when ``init`` comes.
    """
    name = identifier(agent_id) or "agent"
    with runtime.lock:
        known = runtime.agents.get(name)
        if known is None:
            known = runtime.agents[name] = runtime.handles.setdefault(name, Agent(name))
    known.configure(
        type, version, framework, heartbeat_interval, stuck_threshold, heartbeat_payload, queue_provider
    )
    return known

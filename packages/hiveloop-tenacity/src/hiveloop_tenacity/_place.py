"""Where an event belongs: the task and action the running code is in, its agent, or an agent for what has none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import hiveloop
from hiveloop.adapters import attempt, framework_agent
from hiveloop.events import Event

from ._options import Options

__all__ = ["Place", "agent_id_of", "place_of"]

_NOBODY = "tenacity"


class _Telling(threading.local):
    """Whether this thread is sending something right now."""

    now = False


_telling = _Telling()


class Place(NamedTuple):
    """An agent, the way to send events of its task (or of itself), and the action they belong to."""

    agent_id: str
    send: Callable[[Event], None]
    action_id: str | None

    def emit(self, event: Event) -> None:
        """Send it, unless this happens while sending: middleware that retries must not tell of itself without end."""
        if _telling.now:
            return
        _telling.now = True
        try:
            self.send(event)
        finally:
            _telling.now = False


def place_of(options: Options, function: str) -> Place:
    """The place of the running code; ``options.agent`` names the agent only where no task or agent is around."""
    action = hiveloop.current_action()
    action_id = None if action is None else action.action_id
    task = hiveloop.current_task()
    if task is not None:
        return Place(task.agent.agent_id, task.emit, action_id)
    agent = hiveloop.current_agent()
    if agent is None:
        agent = framework_agent(_chosen(options, function), "tenacity")
    return Place(agent.agent_id, agent.emit, action_id)


def agent_id_of(options: Options, function: str) -> str:
    """The agent of that place, without making one."""
    task = hiveloop.current_task()
    agent = hiveloop.current_agent() if task is None else task.agent
    return _chosen(options, function)[:256] if agent is None else agent.agent_id


def _chosen(options: Options, function: str) -> str:
    choice = options.agent
    if callable(choice):
        choose = choice
        choice = attempt(lambda: choose(function), "agent= callable of hiveloop_tenacity")[1]
    return choice if isinstance(choice, str) and choice else _NOBODY

"""Runs there was no room for: what goes on inside of them opens no task; only its model calls are told, for their cost."""

from __future__ import annotations

from typing import Any

from hiveloop import Agent
from hiveloop.events import Custom, Event
from hiveloop.payloads import LlmCall

from ._runs import Root, Run

__all__ = ["Evicted", "evicted"]

_MAX_AGENTS = 100


class Evicted:
    """Numbers of runs that had to go, at most twice ``max_runs``, each with a root that tells nearly nothing."""

    def __init__(self, max_runs: int) -> None:
        self._max_runs = max_runs
        self._young: dict[Any, Root] = {}
        self._old: dict[Any, Root] = {}
        self._by_agent: dict[str, Root] = {}

    def note(self, number: Any, root: Root) -> None:
        """This run had to go; ``root`` is the one it belonged to."""
        quiet = self._by_agent.get(root.agent.agent_id)
        if quiet is None:
            if len(self._by_agent) >= _MAX_AGENTS:
                self._by_agent.clear()
            quiet = self._by_agent[root.agent.agent_id] = _quiet_root(root.agent, root.capture)
        if len(self._young) >= self._max_runs:
            self._old, self._young = self._young, {}
        self._young[number] = quiet

    def find(self, number: Any) -> Run | None:
        """A stand-in for a run that had to go, or that began inside of one."""
        if not self._by_agent:
            return None
        root = self._young.get(number) or self._old.get(number)
        if root is None:
            root = next((quiet for quiet in list(self._by_agent.values()) if number in quiet.past), None)
        return None if root is None else Run(number, None, root, "past", root.name, None)

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old, self._by_agent = {}, {}, {}


def _quiet_root(agent: Agent, capture: bool) -> Root:
    root = Root("evicted", agent, None, False, capture)

    def emit(event: Event) -> None:
        if isinstance(event, Custom) and isinstance(event.payload, LlmCall):
            event.action_id = None
            agent.emit(event)

    root.emit = emit
    return root


evicted = Evicted(100_000)

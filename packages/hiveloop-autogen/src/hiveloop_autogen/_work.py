"""The HiveLoop task that events go to, and the actions open in it: each is ended exactly once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hiveloop import Agent, Task
from hiveloop.events import Event

from . import _translate as translate

__all__ = ["Open", "Work", "millis_since"]

_numbers = itertools.count(1)


class Open(NamedTuple):
    """An action that has started and not ended. ``owner`` is the run it belongs to."""

    action_id: str
    parent: str | None
    name: str
    started: int
    owner: Any


class Work:
    """One task as this adapter fills it; without a task, the agent of a bare model call."""

    __slots__ = ("agent", "calls", "emit", "open", "task")

    def __init__(self, agent: Agent, task: Task | None) -> None:
        self.agent = agent
        self.task = task
        #: Sends an event of this work.
        self.emit: Callable[[Event], None] = task.emit if task is not None else agent.emit
        self.open: dict[str, Open] = {}
        #: Counts the model calls of the task.
        self.calls = itertools.count(1)

    def start(
        self, name: str, kind: str, parent: str | None, owner: Any, details: Mapping[str, Any] | None = None
    ) -> str:
        """Begin an action; returns its id."""
        whose = self.task.task_run_id if self.task is not None else self.agent.agent_id
        action_id = f"{whose}:{next(_numbers)}"
        self.emit(translate.action_started(action_id, parent, name, kind, details))
        self.open[action_id] = Open(action_id, parent, name, time.perf_counter_ns(), owner)
        return action_id

    def end(
        self, action_id: str, outcome: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        """End an action that did not fail; one that has ended already is left alone."""
        begun = self.open.pop(action_id, None)
        if begun is not None:
            spent = millis_since(begun.started)
            self.emit(
                translate.action_completed(action_id, begun.parent, begun.name, spent, outcome, details)
            )

    def fail(
        self,
        action_id: str,
        error: translate.ErrorInfo,
        origin: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """End an action as failed; ``origin`` is the action that told the error in full."""
        begun = self.open.pop(action_id, None)
        if begun is not None:
            spent = millis_since(begun.started)
            self.emit(
                translate.action_failed(action_id, begun.parent, begun.name, spent, error, origin, details)
            )

    def end_all(self, owner: Any, outcome: str) -> None:
        """End what a run leaves open; all there is with ``owner=None``."""
        for begun in reversed(list(self.open.values())):
            if owner is None or begun.owner is owner:
                self.end(begun.action_id, outcome)


def millis_since(started_ns: int) -> int:
    """Whole milliseconds since a ``perf_counter_ns`` reading."""
    return (time.perf_counter_ns() - started_ns) // 1_000_000

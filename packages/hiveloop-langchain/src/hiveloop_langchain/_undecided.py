"""A call that hands an answer to a graph inside of it: whether it goes on with a task shows when that graph begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hiveloop import Task
from hiveloop.adapters import format_timestamp
from hiveloop.events import Event

from ._runs import Root

__all__ = ["Undecided"]

_MAX_HELD = 200


class Undecided:
    """Holds what a root tells until its task is known: one that waited, or one of its own that begins after all.

    ``begin`` starts that task, at the timestamp it is given.
    """

    __slots__ = ("_begin", "_held", "_root", "_timestamp")

    def __init__(self, root: Root, begin: Callable[[str], Task]) -> None:
        self._root = root
        self._begin = begin
        self._held: list[Event] = []
        self._timestamp = format_timestamp(time.time())
        root.emit = self._hold
        root.undecided = self

    def _hold(self, event: Event) -> None:
        if not event.timestamp:
            event.timestamp = format_timestamp(time.time())
        self._held.append(event)
        if len(self._held) > _MAX_HELD:
            self.decide(None)

    def decide(self, previous: Any) -> None:
        """Go on with the task of ``previous``, a root that waited, or without one begin a task."""
        root = self._root
        if root.undecided is not self:
            return
        root.undecided = None
        if previous is not None and previous.owned and previous.task is not None and previous.task.is_open:
            root.task, root.agent, root.goal = previous.task, previous.agent, previous.goal
            root.turns, root.plan = previous.turns, previous.plan
        else:
            root.task = self._begin(self._timestamp)
        root.emit = root.task.emit
        for event in self._held:
            root.emit(event)
        self._held.clear()

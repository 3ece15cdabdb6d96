"""Settings of this adapter, and what an ``agent=`` callable gets to choose a name from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

__all__ = ["Options", "RunInfo", "Turns"]

#: A participant's turn is a task on the participant's own agent, or only an action of the team's task.
Turns = Literal["tasks", "actions"]


class RunInfo(NamedTuple):
    """A team or agent that is about to work. ``kind``: ``team`` or ``agent``; ``team``: the team it works for."""

    name: str
    kind: str
    class_name: str
    team: str | None = None


class Options(NamedTuple):
    """What ``instrument()`` was told. ``agent``: name of the outermost run, ``(RunInfo) -> name``, or ``None``."""

    agent: str | Callable[[RunInfo], str | None] | None = None
    project: str | None = None
    capture_content: bool = True
    turns: Turns = "tasks"
    thoughts: bool = False

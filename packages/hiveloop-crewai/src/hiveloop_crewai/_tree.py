"""What is under way: nodes linked as the bus links events, the runs they are shown in, the roots they come from."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

from hiveloop import Agent, Task
from hiveloop.adapters import format_timestamp
from hiveloop.events import Event

from ._identity import Role, agent_of
from ._plan import Plan

__all__ = ["Node", "Reported", "Root", "Run", "Tree", "Try"]

_MAX_CLOSED = 10_000
_MAX_NODES = 50_000
_MAX_REPORTED = 100


class Try:
    """The attempts of one agent at one thing, and why the last one did not do."""

    __slots__ = ("count", "reason", "text")

    def __init__(self) -> None:
        self.count = 0
        self.reason: str | None = None
        self.text: str | None = None


class Reported:
    """An error that has been told in full: by which action, and where in the tree."""

    __slots__ = ("action_id", "node", "text", "type")

    def __init__(self, text: str, type: str | None, action_id: str, node: Node | None) -> None:
        self.text, self.type, self.action_id, self.node = text, type, action_id, node

    def is_below(self, node: Node) -> bool:
        """Whether it was told by ``node`` or by something inside it."""
        return self.node is node or (self.node is not None and self.node.is_inside(node))


class Root:
    """A kickoff, flow or lone agent run from its outermost event: what all its parts are correlated by."""

    __slots__ = ("crew", "id", "manager", "members", "queue")

    def __init__(self, event_id: str, crew: str | None = None) -> None:
        self.id = event_id
        self.crew = crew
        #: Role of the manager who runs every task of a hierarchical crew.
        self.manager: str | None = None
        #: Agent id → role as written, for events that name the id or a role with inputs filled in.
        self.members: dict[str, str] = {}
        #: Tasks not begun: key → (role, what is told of it).
        self.queue: dict[str, tuple[str, dict[str, str]]] = {}


class Run:
    """Where events go: a HiveLoop task (one of ours, or the program's own), or an agent without a task."""

    __slots__ = (
        "agent",
        "answered_early",
        "asked",
        "failed_call",
        "overflow",
        "owned",
        "plan",
        "reported",
        "root",
        "started",
        "stopped_by",
        "task",
        "turns",
    )

    def __init__(self, agent: Agent, task: Task | None, owned: bool, root: Root, started: float) -> None:
        self.agent = agent
        self.task = task
        self.owned = owned
        self.root = root
        self.started = started
        self.turns = itertools.count(1)
        self.plan: Plan | None = None
        #: Questions to a person that wait: by whom they are asked → approval ids, the oldest first.
        self.asked: dict[str, list[str]] = {}
        #: When an answer came whose question has not been told.
        self.answered_early: dict[str, float] = {}
        self.reported: deque[Reported] = deque(maxlen=_MAX_REPORTED)
        #: The class of what stopped it, where CrewAI could not be told so.
        self.stopped_by: str | None = None
        #: Text and type of the error of the model call that failed last.
        self.failed_call: tuple[str, str] | None = None
        #: The node under which a prompt was too long: the next nameless model call there is its summary.
        self.overflow: Node | None = None

    def emit(self, event: Event, at: float, actor: Agent | None = None) -> None:
        """Send an event of this run at the framework's own time, as ``actor``'s, or as the owner's."""
        if not event.timestamp:
            event.timestamp = format_timestamp(at)
        task = self.task
        if task is None:
            event.correlation_id = event.correlation_id or self.root.id
            (actor or self.agent).emit(event)
        elif actor is None or actor is task.agent:
            task.emit(event)
        else:
            # A coworker's part in somebody else's task.
            event.task_id, event.task_run_id, event.task_type = task.task_id, task.task_run_id, task.task_type
            event.project_id, event.correlation_id = task.project_id, task.correlation_id
            actor.emit(event)


class Node:
    """One thing that began and that events can be inside of.

    ``action_id`` is ``None`` where it is no action of its own; ``scope`` is the action its children belong to.
    """

    __slots__ = (
        "action_id",
        "actor",
        "at",
        "closed",
        "data",
        "ended",
        "id",
        "key",
        "kind",
        "name",
        "opens",
        "parent",
        "parent_action",
        "role",
        "root",
        "run",
        "scope",
        "tries",
    )

    def __init__(
        self, event_id: str, kind: str, key: str, parent: Node | None, root: Root, at: float
    ) -> None:
        self.id = event_id
        self.kind = kind
        self.key = key
        self.parent = parent
        self.root = root
        self.at = at
        self.run: Run | None = parent.run if parent is not None else None
        self.scope: str | None = parent.scope if parent is not None else None
        self.actor: Agent | None = parent.actor if parent is not None else None
        self.role: str | None = parent.role if parent is not None else None
        self.action_id: str | None = None
        self.parent_action: str | None = None
        self.name = kind
        #: Whether it opened the run it is in, and so ends it.
        self.opens = False
        self.closed = False
        #: When it ended, in seconds since the epoch.
        self.ended: float | None = None
        self.data: dict[str, Any] = {}
        self.tries: dict[str, Try] = {}

    def be(self, role: str | None) -> None:
        """From here on down it is this role's doing."""
        if role:
            self.role = role
            self.actor = agent_of(Role(role, self.root.crew))

    def was_over(self, at: float) -> bool:
        """Whether it, or something around it, had ended by then."""
        node: Node | None = self
        while node is not None:
            if node.ended is not None and node.ended < at:
                return True
            node = node.parent
        return False

    def is_inside(self, other: Node) -> bool:
        """Whether it began somewhere below ``other``."""
        above = self.parent
        while above is not None:
            if above is other:
                return True
            above = above.parent
        return False


class Tree:
    """All nodes by event id. Closed ones are kept for a while: what belongs to them may still come."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._closed: deque[str] = deque()
        #: Nodes that are actions, model calls or runs, and have not ended.
        self.open: dict[str, Node] = {}
        #: The same by the id of what they come from.
        self._open_in: dict[str, dict[str, Node]] = {}
        #: Nodes given up for room, still open.
        self.evicted = 0

    def get(self, event_id: str | None) -> Node | None:
        """The node of an event, or ``None``."""
        return None if event_id is None else self._nodes.get(event_id)

    def put(self, node: Node) -> Node | None:
        """Remember a node; returns one that had to be given up for it while still open."""
        self._nodes[node.id] = self.open[node.id] = node
        self._open_in.setdefault(node.root.id, {})[node.id] = node
        if len(self.open) <= _MAX_NODES:
            return None
        oldest = next(iter(self.open.values()))
        self.evicted += 1
        return oldest

    def close(self, node: Node, at: float) -> None:
        """It has ended; a second end finds it closed."""
        node.closed, node.ended = True, at
        if self.open.pop(node.id, None) is not None:
            self._closed.append(node.id)
            beside = self._open_in.get(node.root.id, {})
            beside.pop(node.id, None)
            if not beside:
                self._open_in.pop(node.root.id, None)
        while len(self._closed) > _MAX_CLOSED:
            self._nodes.pop(self._closed.popleft(), None)

    def alike(self, kind: str, key: str, near: Node | None) -> Node | None:
        """The open node of this kind and key that began last, in the same run where that is known.

        After a failed model call the bus itself pairs ends with the wrong starts for a while.
        """
        found = [
            node
            for node in (self.open if near is None else self._open_in.get(near.root.id, {})).values()
            if node.kind == kind and node.key == key and (near is None or node.root is near.root)
        ]
        return max(found, key=lambda node: node.at, default=None)

    def inside(self, around: Node) -> list[Node]:
        """What is open in it, innermost first."""
        found = [node for node in self._open_in.get(around.root.id, {}).values() if node.is_inside(around)]
        return sorted(found, key=lambda node: -node.at)

    def clear(self) -> None:
        """Forget all."""
        self._nodes.clear()
        self._open_in.clear()
        self._closed.clear()
        self.open.clear()

"""Scopes the bus has closed by mistake: a model call that is said twice to have failed takes what is around it along."""

from __future__ import annotations

from collections import OrderedDict

from ._tree import Node

__all__ = ["Misclosed"]

_MAX_SCOPES = 1_000


class Misclosed:
    """Nodes that are still open, though the bus no longer names them as what is around the next model call."""

    def __init__(self) -> None:
        #: Id of the node above (``None``: nothing is) → what is inside it that was closed by mistake.
        self._below: OrderedDict[str | None, list[Node]] = OrderedDict()

    def note(self, node: Node) -> None:
        """The end of something else has closed it for the bus."""
        above = node.parent.id if node.parent is not None else None
        known = [other for other in self._below.pop(above, []) if not other.closed and other is not node]
        self._below[above] = [*known, node]
        if len(self._below) > _MAX_SCOPES:
            self._below.popitem(last=False)

    def around(self, parent: Node | None, role: str | None, agent_key: str) -> Node | None:
        """What a model call of this agent is really inside of, where the bus names ``parent``."""
        while (inner := self._inside(parent, role, agent_key)) is not None:
            parent = inner
        return parent

    def _inside(self, parent: Node | None, role: str | None, agent_key: str) -> Node | None:
        if not self._below:
            return None
        above = parent.id if parent is not None else None
        found = [node for node in self._below.get(above, ()) if not node.closed]
        if not found:
            self._below.pop(above, None)
        # With nothing around both, only their doer connects them.
        found = [
            node for node in found if node.role == role or (parent is not None and None in (role, node.role))
        ]
        if len(found) > 1:
            found = [node for node in found if node.key == agent_key]
        # Where several could be meant, nothing says which.
        return found[0] if len(found) == 1 else None

"""Turns that may come to nothing: a reply becomes a turn when something happens in it, and not before."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple

from hiveloop_autogen._nodes import Node, Place, RunNode, here, inside, place
from hiveloop_autogen._options import Options
from hiveloop_autogen._runs import begin

__all__ = ["INTERNAL", "Asked", "Pending", "around", "current_pending", "place_of", "reply_of", "running"]

#: Agents that select speakers for a group chat, and are nobody's workers.
INTERNAL = frozenset({"checking_agent", "speaker_selection_agent"})


class Pending:
    """A reply under way: of ``agent``, to ``messages``."""

    __slots__ = ("above", "agent", "messages", "node", "options")

    def __init__(self, agent: Any, messages: Any, options: Options, outer: Pending | None) -> None:
        self.agent = agent
        self.messages = messages
        self.options = options
        self.above: Node | None = around(outer)
        self.node: RunNode | None = None

    def turn(self) -> RunNode:
        """The turn, begun now if nothing has happened in it yet."""
        if self.node is None:
            with inside(self.above):
                self.node = begin(self.agent, "turn", self.messages, self.options)
        return self.node


def around(outer: Pending | None) -> Node | None:
    """The node the running code is in, given the reply it is part of: that reply has now come to something."""
    node = here()
    return outer.turn() if outer is not None and (node is None or node is outer.above) else node


current_pending: ContextVar[Pending | None] = ContextVar("hiveloop_autogen_reply", default=None)


class Asked(NamedTuple):
    """A reply under way, and what it was asked with: in a thread of its own it is recognised by these."""

    pending: Pending
    sender: Any
    messages: Any


#: Replies under way by agent: model calls are made in threads that know nothing of the reply, but who asks.
running: dict[int, list[Asked]] = {}


def reply_of(agent: Any, sender: Any = None, messages: Any = None) -> Pending | None:
    """The reply of this agent that a thread works on, if it can be no other: one agent may answer many at once."""
    known = running.get(id(agent), [])
    by_sender = [asked for asked in known if asked.sender is sender]
    by_messages = [asked for asked in by_sender if asked.messages is messages]
    for found in (known, by_sender, by_messages):
        if found and all(asked.pending is found[0].pending for asked in found):
            return found[0].pending
    return None


def place_of(agent: Any) -> Place | None:
    """Where something an agent does belongs: in its reply, which thereby becomes a turn."""
    pending = current_pending.get()
    if pending is None and agent is not None:
        pending = reply_of(agent)
    if pending is None:
        return place()
    with inside(around(pending)):
        return place()

"""Chats are tasks of whoever begins them; replies in them are turns; a group chat is a team of its own."""

from __future__ import annotations

from contextvars import Token
from types import SimpleNamespace
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained

from hiveloop_autogen._follow import Watch
from hiveloop_autogen._nodes import Node, RunNode, here, inside
from hiveloop_autogen._options import Options
from hiveloop_autogen._runs import abort, begin, complete

from ._pending import INTERNAL, Asked, Pending, around, current_pending, running

__all__ = ["ChatWatch", "ReplyWatch"]


def _text(message: Any) -> Any:
    """The last of some messages, as AutoGen's classic dictionaries have it."""
    if isinstance(message, list):
        message = message[-1] if message else None
    content = message.get("content") if isinstance(message, dict) else message
    return content if isinstance(content, str) else None


class ChatWatch(Watch):
    """Follows one ``initiate_chat``."""

    def __init__(self, agent: Any, message: Any, options: Options) -> None:
        self.agent = agent
        self.message = message
        self.options = options
        self.node: RunNode | None = None
        self.token: Token[Pending | None] | None = None

    @contained
    def open(self) -> Node | None:
        if getattr(self.agent, "name", None) in INTERNAL:
            return None
        with inside(around(current_pending.get())):
            self.node = begin(self.agent, "team", _text(self.message), self.options)
        # Replies in this chat are not part of the reply that began it.
        self.token = current_pending.set(None)
        return self.node

    def _leave(self) -> None:
        if self.token is not None:
            try:
                current_pending.reset(self.token)
            except ValueError:
                return
            finally:
                self.token = None

    @contained
    def saw(self, item: Any) -> None:
        if self.node is None:
            return
        history = getattr(item, "chat_history", None)
        said = list(history) if isinstance(history, list) else []
        if said:
            said[-1] = SimpleNamespace(content=_text(said))
        self.node.result = SimpleNamespace(messages=said, stop_reason=None)

    @contained
    def closed(self) -> None:
        self._leave()
        node = self.node
        if node is not None and node.root.intervention is not None:
            # A reply function caught what was to stop the chat, and went on.
            abort(node, node.root.intervention)
            raise node.root.intervention
        if node is not None:
            complete(node)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        self._leave()
        if self.node is not None:
            abort(self.node, error)
        return None


class ReplyWatch(Watch):
    """Follows one ``generate_reply``. That of a group chat's manager holds the turns of its members."""

    def __init__(self, agent: Any, messages: Any, sender: Any, options: Options) -> None:
        self.agent = agent
        self.messages = messages
        self.sender = sender
        self.options = options
        self.pending: Pending | None = None
        self.token: Token[Pending | None] | None = None
        self.selecting: Pending | None = None
        self.asked: Asked | None = None
        self.reply: Any = None

    @contained
    def open(self) -> Node | None:
        outer = current_pending.get()
        if outer is not None and outer.agent is self.agent:
            return None
        if getattr(self.agent, "name", None) in INTERNAL:
            # Whoever selects a speaker does it for the manager, in a thread of its own where the chat is asynchronous.
            if outer is not None:
                self._note(outer)
                self.selecting = outer
            return here()
        pending = self.pending = Pending(self.agent, _text(self.messages), self.options, outer)
        if hasattr(self.agent, "groupchat"):
            with inside(pending.above):
                pending.node = begin(self.agent, "team", _text(self.messages), self.options)
        self._note(pending)
        self.token = current_pending.set(pending)
        # Inside a manager's reply the members' turns belong to it; else the place is found when something happens.
        return pending.node or here() or _nowhere(pending)

    def _note(self, pending: Pending) -> None:
        self.asked = Asked(pending, self.sender, self.messages)
        running[id(self.agent)] = [*running.get(id(self.agent), ()), self.asked]

    def saw(self, item: Any) -> None:
        self.reply = item

    def _leave(self) -> RunNode | None:
        pending = self.pending or self.selecting
        if pending is None:
            return None
        known = [asked for asked in running.get(id(self.agent), ()) if asked is not self.asked]
        if known:
            running[id(self.agent)] = known
        else:
            running.pop(id(self.agent), None)
        if self.selecting is not None:
            return None
        if self.token is not None:
            try:
                current_pending.reset(self.token)
            except ValueError:
                self.token = None
        return pending.node

    @contained
    def closed(self) -> None:
        node = self._leave()
        if node is not None:
            text = _text(self.reply)
            node.result = SimpleNamespace(chat_message=SimpleNamespace(content=text))
            complete(node)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        node = self._leave()
        if node is not None:
            abort(node, error)
        return None


def _nowhere(pending: Pending) -> Node:
    """A reply nobody's chat asked for is a run of its own, and begins at once."""
    return pending.turn()

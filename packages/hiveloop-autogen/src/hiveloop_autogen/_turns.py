"""Runs of teams and agents and the turns of participants, followed from their first message to their last."""

from __future__ import annotations

from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained

from ._errors import note_cause, swallowed_intervention
from ._extract import kind_of
from ._follow import Watch
from ._messages import read_message
from ._nodes import Node, RunNode, here
from ._options import Options
from ._runs import abort, begin, complete

__all__ = ["MessagesWatch", "RunWatch"]


class RunWatch(Watch):
    """Follows a run from its outermost call; a call of the same object inside it is part of it."""

    def __init__(self, subject: Any, kind: str, given: Any, options: Options) -> None:
        self.subject = subject
        self.kind = kind
        self.given = given
        self.options = options
        self.node: RunNode | None = None

    @contained
    def open(self) -> Node | None:
        if _is_inside(self.subject):
            return None
        self.node = begin(self.subject, self.kind, self.given, self.options)
        return self.node

    @contained
    def saw(self, item: Any) -> None:
        # TaskResult and Response are what a run returns; every other message belongs to a turn.
        node = self.node
        if node is None or not (hasattr(item, "chat_message") or type(item).__name__ == "TaskResult"):
            return
        node.result = item
        if node.root.intervention is not None:
            # Somebody below caught what was to stop the run and went on as if nothing had happened.
            raise node.root.intervention

    @contained
    def closed(self) -> None:
        node = self.node
        if node is None:
            return
        if not node.mapped and node.kind != "team":
            _read_inner(node)
        complete(node)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        node = self.node
        if node is None:
            return None
        instead = swallowed_intervention(node, error)
        abort(node, error if instead is None else instead)
        return instead


class MessagesWatch(RunWatch):
    """Follows a stream of one agent's messages: a turn of its own, or the inside of a run that is told already."""

    def __init__(self, subject: Any, given: Any, options: Options) -> None:
        super().__init__(subject, "turn", given, options)
        self.is_turn = True

    @contained
    def open(self) -> Node | None:
        around = here()
        if isinstance(around, RunNode) and around.subject is self.subject and not around.ended:
            if around.mapping:
                return None
            self.is_turn = False
            self.node = around
        else:
            self.node = begin(self.subject, "turn", self.given, self.options)
        self.node.mapping = self.node.mapped = True
        return self.node

    @contained
    def saw(self, item: Any) -> None:
        node = self.node
        if node is None:
            return
        read_message(node, item)
        is_end = kind_of(item) == "ToolCallExecutionEvent" or hasattr(item, "chat_message")
        if is_end and node.root.intervention is not None:
            # Workbenches make an error message of whatever a tool raises, and an agent may catch what a model call
            # raises: what was to stop the run stops it here.
            raise node.root.intervention

    @contained
    def closed(self) -> None:
        if self.node is not None:
            self.node.mapping = False
            if self.is_turn:
                complete(self.node)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        node = self.node
        if node is None:
            return None
        node.mapping = False
        if self.is_turn:
            abort(node, error)
        elif not isinstance(error, GeneratorExit):
            note_cause(node, error)
        return None


def _is_inside(subject: Any) -> bool:
    around = here()
    return isinstance(around, RunNode) and around.subject is subject and not around.ended


def _read_inner(node: RunNode) -> None:
    """Messages of an agent that has no stream: they come with its answer."""
    inner = getattr(node.result, "inner_messages", None)
    messages = inner if inner is not None else getattr(node.result, "messages", None)
    for message in messages if isinstance(messages, (list, tuple)) else ():
        read_message(node, message)

"""A run told from its messages alone, without patching anything: coarser in time, and no model names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from types import SimpleNamespace
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained
from hiveloop.adapters.preview import RESULT_CHARS, preview
from hiveloop.payloads import LlmCallData

from . import _translate as translate
from ._extract import call_arguments, kind_of
from ._follow import Watch, follow, is_followed
from ._messages import read_message
from ._nodes import Node, RunNode, resolve_scopes
from ._options import Options
from ._runs import abort, begin, complete
from ._usage import read_usage

__all__ = ["observe"]

_UNNAMED = "autogen"


def observe(
    stream: AsyncIterable[Any],
    agent: str | None = None,
    project: str | None = None,
    capture_content: bool = True,
) -> AsyncGenerator[Any, None]:
    """The same messages, told on the way: ``async for message in observe(team.run_stream(task=...))``.

    One task, with each participant's turns, tool calls and reported tokens in it. ``agent`` names the agent of the
    task; absent, the team or agent that streams. A stream that ``instrument()`` tells of is passed on as it is.
    """
    if is_followed(stream):
        return stream  # type: ignore[return-value]
    resolve_scopes()
    return follow(
        stream, _StreamWatch(_runner_of(stream), Options(agent, project, capture_content, "actions"))
    )


def _runner_of(stream: Any) -> Any:
    """The team or agent whose method made this stream: a generator that has not begun still holds its arguments."""
    frame = getattr(stream, "ag_frame", None)
    found = frame.f_locals.get("self") if frame is not None else None
    return found if isinstance(getattr(found, "name", None), str) else SimpleNamespace(name=_UNNAMED)


class _StreamWatch(Watch):
    """Follows a stream of messages from the outside."""

    def __init__(self, runner: Any, options: Options) -> None:
        self.runner = runner
        self.options = options
        self.node: RunNode | None = None
        self.turns: dict[str, RunNode] = {}
        self.tools: dict[str, tuple[RunNode, str]] = {}

    @contained
    def open(self) -> Node | None:
        kind = "team" if hasattr(self.runner, "_participants") else "agent"
        self.node = begin(self.runner, kind, None, self.options)
        return self.node

    @contained
    def saw(self, item: Any) -> None:
        node = self.node
        if node is None:
            return
        if type(item).__name__ == "TaskResult":
            node.result = item
            return
        source = getattr(item, "source", None)
        if not isinstance(source, str) or source == "user":
            return
        turn = self._turn(node, source)
        self._tell_usage(turn, item)
        read = {"ToolCallRequestEvent": self._requested, "ToolCallExecutionEvent": self._executed}
        read.get(kind_of(item), read_message)(turn, item)
        if hasattr(item, "to_model_text"):
            self._said(node, turn, item)

    def _turn(self, node: RunNode, source: str) -> RunNode:
        """Whoever speaks: the agent itself, or the turn of a participant, begun by its first message."""
        if node.kind == "agent" and source == node.name:
            return node
        turn = self.turns.get(source)
        if turn is None:
            action_id = node.work.start(f"turn:{source}", "turn", node.action_id, node)
            speaker = SimpleNamespace(name=source)
            turn = RunNode("turn", speaker, source, node.root, node.work, node, action_id)
            turn.outer = (node.work, action_id)
            self.turns[source] = turn
        return turn

    def _said(self, node: RunNode, turn: RunNode, message: Any) -> None:
        """A chat message is what a turn ends with."""
        if turn is not node:
            read_message(turn, SimpleNamespace(chat_message=message))
            complete(turn)
            del self.turns[turn.name]

    def _tell_usage(self, turn: RunNode, message: Any) -> None:
        reported = getattr(message, "models_usage", None)
        if reported is None:
            return
        usage = read_usage(reported)
        about: dict[str, Any] = {"turn_number": next(turn.work.calls)}
        if usage.is_missing:
            about["usage"] = "missing"
        data = LlmCallData(
            name=f"{turn.name}.create",
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            metadata=about,
        )
        turn.work.emit(translate.llm_call(data, turn.action_id))

    def _requested(self, turn: RunNode, message: Any) -> None:
        for call in message.content:
            details: dict[str, Any] = {"tool_call_id": call.id}
            if turn.root.capture:
                details["args"] = call_arguments(call.arguments)
            action_id = turn.work.start(call.name, "tool", turn.action_id, turn, details)
            self.tools[call.id] = (turn, action_id)

    def _executed(self, turn: RunNode, message: Any) -> None:
        for result in message.content:
            begun = self.tools.pop(result.call_id, None)
            if begun is None:
                continue
            text = preview(result.content, RESULT_CHARS) if turn.root.capture else None
            if getattr(result, "is_error", False):
                error = translate.ErrorInfo("ToolError", text)
                begun[0].work.fail(begun[1], error, None, {"handled": True})
            else:
                begun[0].work.end(begun[1], None, {"result": text} if text else None)

    @contained
    def closed(self) -> None:
        if self.node is not None:
            complete(self.node)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        if self.node is not None:
            for turn in self.turns.values():
                abort(turn, error)
            abort(self.node, error)
        return None

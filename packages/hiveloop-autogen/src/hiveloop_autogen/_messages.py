"""What an agent says while it works → events: tool calls that never ran, questions, memory, thoughts, corrections."""

from __future__ import annotations

from typing import Any

from hiveloop.adapters.preview import RESULT_CHARS, preview

from . import _translate as translate
from ._extract import call_arguments, kind_of
from ._handoffs import ask_input
from ._nodes import RunNode

__all__ = ["read_message", "requested_call"]

_MAX_REQUESTED = 1_000


def read_message(node: RunNode, message: Any) -> None:
    """One message of this agent's stream; what others said inside it (a nested team) is told by their own runs."""
    if hasattr(message, "chat_message"):
        _read_response(node, message)
        return
    if getattr(message, "source", None) != node.name:
        return
    read = _READERS.get(kind_of(message))
    if read is not None:
        read(node, message)


def _read_response(node: RunNode, response: Any) -> None:
    node.result = response
    message = response.chat_message
    target = getattr(message, "target", None)
    if kind_of(message) == "HandoffMessage" and isinstance(target, str):
        node.handed_to = target[:200]


def _requested(node: RunNode, message: Any) -> None:
    if len(node.requested) < _MAX_REQUESTED:
        for call in message.content:
            node.requested[call.id] = (call.name, call.arguments)


def requested_call(node: RunNode, name: str, given: Any) -> str | None:
    """The id of the call a tool runs for, in versions that do not pass it on."""
    wanted = call_arguments(given)
    for call_id, (asked, arguments) in node.requested.items():
        if asked == name and call_arguments(arguments) == wanted:
            return call_id
    return None


def _executed(node: RunNode, message: Any) -> None:
    for result in message.content:
        call_id = result.call_id
        name, arguments = node.requested.pop(call_id, (str(getattr(result, "name", None) or "tool"), None))
        if call_id in node.calls:
            node.calls[call_id] -= 1
            node.calls = +node.calls
            continue
        if name in node.names:
            node.names[name] -= 1
            node.names = +node.names
            continue
        _tell_unrun(node, call_id, name, arguments, result)


def _tell_unrun(node: RunNode, call_id: str, name: str, arguments: Any, result: Any) -> None:
    """A tool the model made up, or arguments it could not spell: all there is of the call is its error."""
    details: dict[str, Any] = {"tool_call_id": call_id}
    if node.root.capture and arguments is not None:
        details["args"] = call_arguments(arguments)
    action_id = node.work.start(name, "tool", node.action_id, node, details)
    text = preview(result.content, RESULT_CHARS) if node.root.capture else None
    if getattr(result, "is_error", False):
        node.work.fail(action_id, translate.ErrorInfo("ToolNotRun", text), None, {"handled": True})
    else:
        node.work.end(action_id, None, {"result": text} if text else None)


def _asked_input(node: RunNode, message: Any) -> None:
    ask_input(node, str(message.request_id))


def _remembered(node: RunNode, message: Any) -> None:
    found = message.content
    node.work.emit(translate.memory_query(node.name, len(found), node.action_id))


def _thought(node: RunNode, message: Any) -> None:
    if node.root.options.thoughts and node.root.capture:
        node.work.emit(translate.thought(node.name, preview(message.content, RESULT_CHARS), node.action_id))


def _generated(node: RunNode, message: Any) -> None:
    """A correction is announced without code; the next generation is the try it announces."""
    if message.code_blocks:
        return
    reason = preview(message.content, RESULT_CHARS) if node.root.capture else None
    attempt = message.retry_attempt + 2
    node.work.emit(translate.retry_started(node.action_id, "execute_code", attempt, reason))


_READERS = {
    "ToolCallRequestEvent": _requested,
    "ToolCallExecutionEvent": _executed,
    "UserInputRequestedEvent": _asked_input,
    "MemoryQueryEvent": _remembered,
    "ThoughtEvent": _thought,
    "CodeGenerationEvent": _generated,
}

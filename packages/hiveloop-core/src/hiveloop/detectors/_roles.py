"""What a prompt is made of: how many characters of it are instructions, history and tool results."""

from __future__ import annotations

from typing import Any, NamedTuple

from hiveloop._safety import attempt

__all__ = ["Shares", "shares_of"]

_MOST_MESSAGES = 2_000
#: Of one message.
_MOST_PARTS = 1_000
_SYSTEM = frozenset({"system", "developer", "systemmessage"})
_TOOL = frozenset({"tool", "function", "functionexecutionresultmessage", "toolmessage", "functionmessage"})
#: Classes of messages that say by their name what they are: asking one of them for a ``role`` it has not costs 2 µs.
_NAMED = {
    **dict.fromkeys(("SystemMessage",), "system"),
    **dict.fromkeys(("ToolMessage", "FunctionMessage", "FunctionExecutionResultMessage"), "tools"),
    **dict.fromkeys(
        ("HumanMessage", "AIMessage", "AIMessageChunk", "UserMessage", "AssistantMessage"), "history"
    ),
}


class Shares(NamedTuple):
    """Characters by part of the prompt."""

    system: int
    history: int
    tools: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.system + self.history + self.tools

    def of(self, tokens: int) -> tuple[int, int, int]:
        """So many tokens, divided alike."""
        total = self.total or 1
        system, tools = tokens * self.system // total, tokens * self.tools // total
        return system, tokens - system - tools, tools


def shares_of(arguments: Any) -> Shares | None:
    """The parts of a model call's arguments (``{"messages": …}`` as adapters give them); None when it has none."""
    messages = arguments.get("messages") if type(arguments) is dict else arguments
    found = attempt(lambda: _count(messages), "detector prompt_bloat")[1]
    return found if found is not None and found.total else None


def _count(messages: Any) -> Shares:
    sums = {"system": 0, "history": 0, "tools": 0}
    left = _MOST_MESSAGES
    waiting = [messages]
    while waiting and left:
        message = waiting.pop()
        left -= 1
        if issubclass(type(message), (list, tuple)):
            waiting.extend(message[:left])
        elif message is not None:
            part = _NAMED.get(type(message).__name__) or _part(message)
            content = _field(message, "content", message)
            sums[part] += len(content) if type(content) is str else _length(content)
    return Shares(**sums)


def _part(message: Any) -> str:
    named = _field(message, "role", None) or _field(message, "type", None) or type(message).__name__
    role = named.lower() if isinstance(named, str) else ""
    return "system" if role in _SYSTEM else "tools" if role in _TOOL else "history"


def _field(message: Any, name: str, default: Any) -> Any:
    if type(message) is dict or isinstance(message, dict):
        return message.get(name, default)
    return getattr(message, name, default)


def _length(content: Any) -> int:
    """Characters of a message's text. Images and files are not counted: they are no text."""
    if isinstance(content, str):
        return len(content)
    found, left = 0, _MOST_PARTS
    waiting = [content]
    while waiting and left:
        part = waiting.pop()
        left -= 1
        if isinstance(part, str):
            found += len(part)
        elif isinstance(part, (list, tuple)):
            waiting.extend(part[:left])
        elif part is not None:
            waiting.append(_text(part))
    return found


def _text(part: Any) -> Any:
    inner = _field(part, "text", None) or _field(part, "content", None)
    return inner if isinstance(inner, (str, list, tuple, dict)) else None

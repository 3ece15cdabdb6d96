"""Framework objects → plain data, by duck typing: nothing here imports AutoGen, so any version's objects will do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from hiveloop.adapters.preview import ARGUMENT_CHARS, PROMPT_CHARS, preview
from hiveloop.adapters.shown import arguments

from ._translate import Prompt

__all__ = ["call_arguments", "content_text", "kind_of", "prompt_of", "task_text", "tool_names"]

_CHARS_PER_TOKEN = 4
_MAX_PARTS = 32


def kind_of(message: Any) -> str:
    """The name AutoGen gives to a message's type; that of its class where it gives none."""
    kind = getattr(message, "type", None)
    return kind if isinstance(kind, str) else type(message).__name__


def content_text(content: Any, limit: int) -> str:
    """The text of a message's content, at most ``limit`` characters: a string, or the texts and calls of a list."""
    if isinstance(content, str):
        return preview(content, limit)
    if not isinstance(content, (list, tuple)):
        return "" if content is None else preview(content, limit)
    parts: list[str] = []
    left = limit
    for part in islice(content, _MAX_PARTS):
        text = part if isinstance(part, str) else _part_text(part, max(left, 1))
        parts.append(text[: left + 1])
        left -= len(parts[-1])
        if left < 0:
            break
    return preview("\n".join(part for part in parts if part), limit)


def _part_text(part: Any, limit: int) -> str:
    """A tool call, a tool result, or an image."""
    name, given = getattr(part, "name", None), getattr(part, "arguments", None)
    if isinstance(name, str) and isinstance(given, str):
        return preview(f"{name}({given[:limit]})", limit)
    content = getattr(part, "content", None)
    return preview(content, limit) if isinstance(content, str) else f"<{type(part).__name__}>"


def task_text(given: Any, limit: int) -> str | None:
    """The text of a task: a string, a message, or the last of several."""
    if isinstance(given, (list, tuple)):
        given = given[-1] if given else None
    if given is None:
        return None
    return (
        preview(given, limit)
        if isinstance(given, str)
        else content_text(getattr(given, "content", None), limit)
    )


def prompt_of(messages: Any, capture: bool) -> Prompt:
    """Estimated shares of a prompt, and the text of its last message when content is captured."""
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        return Prompt()
    system = tools = history = 0
    for message in messages:
        chars = _chars(getattr(message, "content", None))
        kind = kind_of(message)
        if kind == "SystemMessage":
            system += chars
        elif kind == "FunctionExecutionResultMessage":
            tools += chars
        else:
            history += chars
    text = content_text(getattr(messages[-1], "content", None), PROMPT_CHARS) if capture else None
    shares = (system // _CHARS_PER_TOKEN, history // _CHARS_PER_TOKEN, tools // _CHARS_PER_TOKEN)
    return Prompt(text or None, *shares, len(messages))


def _chars(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if not isinstance(content, (list, tuple)):
        return 0
    texts = (
        part if isinstance(part, str) else getattr(part, "content", None) or getattr(part, "arguments", None)
        for part in content
    )
    return sum(len(text) for text in texts if isinstance(text, str))


def tool_names(content: Any) -> list[str]:
    """Names of the tools an answer calls."""
    if not isinstance(content, (list, tuple)):
        return []
    names = [getattr(call, "name", None) for call in content[:_MAX_PARTS]]
    return [name for name in names if isinstance(name, str)]


def call_arguments(given: Any) -> dict[str, Any] | str | None:
    """A tool call's arguments as previews; text that is no JSON object stays text."""
    if isinstance(given, str):
        try:
            parsed = json.loads(given) if len(given) <= 100_000 else given
        except ValueError:
            parsed = given
        given = parsed
    if isinstance(given, Mapping):
        return arguments(dict(given))
    return None if given is None else preview(given, ARGUMENT_CHARS)

"""Events of model calls → plain data: prompt and answer as previews, usage as the provider spelled it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hiveloop.adapters.preview import PROMPT_CHARS, RESPONSE_CHARS

from ._facts import Data, event_role, failed, listed, name_of, text
from ._usage import read_usage

__all__ = ["compaction", "model_end", "model_fail", "model_start"]

_CHARS_PER_TOKEN = 4
_SETTINGS = ("temperature", "top_p", "max_tokens", "stream", "seed")


def model_start(source: Any, event: Any, capture: bool) -> Data:
    """The call begins: what is asked of whom."""
    messages = getattr(event, "messages", None)
    provider = getattr(source, "provider", None)
    tools = getattr(event, "tools", None)
    asked = {name: getattr(event, name, None) for name in _SETTINGS}
    return _call_id(event), {
        "role": event_role(event),
        "agent_key": str(getattr(event, "agent_id", None) or ""),
        "model": text(getattr(event, "model", None), 200),
        "provider": provider[:100] if isinstance(provider, str) else None,
        "prompt": _prompt(messages) if capture else None,
        "shares": _shares(messages),
        "tools_offered": len(tools) if isinstance(tools, list) else None,
        "settings": {
            name: value for name, value in asked.items() if value is None or type(value) in (int, float, bool)
        },
    }


def model_end(source: Any, event: Any, capture: bool) -> Data:
    """The model answered."""
    response = getattr(event, "response", None)
    kind = getattr(event, "call_type", None)
    return _call_id(event), {
        "model": text(getattr(event, "model", None), 200),
        "response": text(response, RESPONSE_CHARS) if capture else None,
        "tool_calls": _tool_calls(response),
        "call_type": text(getattr(kind, "value", kind), 40),
        "usage": read_usage(getattr(event, "usage", None)),
        "stop_reason": text(getattr(event, "finish_reason", None), 100),
        "response_id": text(getattr(event, "response_id", None), 200),
    }


def model_fail(source: Any, event: Any, capture: bool) -> Data:
    """The call failed; some providers say so twice."""
    return _call_id(event), failed(event, capture)


def compaction(source: Any, event: Any, capture: bool) -> Data:
    """The conversation was summarised before it grew too long."""
    return "", {
        "role": event_role(event),
        "model": text(getattr(event, "model", None), 200),
        **failed(event, capture),
    }


def _call_id(event: Any) -> str:
    return str(getattr(event, "call_id", "") or "")


def _content(message: Any) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return " ".join(part for part in texts if isinstance(part, str))
    return content


def _prompt(messages: Any) -> str | None:
    """What was said last, which is what the model answers to."""
    if isinstance(messages, str):
        return text(messages, PROMPT_CHARS)
    for message in reversed(messages if isinstance(messages, list) else []):
        shown = text(_content(message), PROMPT_CHARS)
        if shown is not None:
            return shown
    return None


def _shares(messages: Any) -> dict[str, int]:
    """Estimated tokens of the system prompt, the tools' results and the rest, from lengths."""
    shares = {"system": 0, "tool": 0, "history": 0, "messages": 0}
    if isinstance(messages, str):
        return {**shares, "history": len(messages) // _CHARS_PER_TOKEN, "messages": 1}
    for message in messages if isinstance(messages, list) else []:
        content = _content(message)
        role = message.get("role") if isinstance(message, Mapping) else None
        share = role if role in ("system", "tool") else "history"
        shares["messages"] += 1
        if isinstance(content, str):
            shares[share] += len(content) // _CHARS_PER_TOKEN
    return shares


def _tool_calls(response: Any) -> list[str]:
    """Names of the tools an answer asks for."""
    names = []
    for call in listed(response):
        function = call.get("function") if isinstance(call, Mapping) else getattr(call, "function", None)
        name = function.get("name") if isinstance(function, Mapping) else getattr(function, "name", None)
        if name is None and isinstance(call, Mapping):
            name = call.get("name")
        if isinstance(name, str):
            names.append(name_of(name, "tool"))
    return names

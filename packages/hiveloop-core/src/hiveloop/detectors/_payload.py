"""Reading payloads that may be typed or loose, without running any code of theirs."""

from __future__ import annotations

from typing import Any

from hiveloop.events import Event

__all__ = ["data_of", "text_at", "whole_at"]

#: As long as an id may be.
_MOST_CHARACTERS = 256


def data_of(event: Event) -> dict[str, Any]:
    """The ``data`` of a custom event, empty when it has none that is a dict."""
    payload: Any = event.payload
    data = payload.get("data") if type(payload) is dict else getattr(payload, "data", None)
    return data if type(data) is dict else {}


def text_at(data: dict[str, Any], name: str) -> str | None:
    """A text under this name, or as much of it as a detector may keep."""
    value = data.get(name)
    return value[:_MOST_CHARACTERS] if type(value) is str and value else None


def whole_at(data: dict[str, Any], name: str) -> int | None:
    """A whole number from 0 on under this name."""
    value = data.get(name)
    return value if type(value) is int and value >= 0 else None

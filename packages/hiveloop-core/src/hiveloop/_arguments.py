"""Arguments of handle calls, made fit for the wire. Runtime input is never refused: it is converted, or left out and said once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from ._safety import attempt
from ._sanitize import sanitize, shorten, type_name
from .events import LIMITS

__all__ = [
    "amount",
    "count",
    "describe_exception",
    "entries",
    "flat",
    "identifier",
    "seconds",
    "shown",
    "text",
]

log = logging.getLogger("hiveloop")

_SUMMARY = LIMITS["summary"]
_EXCEPTION_CHARS = 2_000
_said: set[str] = set()


def _leave_out(field: str, value: Any, expected: str) -> None:
    if field not in _said:
        _said.add(field)
        log.warning("%s left out: expected %s, got %s (said once)", field, expected, type_name(type(value)))


def identifier(value: Any, limit: int = 256) -> str | None:
    """An id or a name: strings as they are, anything else as its text, cut at ``limit`` characters. Empty is absent."""
    if type(value) is str:
        if not value:
            return None
        return value if len(value) <= limit else shorten(value, limit)
    return None if value is None else shown(value, limit) or None


def shown(value: Any, limit: int) -> str:
    """Any value as text of at most ``limit`` characters; one that cannot be shown as its type's name."""
    if type(value) is str:
        return value if len(value) <= limit else shorten(value, limit)
    fine, text = attempt(lambda: _text_of(value), "text of an argument")
    return shorten(text, limit) if fine and type(text) is str else f"<{type_name(type(value))}>"


def _text_of(value: Any) -> str:
    """Containers are copied bounded first: a small one that shares its parts can print for hours."""
    if issubclass(type(value), dict | list | tuple | set | frozenset | deque | Mapping):
        value = sanitize(value)
    return str.__str__(str(value))


def text(value: Any, limit: int = _SUMMARY) -> str | None:
    """A line for people. ``None`` stays absent."""
    if value is None:
        return None
    return identifier(value, limit) or ""


def count(value: Any, field: str) -> int | None:
    """A number of tokens, turns, milliseconds: a whole number of 0 or more, or absent. Text and floats are read."""
    if value is None or (type(value) is int and 0 <= value < 2**63):
        return value
    number = _number(value)
    if number is None or not -0.5 <= number < 2**63:
        _leave_out(field, value, "a whole number of 0 or more")
        return None
    return round(number)


def amount(value: Any, field: str) -> float | None:
    """Dollars: a finite number of 0 or more, or absent."""
    if value is None:
        return None
    number = _number(value)
    if number is None or not 0 <= number < 1e12:
        _leave_out(field, value, "a number of 0 or more")
        return None
    return number


def _number(value: Any) -> float | None:
    """What ``float`` makes of it; ``None`` where it refuses, whatever code of the value's own it ran to find out."""
    kind = type(value)
    if kind is bool:
        return None
    if kind is int or kind is float or kind is str:
        try:
            return float(value)
        except (ValueError, OverflowError):
            return None
    return attempt(lambda: float(value), "number of an argument")[1]


def entries(values: Any, most: int) -> list[Any]:
    """The first entries of a list the program gave; a text is one entry, what is no collection none."""
    if values is None:
        return []
    if type(values) is str:
        return [values]
    return attempt(lambda: list(islice(iter(values), most)), "list of an argument")[1] or []


def seconds(value: Any, field: str) -> float | None:
    """A time span in seconds: like :func:`amount`."""
    return amount(value, field)


def flat(value: Any) -> dict[str, Any] | None:
    """A payload dict as given; other mappings are copied, a text becomes the summary, anything else ``data``."""
    kind = type(value)
    if value is None or kind is dict:
        return value  # type: ignore[no-any-return]
    if issubclass(kind, Mapping):
        copied = sanitize(value)
        return copied if isinstance(copied, dict) and "$unserializable" not in copied else {"data": copied}
    return {"summary": value} if issubclass(kind, str) else {"data": value}


def describe_exception(error: Any) -> dict[str, str]:
    """``exception_type`` and ``exception_message`` of an exception, an exception class or a plain text."""
    if isinstance(error, type):
        return {"exception_type": error.__name__, "exception_message": ""}
    if not isinstance(error, BaseException):
        return {"exception_type": "Error", "exception_message": identifier(error, _EXCEPTION_CHARS) or ""}
    fine, message = attempt(lambda: str(error), f"str({type(error).__name__})")
    if not fine or not isinstance(message, str):
        message = ""
    return {"exception_type": type(error).__name__, "exception_message": shorten(message, _EXCEPTION_CHARS)}

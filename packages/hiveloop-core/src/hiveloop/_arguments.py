"""Arguments of handle calls, made fit for the wire. Runtime input is never refused: it is converted, or left out and said once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from ._safety import attempt
from ._sanitize import sanitize, shorten
from .events import LIMITS

__all__ = ["amount", "count", "describe_exception", "flat", "identifier", "seconds", "text"]

log = logging.getLogger("hiveloop")

_SUMMARY = LIMITS["summary"]
_EXCEPTION_CHARS = 2_000
_said: set[str] = set()


def _leave_out(field: str, value: Any, expected: str) -> None:
    if field not in _said:
        _said.add(field)
        log.warning("%s left out: expected %s, got %s (said once)", field, expected, type(value).__name__)


def identifier(value: Any, limit: int = 256) -> str | None:
    """An id or a name: strings as they are, numbers and UUIDs as text, cut at ``limit`` characters."""
    if type(value) is str and 0 < len(value) <= limit:
        return value
    if value is None or value == "":
        return None
    if type(value) is not str:
        if isinstance(value, str | int | float | uuid.UUID):
            value = str(value)
        else:
            fine, shown = attempt(lambda: str(value), "identifier")
            value = shown if fine and isinstance(shown, str) else type(value).__name__
    return value if len(value) <= limit else shorten(value, limit)


def text(value: Any, limit: int = _SUMMARY) -> str | None:
    """A line for people. ``None`` stays absent."""
    if value is None:
        return None
    return identifier(value, limit) or ""


def count(value: Any, field: str) -> int | None:
    """A number of tokens, turns, milliseconds: a whole number of 0 or more, or absent. Text and floats are read."""
    if value is None or (type(value) is int and value >= 0):
        return value
    if isinstance(value, bool):
        _leave_out(field, value, "a whole number")
        return None
    try:
        number = round(float(value))
    except (TypeError, ValueError, OverflowError):
        number = -1
    if not 0 <= number < 2**63:
        _leave_out(field, value, "a whole number of 0 or more")
        return None
    return number


def amount(value: Any, field: str) -> float | None:
    """Dollars: a finite number of 0 or more, or absent."""
    if value is None:
        return None
    if isinstance(value, bool):
        number = -1.0
    else:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1.0
    if not 0 <= number < 1e12:
        _leave_out(field, value, "a number of 0 or more")
        return None
    return number


def seconds(value: Any, field: str) -> float | None:
    """A time span in seconds: like :func:`amount`."""
    return amount(value, field)


def flat(value: Any) -> dict[str, Any] | None:
    """A payload dict as given; other mappings are copied, a text becomes the summary, anything else ``data``."""
    if value is None or type(value) is dict:
        return value
    if isinstance(value, Mapping):
        copied = sanitize(value)
        return copied if "$unserializable" not in copied else {"data": copied}
    if isinstance(value, str):
        return {"summary": value}
    return {"data": value}


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

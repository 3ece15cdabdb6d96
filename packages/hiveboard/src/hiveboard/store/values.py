"""Reading loosely typed payload values: the value when it has the right shape, None when it has not."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["count_of", "dict_of", "number_of", "text_in", "text_of"]

_MAX_TEXT = 4096


def dict_of(value: Any) -> dict[str, Any]:
    """``value`` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str | None:
    """A non-empty text (cut at 4,096 characters), or a whole number as text; else None."""
    if isinstance(value, str):
        return value[:_MAX_TEXT] or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**30 else None
    return None


def text_in(source: dict[str, Any] | None, key: str) -> str | None:
    """The text under ``key`` of a possibly absent object."""
    return None if source is None else text_of(source.get(key))


def number_of(value: Any) -> float | int | None:
    """A finite number that is not a bool, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def count_of(value: Any, maximum: int) -> int | None:
    """A whole number from 0 to ``maximum`` (5.0 counts as 5), else None."""
    number = number_of(value)
    if number is None or not 0 <= number <= maximum:
        return None
    return int(number) if int(number) == number else None

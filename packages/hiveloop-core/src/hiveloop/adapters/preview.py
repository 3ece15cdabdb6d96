"""Any value as a short text: cut first, render after, and never run the code of the value shown."""

from __future__ import annotations

from itertools import islice
from typing import Any

from hiveloop._sanitize import scrubbed

__all__ = [
    "ARGUMENT_CHARS",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "PROMPT_CHARS",
    "RESPONSE_CHARS",
    "RESULT_CHARS",
    "cut",
    "preview",
    "stored_fields",
]

PROMPT_CHARS = 500
RESPONSE_CHARS = 500
ARGUMENT_CHARS = 500
RESULT_CHARS = 1000

MAX_ITEMS = 50
MAX_DEPTH = 6
_SCALARS = (bool, int, float, type(None))


def preview(value: Any, limit: int) -> str:
    """``value`` as text of at most ``limit`` characters. Containers are walked no further than the text reaches."""
    if type(value) is str:
        return cut(value, limit)
    parts: list[str] = []
    _render(value, parts, [limit], 0)
    return cut("".join(parts), limit)


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, the last of them a mark that there were more. Secrets are looked for first."""
    if len(text) <= limit:
        return text
    return scrubbed(text, limit)[: limit - 1] + "…"


def _put(text: str, parts: list[str], budget: list[int]) -> None:
    parts.append(text)
    budget[0] -= len(text)


def _render(value: Any, parts: list[str], budget: list[int], depth: int) -> None:
    if budget[0] < 0:
        return
    if isinstance(value, str):
        # One more than fits, so that the caller sees there was more and marks it.
        text = str.__getitem__(value, slice(budget[0] + 1))
        _put(text if depth == 0 else f'"{text}"', parts, budget)
    elif type(value) in _SCALARS:
        _put(_number(value), parts, budget)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _put(f"<{len(value)} bytes>", parts, budget)
    elif depth >= MAX_DEPTH:
        _put("…", parts, budget)
    elif type(value) is dict or isinstance(value, dict):
        _render_mapping(dict.items(value), dict.__len__(value), parts, budget, depth)
    elif isinstance(value, (list, tuple)):
        _render_items(value, parts, budget, depth)
    else:
        _render_object(value, parts, budget, depth)


def _number(value: Any) -> str:
    if type(value) is int and value.bit_length() > 256:
        return f"<int of {value.bit_length()} bits>"
    return "null" if value is None else str(value)


def _render_mapping(items: Any, size: int, parts: list[str], budget: list[int], depth: int) -> None:
    _put("{", parts, budget)
    # Taken in one step: another thread may be changing the container meanwhile.
    for position, (key, item) in enumerate(list(islice(items, MAX_ITEMS + 1))):
        if position == MAX_ITEMS or budget[0] < 0:
            _put(f", …+{size - position}", parts, budget)
            break
        if position:
            _put(", ", parts, budget)
        _put(key[:ARGUMENT_CHARS] if type(key) is str else _key(key), parts, budget)
        _put(": ", parts, budget)
        _render(item, parts, budget, depth + 1)
    _put("}", parts, budget)


def _key(key: Any) -> str:
    return _number(key) if type(key) in _SCALARS else type(key).__name__


def _render_items(value: Any, parts: list[str], budget: list[int], depth: int) -> None:
    size = list.__len__(value) if isinstance(value, list) else tuple.__len__(value)
    iterate = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
    _put("[", parts, budget)
    for position, item in enumerate(list(islice(iterate, MAX_ITEMS + 1))):
        if position == MAX_ITEMS or budget[0] < 0:
            _put(f", …+{size - position}", parts, budget)
            break
        if position:
            _put(", ", parts, budget)
        _render(item, parts, budget, depth + 1)
    _put("]", parts, budget)


def _render_object(value: Any, parts: list[str], budget: list[int], depth: int) -> None:
    """Records (dataclasses, pydantic models) by their stored fields; anything else by the name of its type."""
    fields = stored_fields(value)
    _put(type(value).__name__, parts, budget)
    if fields:
        _render_mapping(fields.items(), len(fields), parts, budget, depth)


def stored_fields(value: Any) -> dict[str, Any] | None:
    """Fields of a dataclass or pydantic model but for those it keeps out of its ``repr``; ``None`` for other objects."""
    # The class says whether it is a record and `object` reads its fields: a hostile `__getattr__` never runs.
    kind = type(value)
    fields = getattr(kind, "__dataclass_fields__", None) or getattr(kind, "__pydantic_fields__", None)
    if not isinstance(fields, dict):
        return None
    try:
        stored = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    if not stored:
        return None  # kept in slots: there is no way to read them that runs no code
    return {name: stored[name] for name, field in fields.items() if name in stored and _is_open(field)}


def _is_open(field: Any) -> bool:
    return getattr(field, "repr", True) is not False and getattr(field, "exclude", None) is not True

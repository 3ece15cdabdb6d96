"""Bounded, side-effect-free previews: cut first, render after, and never run the code of the value shown."""

from __future__ import annotations

from itertools import islice
from typing import Any

__all__ = ["ARGUMENT_CHARS", "PROMPT_CHARS", "RESPONSE_CHARS", "RESULT_CHARS", "arguments", "preview"]

PROMPT_CHARS = 500
RESPONSE_CHARS = 500
ARGUMENT_CHARS = 500
RESULT_CHARS = 1000

_MAX_ITEMS = 50
_MAX_DEPTH = 6
_SCALARS = (bool, int, float, type(None))


def preview(value: Any, limit: int) -> str:
    """``value`` as text of at most ``limit`` characters. Containers are walked no further than the text reaches."""
    if type(value) is str:
        return value if len(value) <= limit else value[: limit - 1] + "…"
    parts: list[str] = []
    _render(value, parts, [limit], 0)
    text = "".join(parts)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def arguments(values: dict[Any, Any]) -> dict[str, Any]:
    """Arguments of a call: numbers, booleans and ``None`` as they are, everything else as a preview of its own."""
    shown: dict[str, Any] = {}
    for key, value in list(islice(dict.items(values), _MAX_ITEMS)):
        name = key[:ARGUMENT_CHARS] if type(key) is str else type(key).__name__
        kind = type(value)
        if kind is str:
            shown[name] = value if len(value) <= ARGUMENT_CHARS else value[: ARGUMENT_CHARS - 1] + "…"
        elif kind is float or kind is bool or value is None or (kind is int and abs(value) < 2**63):
            shown[name] = value
        else:
            shown[name] = preview(value, ARGUMENT_CHARS)
    return shown


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
    elif depth >= _MAX_DEPTH:
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
    for position, (key, item) in enumerate(list(islice(items, _MAX_ITEMS + 1))):
        if position == _MAX_ITEMS or budget[0] < 0:
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
    for position, item in enumerate(list(islice(iterate, _MAX_ITEMS + 1))):
        if position == _MAX_ITEMS or budget[0] < 0:
            _put(f", …+{size - position}", parts, budget)
            break
        if position:
            _put(", ", parts, budget)
        _render(item, parts, budget, depth + 1)
    _put("]", parts, budget)


def _render_object(value: Any, parts: list[str], budget: list[int], depth: int) -> None:
    """Records (dataclasses, pydantic models) by their stored fields; anything else by the name of its type."""
    fields = _stored_fields(value)
    _put(type(value).__name__, parts, budget)
    if fields:
        _render_mapping(fields.items(), len(fields), parts, budget, depth)


def _stored_fields(value: Any) -> dict[str, Any] | None:
    # The class says whether it is a record and `object` reads its fields: a hostile `__getattr__` never runs.
    kind = type(value)
    names = getattr(kind, "__dataclass_fields__", None) or getattr(kind, "__pydantic_fields__", None)
    if not isinstance(names, dict):
        return None
    try:
        stored = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return {name: stored[name] for name in names if name in stored}

"""Arguments and results as small trees of plain values: what hides secrets by key still finds its keys in them."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from .preview import ARGUMENT_CHARS, MAX_DEPTH, MAX_ITEMS, cut, preview, stored_fields

__all__ = ["arguments", "shown", "shown_text"]

_MAX_PARSED_CHARS = 20_000
#: What a value that is no text costs of the characters allowed.
_VALUE_CHARS = 4


def arguments(values: dict[Any, Any]) -> dict[str, Any]:
    """Arguments of a call: numbers, booleans and ``None`` as they are, everything else with a limit of its own."""
    tree: dict[str, Any] = {}
    for key, value in list(islice(dict.items(values), MAX_ITEMS)):
        name = key[:ARGUMENT_CHARS] if type(key) is str else type(key).__name__
        kind = type(value)
        if kind is str:
            tree[name] = value if len(value) <= ARGUMENT_CHARS else cut(value, ARGUMENT_CHARS)
        elif kind is float or kind is bool or value is None or (kind is int and abs(value) < 2**63):
            tree[name] = value
        else:
            tree[name] = shown(value, ARGUMENT_CHARS)
    return tree


def shown(value: Any, limit: int) -> Any:
    """Containers and records as a tree with at most about ``limit`` characters in it, anything else as a text."""
    if type(value) is not str:
        if isinstance(value, (dict, list, tuple)):
            return _visit(value, [limit], 0)
        fields = stored_fields(value)
        if fields is not None:
            return _visit(fields, [limit], 0)
    return preview(value, limit)


def shown_text(text: str, limit: int) -> Any:
    """A text; where it is JSON, which frameworks make of what tools return, the tree it was before."""
    if text[:1] not in ("{", "["):
        return text if len(text) <= limit else cut(text, limit)
    if len(text) <= _MAX_PARSED_CHARS:
        try:
            return shown(json.loads(text), limit)
        except (ValueError, RecursionError):
            pass
    return preview(text, limit)


def _visit(value: Any, left: list[int], depth: int) -> Any:
    kind = type(value)
    if kind is bool or kind is float or value is None or (kind is int and abs(value) < 2**63):
        left[0] -= _VALUE_CHARS
        return value
    if depth < MAX_DEPTH:
        if isinstance(value, dict):
            return _visit_items(dict.items(value), dict.__len__(value), left, depth)
        if isinstance(value, list):
            return _visit_values(list.__iter__(value), list.__len__(value), left, depth)
        if isinstance(value, tuple):
            return _visit_values(tuple.__iter__(value), tuple.__len__(value), left, depth)
        fields = None if isinstance(value, str) else stored_fields(value)
        if fields is not None:
            return _visit_items(fields.items(), len(fields), left, depth)
    elif not isinstance(value, str):
        left[0] -= _VALUE_CHARS
        return "…"
    text = preview(value, max(left[0], 1))
    left[0] -= len(text) + _VALUE_CHARS
    return text


def _visit_items(items: Any, size: int, left: list[int], depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    # Taken in one step: another thread may be changing the container meanwhile.
    for position, (key, item) in enumerate(list(islice(items, MAX_ITEMS + 1))):
        if position == MAX_ITEMS or left[0] <= 0:
            tree["…"] = f"+{size - position}"
            break
        name = preview(key, 100)
        left[0] -= len(name)
        tree[name] = _visit(item, left, depth + 1)
    return tree


def _visit_values(values: Any, size: int, left: list[int], depth: int) -> list[Any]:
    tree: list[Any] = []
    for position, item in enumerate(list(islice(values, MAX_ITEMS + 1))):
        if position == MAX_ITEMS or left[0] <= 0:
            tree.append(f"…+{size - position}")
            break
        tree.append(_visit(item, left, depth + 1))
    return tree

"""A payload built anew, value by value, so that nothing of the program's own objects is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ._sanitize import is_plain, plain_payload

__all__ = ["UNCHANGED", "rebuilt"]


class _Unchanged:
    """Marker: descend into this value."""


UNCHANGED = _Unchanged()


def _as_it_is(key: str, value: Any) -> Any:
    return UNCHANGED


def rebuilt(payload: Any, visit: Callable[[str, Any], Any] = _as_it_is) -> Any:
    """The payload with ``visit(key, value)`` applied at every key; typed payloads keep their type.

    ``visit`` returns what stands there instead, or :data:`UNCHANGED`.
    """
    if payload is None:
        return None
    return _walk("", payload if is_plain(payload) else plain_payload(payload), visit)


def _walk(key: str, value: Any, visit: Callable[[str, Any], Any]) -> Any:
    changed = visit(key, value)
    if changed is not UNCHANGED:
        return changed
    if isinstance(value, dict):
        walked = {_key(name, visit): _walk(name, item, visit) for name, item in value.items()}
        return {name: item for name, item in walked.items() if item is not None or value.get(name) is None}
    if isinstance(value, list | tuple):
        return [_walk("", item, visit) for item in value]
    if isinstance(value, msgspec.Struct):
        return type(value)(**{f: _walk(f, getattr(value, f), visit) for f in value.__struct_fields__})
    return value


def _key(name: str, visit: Callable[[str, Any], Any]) -> str:
    """A key is text too: ``{"jane@example.com": 1}`` must not slip through."""
    changed = visit("", name)
    return changed if isinstance(changed, str) else name

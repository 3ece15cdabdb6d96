"""A tree of JSON values → the same within a number of bytes: the longest strings give way first, then the longest lists."""

from __future__ import annotations

from typing import Any

from ._sanitize import shorten

__all__ = ["fit"]

_SHORTEST = 32
_LONGEST = 32_768
_KEY_CHARACTERS = 64
#: Entries a collection may keep, tried in turn.
_ENTRIES = (100_000, 64, 16, 4, 1)
_FEWEST_KEYS = 16


def fit(tree: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    """Cut what is longest until the JSON of ``tree`` is within ``max_bytes``; every cut is marked."""
    if _size(tree) <= max_bytes:
        return tree
    for entries in _ENTRIES:
        shorter = _cap_object(tree, _SHORTEST, entries)
        if _size(shorter) <= max_bytes:
            return _longest_that_fits(tree, entries, max_bytes)
    return {"$truncated": "payload"}


def _size(tree: Any) -> int:
    """As published collectors count: with every character beyond ASCII escaped and blanks between the parts."""
    import json  # only where something is too large

    return len(json.dumps(tree))


def _longest_that_fits(tree: dict[str, Any], entries: int, max_bytes: int) -> dict[str, Any]:
    """The one cut of ``entries`` that leaves strings as long as possible."""
    low, high = _SHORTEST, _LONGEST
    best = _cap_object(tree, low, entries)
    while high - low > low // 16 + 16:
        middle = (low + high) // 2
        candidate = _cap_object(tree, middle, entries)
        if _size(candidate) <= max_bytes:
            low, best = middle, candidate
        else:
            high = middle
    return best


def _cap(value: Any, characters: int, entries: int) -> Any:
    if type(value) is str:
        return value if len(value) <= characters else shorten(value, characters)
    if type(value) is list:
        kept = [_cap(item, characters, entries) for item in value[:entries]]
        return kept if len(value) <= entries else [*kept, {"$truncated": f"{len(value) - entries} more"}]
    if type(value) is dict:
        return _cap_object(value, characters, entries)
    return value


def _cap_object(value: dict[str, Any], characters: int, entries: int) -> dict[str, Any]:
    room = max(entries, _FEWEST_KEYS)
    tree = {
        shorten(key, _KEY_CHARACTERS): _cap(item, characters, entries)
        for key, item in list(value.items())[:room]
    }
    if len(value) > room:
        tree["$truncated"] = f"{len(value) - room} more"
    return tree

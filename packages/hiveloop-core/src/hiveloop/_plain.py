"""The quick look before encoding: is a value JSON already, finite, small, not deep? If so it needs no copy."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

__all__ = ["MAX_DEPTH", "MAX_FLOAT", "MAX_INT", "MIN_INT", "is_plain", "is_plain_struct", "weigh_dict"]

#: Levels of nesting below the payload.
MAX_DEPTH = 48
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
MAX_FLOAT = 1.7976931348623157e308

_MAX_STRING = 8_192
#: Values in all, long strings counting for more: what takes longer to look at is better copied bounded. Also what ends
#: the walk of a small structure that shares its parts, which can be astronomically large.
_MAX_WEIGHT = 2_000
_CHARACTERS_PER_WEIGHT_SHIFT = 6
#: Weighs nothing beyond being a value.
_LIGHT_STRING = 1 << _CHARACTERS_PER_WEIGHT_SHIFT
_LEAVES = frozenset({bool, type(None)})


def is_plain(value: Any) -> bool:
    """Whether the encoder can take the value as it is. May raise ``RuntimeError`` when a dict changes meanwhile."""
    return _weigh([value], _MAX_WEIGHT, MAX_DEPTH) >= 0


def is_plain_struct(value: Struct) -> bool:
    """:func:`is_plain` for a typed payload: its one loose field is a dict, or typed data with a loose dict of its own."""
    item: Any = value
    for _ in range(2):
        names: tuple[str, ...] = getattr(type(item), "loose_fields", ())
        if len(names) != 1:
            break
        item = getattr(item, names[0])
        if item is None:
            return True
        if type(item) is dict:
            return weigh_dict(item) >= 0
        if not issubclass(type(item), Struct):  # by type: an object may lie about its class
            break
    return is_plain(item)


def weigh_dict(value: dict[Any, Any], left: int = _MAX_WEIGHT, depth: int = MAX_DEPTH) -> int:
    """What is left of the weight after this dict; negative when it is not plain. Leaves are judged in place: calls cost."""
    left -= len(value)
    if left < 0 or depth < 0:
        return -1
    for key, item in value.items():
        if type(key) is not str:
            return -1
        kind = type(item)
        if kind is str:
            size = len(item)
            if size >= _LIGHT_STRING:
                if size > _MAX_STRING:
                    return -1
                left -= size >> _CHARACTERS_PER_WEIGHT_SHIFT
        elif kind is int:
            if not MIN_INT <= item <= MAX_INT:
                return -1
        elif kind is dict:
            left = weigh_dict(item, left, depth - 1)
            if left < 0:
                return -1
        elif kind is not bool and item is not None:
            left = _weigh_other(item, left, depth)
            if left < 0:
                return -1
    return left


def _weigh_other(item: Any, left: int, depth: int) -> int:
    kind = type(item)
    if kind is float:
        return left if -MAX_FLOAT <= item <= MAX_FLOAT else -1
    if kind is list or kind is tuple:
        return _weigh(item, left, depth - 1)
    if issubclass(kind, Struct):
        # Typed fields hold what handles have checked already; only the loose ones can hold anything.
        names = getattr(kind, "loose_fields", None) or kind.__struct_fields__
        return _weigh([getattr(item, name) for name in names], left, depth - 1)
    return -1


def _weigh(items: Any, left: int, depth: int) -> int:
    left -= len(items)
    if left < 0 or depth < 0:
        return -1
    for item in items:
        kind = type(item)
        if kind is str:
            size = len(item)
            if size > _MAX_STRING:
                return -1
            left -= size >> _CHARACTERS_PER_WEIGHT_SHIFT
        elif kind is int:
            if not MIN_INT <= item <= MAX_INT:
                return -1
        elif kind is dict:
            left = weigh_dict(item, left, depth - 1)
        elif kind not in _LEAVES:
            left = _weigh_other(item, left, depth)
        if left < 0:
            return -1
    return left

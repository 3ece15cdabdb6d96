"""Any Python value → a bounded tree of plain JSON values, with a marker where something cannot be sent."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import numbers
import pathlib
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

__all__ = [
    "MAX_DEPTH",
    "MAX_INT",
    "MAX_STRING",
    "is_plain",
    "is_plain_dict",
    "plain_payload",
    "sanitize",
    "shorten",
]

MAX_DEPTH = 48
MAX_NODES = 4_000
MAX_STRING = 32_768
MAX_INT = 2**63 - 1
_PLAIN_STRING = 8_192
_PLAIN_ITEMS = 512
_MAX_FLOAT = 1.7976931348623157e308
_LEAVES = frozenset({bool, type(None)})


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, the last of them saying how many were left out."""
    if len(text) <= limit:
        return text
    mark = f"…[+{len(text) - limit} chars]"
    kept = max(0, limit - len(mark))
    return f"{text[:kept]}…[+{len(text) - kept} chars]"


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether the encoder can take the value as it is: JSON types only, finite, small enough, not deep."""
    kind = type(value)
    if kind is dict:
        return is_plain_dict(value, depth)
    if kind is str:
        return len(value) <= _PLAIN_STRING
    if kind is int:
        return bool(-MAX_INT <= value <= MAX_INT)
    if kind is float:
        return bool(-_MAX_FLOAT <= value <= _MAX_FLOAT)
    if kind in _LEAVES:
        return True
    if kind is list or kind is tuple:
        return (
            depth < MAX_DEPTH
            and len(value) <= _PLAIN_ITEMS
            and all(is_plain(item, depth + 1) for item in value)
        )
    if isinstance(value, Struct):
        # Typed fields hold what handles have checked already; only the loose ones can hold anything.
        names = getattr(kind, "loose_fields", None) or kind.__struct_fields__
        return all(is_plain(getattr(value, name), depth + 1) for name in names)
    return False


def is_plain_dict(value: dict[Any, Any], depth: int = 0) -> bool:
    """:func:`is_plain` for what is known to be a dict."""
    if depth >= MAX_DEPTH or len(value) > _PLAIN_ITEMS:
        return False
    for key, item in value.items():
        if type(key) is not str or len(key) > _PLAIN_STRING:
            return False
        kind = type(item)
        if kind is str:
            if len(item) > _PLAIN_STRING:
                return False
        elif kind not in _LEAVES and not is_plain(item, depth + 1):
            return False
    return True


def sanitize(value: Any) -> Any:
    """A plain, bounded copy of any value. Never raises for what is in it; never calls ``repr``."""
    return _Walk().visit(value, 0)


def plain_payload(payload: Any) -> Any:
    """A plain copy of an event's payload; a typed one keeps its ``kind``."""
    tree = sanitize(payload)
    kind = getattr(payload, "kind", None)
    return {"kind": kind, **tree} if isinstance(kind, str) and isinstance(tree, dict) else tree


def _marker(value: Any) -> dict[str, str]:
    return {"$unserializable": type(value).__name__}


class _Walk:
    """One traversal: counts nodes and knows the containers it is inside of."""

    __slots__ = ("_inside", "_left")

    def __init__(self) -> None:
        self._left = MAX_NODES
        self._inside: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            return {"$truncated": "too many values"}
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return self.visit(value.value, depth + 1)
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, int):
            return _integer(value)
        if isinstance(value, float):
            return _float(value)
        return self._container_or_leaf(value, depth)

    def _container_or_leaf(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping | list | tuple | set | frozenset | deque | Struct) or _is_dataclass(
            value
        ):
            if depth >= MAX_DEPTH:
                return {"$truncated": "too deep"}
            if id(value) in self._inside:
                return {"$unserializable": f"circular {type(value).__name__}"}
            self._inside.add(id(value))
            try:
                return self._container(value, depth + 1)
            except (RuntimeError, TypeError, ValueError, AttributeError, KeyError, IndexError):
                return _marker(value)  # changed by another thread while we read it, or a container that lies
            finally:
                self._inside.discard(id(value))
        return _scalar(value)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            # A snapshot of a real dict is one C call, safe against another thread's writes.
            pairs = list(dict.items(value)) if isinstance(value, dict) else list(value.items())
            return self._pairs(pairs, depth)
        if isinstance(value, Struct):
            pairs = [(name, getattr(value, name)) for name in value.__struct_fields__]
            return self._pairs([(key, item) for key, item in pairs if item is not None], depth)
        if _is_dataclass(value):
            return self._pairs([(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)], depth)
        items = list(value)
        kept = [self.visit(item, depth) for item in items[: max(self._left, 0)]]
        if len(kept) < len(items):
            kept.append({"$truncated": f"{len(items) - len(kept)} more"})
        return kept

    def _pairs(self, pairs: list[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, item in pairs:
            if self._left <= 0:
                tree["$truncated"] = f"{len(pairs) - len(tree)} more"
                break
            tree[_key(key)] = self.visit(item, depth)
        return tree


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _text(value: str) -> str:
    text = str.__str__(value)
    if len(text) > MAX_STRING:
        text = shorten(text, MAX_STRING)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "$surrogate:" + text.encode("utf-8", "backslashreplace").decode()
    return text


def _integer(value: int) -> int | str:
    number = int.__index__(value)
    if -MAX_INT <= number <= MAX_INT:
        return number
    if number.bit_length() > 4096:  # Python refuses to print integers of more than 4,300 digits
        return f"$int:{number.bit_length()} bits"
    return f"$int:{number}"


def _float(value: float) -> float | dict[str, str]:
    number = float.__add__(value, 0.0)
    if number != number:
        return {"$float": "nan"}
    if number > _MAX_FLOAT:
        return {"$float": "inf"}
    if number < -_MAX_FLOAT:
        return {"$float": "-inf"}
    return number


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(key)[:256]
    if key is None or isinstance(key, bool | int | float):
        return str(key) if not isinstance(key, int) else str(_integer(key))
    if isinstance(key, enum.Enum) and isinstance(key.value, str | int):
        return _key(key.value)
    return f"$key:{type(key).__name__}"


def _scalar(value: Any) -> Any:
    """Well-known leaf types of the standard library (and numbers registered as such), else the marker."""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, uuid.UUID | decimal.Decimal | pathlib.PurePath):
        return _text(str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _text(bytes(value[:MAX_STRING]).decode("utf-8", "backslashreplace"))
    try:
        if isinstance(value, numbers.Integral):
            return _integer(int(value))
        if isinstance(value, numbers.Real):
            return _float(float(value))
    except (TypeError, ValueError, OverflowError):
        return _marker(value)
    return _marker(value)

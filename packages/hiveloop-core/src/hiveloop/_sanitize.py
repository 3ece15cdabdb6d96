"""Any Python value → a bounded tree of plain JSON values, with a marker where something cannot be sent."""

from __future__ import annotations

import datetime
import decimal
import enum
import numbers
import sys
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from msgspec import Struct

from ._plain import MAX_DEPTH, MAX_FLOAT, MAX_INT, MIN_INT, is_plain
from ._safety import guarded

__all__ = [
    "MAX_NODES",
    "MAX_STRING",
    "is_plain",
    "plain_payload",
    "sanitize",
    "scrubbed",
    "shorten",
    "type_name",
]

MAX_NODES = 4_000
MAX_STRING = 32_768
#: Characters of all strings together; what comes later is cut to ``_SPENT_STRING``.
_MAX_CHARACTERS = 8 * MAX_STRING
_SPENT_STRING = 64
_MAX_KEY = 256
#: Python refuses to print longer integers where its limit is set to the lowest value allowed (640 digits).
_MAX_INT_BITS = 2_048
#: How often a container that changes while it is read is read again.
_ATTEMPTS = 3

_CONTAINERS = (dict, list, tuple, set, frozenset, deque, range, Struct, Mapping)
_NOTHING: dict[str, str] = {}
_VIEWS = (type(_NOTHING.keys()), type(_NOTHING.values()), type(_NOTHING.items()))
_TEXTUAL = (uuid.UUID, decimal.Decimal)
_MOMENTS = (datetime.datetime, datetime.date, datetime.time)
# A metaclass may define `__name__` in any way it likes.
type_name: Callable[[type], str] = type.__dict__["__name__"].__get__


#: What must be removed before a text is cut, set by the running session: half a secret matches no pattern any more.
scrubbers: tuple[Callable[[str], str], ...] = ()
#: How far beyond the cut a secret that begins before it may reach.
_SCRUB_BEYOND = 4_096


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters (or the mark alone), the last of them saying how many were left out."""
    if len(text) <= limit:
        return text
    total, kept = len(text), max(0, limit - len(f"…[+{len(text)} chars]"))
    return f"{scrubbed(text, kept)[:kept]}…[+{total - kept} chars]"


def scrubbed(text: str, limit: int) -> str:
    """What will be cut at ``limit`` characters, without the secrets in it; the same text where nobody looks for any."""
    if not scrubbers:
        return text
    text = text[: limit + _SCRUB_BEYOND]
    for scrub in scrubbers:
        text = scrub(text)
    return text


def sanitize(value: Any) -> Any:
    """A plain, bounded copy of any value. Never raises for what is in it; never calls ``repr``."""
    return _Walk().visit(value, 0)


def plain_payload(payload: Any) -> Any:
    """A plain copy of an event's payload; a typed one keeps its ``kind``."""
    tree = sanitize(payload)
    if issubclass(type(payload), Struct) and isinstance(tree, dict):
        kind = getattr(type(payload), "kind", None)
        return {"kind": kind, **tree} if isinstance(kind, str) else tree
    return tree


def _marker(value: Any) -> dict[str, str]:
    return {"$unserializable": shorten(type_name(type(value)), 128)}


class _Walk:
    """One traversal: counts nodes and characters and knows the containers it is inside of.

    Decides by ``type(value)``, never by ``isinstance``: that asks the value, and proxies and mocks lie or raise.
    """

    __slots__ = ("_characters", "_inside", "_left")

    def __init__(self) -> None:
        self._left = MAX_NODES
        self._characters = _MAX_CHARACTERS
        self._inside: set[int] = set()

    def visit(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            return {"$truncated": "too many values"}
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is int:
            return _integer(value)
        if kind is float:
            return _float(value)
        # From here on code of the value may run: properties, iterators, conversions.
        return guarded(lambda: self._visit_other(value, kind, depth), _marker(value))

    def _visit_other(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, enum.Enum):
            return self.visit(value.value, depth + 1)
        if issubclass(kind, str):
            return self._text(str.__str__(value))
        if issubclass(kind, int):
            return _integer(int.__index__(value))
        if issubclass(kind, float):
            return _float(float.__add__(value, 0.0))
        if issubclass(kind, _CONTAINERS) or kind in _VIEWS or hasattr(kind, "__dataclass_fields__"):
            return self._enter(value, kind, depth)
        plain = _scalar(value, kind)
        return self._text(plain) if isinstance(plain, str) else plain

    def _enter(self, value: Any, kind: type, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return {"$truncated": "too deep"}
        if id(value) in self._inside:
            return {"$unserializable": f"circular {shorten(type_name(kind), 128)}"}
        self._inside.add(id(value))
        try:
            return self._container(value, kind, depth + 1)
        finally:
            self._inside.discard(id(value))

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, dict):
            return self._object(self._some(lambda: dict.items(value)), dict.__len__(value), depth)
        if issubclass(kind, Struct):
            pairs = [(name, getattr(value, name)) for name in kind.__struct_fields__]
            if kind.__struct_config__.omit_defaults:
                pairs = [(name, item) for name, item in pairs if item is not None]
            return self._object(pairs, len(pairs), depth)
        if hasattr(kind, "__dataclass_fields__"):
            import dataclasses  # loaded: the value is one

            # What its class keeps out of its text stays out here too.
            pairs = [
                (field.name, getattr(value, field.name))
                for field in dataclasses.fields(cast(Any, kind))
                if field.repr
            ]
            return self._object(pairs, len(pairs), depth)
        if issubclass(kind, Mapping):
            pairs = self._some(value.items)
            return self._object(pairs, len(value), depth)
        items = self._some(lambda: _iterate(value, kind))
        return self._array(items, len(value), depth)

    def _some(self, read: Callable[[], Iterable[Any]]) -> list[Any]:
        """As many as there is room for; read again where another thread changed the container meanwhile."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return list(islice(read(), max(self._left, 0)))
            except RuntimeError:
                continue
        return list(islice(read(), max(self._left, 0)))

    def _array(self, items: list[Any], total: int, depth: int) -> list[Any]:
        kept = [self.visit(item, depth) for item in items]
        if len(kept) < total:
            kept.append({"$truncated": f"{total - len(kept)} more"})
        return kept

    def _object(self, pairs: list[tuple[Any, Any]], total: int, depth: int) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, item in pairs:
            if self._left <= 0:
                break
            name = self._key(key)
            tree[name if name not in tree else _another(name, tree)] = self.visit(item, depth)
        if len(tree) < total:
            tree["$truncated"] = f"{total - len(tree)} more"
        return tree

    def _key(self, key: Any) -> str:
        kind = type(key)
        if kind is not str and issubclass(kind, tuple | frozenset):
            return f"$key:{shorten(type_name(kind), 128)}"
        plain = self.visit(key, MAX_DEPTH)
        self._left += 1
        if isinstance(plain, dict | list):
            return f"$key:{shorten(type_name(kind), 128)}"
        if plain is None or isinstance(plain, bool):
            return {None: "null", True: "true", False: "false"}[plain]
        return shorten(str(plain), _MAX_KEY)

    def _text(self, text: str) -> str:
        room = MAX_STRING if self._characters > 0 else _SPENT_STRING
        cut = shorten(text, room)
        self._characters -= len(cut)
        try:
            cut.encode()
        except UnicodeEncodeError:
            # Each lone surrogate becomes six characters.
            return "$surrogate:" + shorten(text, room // 6).encode("utf-8", "backslashreplace").decode()
        return cut


def _iterate(value: Any, kind: type) -> Iterator[Any]:
    """By the base class's own iterator, whatever a subclass makes of it."""
    for base in (list, tuple, set, frozenset, deque):
        if issubclass(kind, base):
            return base.__iter__(value)
    return iter(value)


def _another(name: str, tree: dict[str, Any]) -> str:
    """Keys that differ in Python may be one in JSON: ``1`` and ``"1"``."""
    number = len(tree) + 1
    while f"{name}~{number}" in tree:
        number += 1
    return f"{name}~{number}"


def _integer(number: int) -> int | str:
    if MIN_INT <= number <= MAX_INT:
        return number
    return f"$int:{number}" if number.bit_length() <= _MAX_INT_BITS else f"$int:{number.bit_length()} bits"


def _float(number: float) -> float | dict[str, str]:
    if number != number:
        return {"$float": "nan"}
    if number > MAX_FLOAT:
        return {"$float": "inf"}
    return {"$float": "-inf"} if number < -MAX_FLOAT else number


def _is_path(kind: type) -> bool:
    pathlib = sys.modules.get("pathlib")  # without it there are no paths, and it is dear to import
    return pathlib is not None and issubclass(kind, pathlib.PurePath)


def _scalar(value: Any, kind: type) -> Any:
    """Well-known leaf types of the standard library (and numbers registered as such), else the marker."""
    if issubclass(kind, _MOMENTS):
        return value.isoformat()
    if issubclass(kind, datetime.timedelta):
        return value.total_seconds()
    if issubclass(kind, _TEXTUAL) or _is_path(kind):
        return str(value)
    if issubclass(kind, bytes | bytearray | memoryview):
        return bytes(value[:MAX_STRING]).decode("utf-8", "backslashreplace")
    if issubclass(kind, numbers.Integral):
        return _integer(int(value))
    if issubclass(kind, numbers.Real):
        return _float(float(value))
    return _marker(value)

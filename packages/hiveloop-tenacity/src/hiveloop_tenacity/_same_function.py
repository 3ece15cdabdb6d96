"""Which of several functions of one name this is: closures and partials of one code differ in what they hold."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from hiveloop.adapters import guarded

__all__ = ["Noted", "note", "same"]

_PLAIN = (str, bytes, int, float, bool, type(None))
_MAX_HELD = 50
_CHARS = 200


class _Held(NamedTuple):
    """A value a function holds: known by itself where that is harmless, else by its object as long as that lives."""

    kind: type
    value: Any
    reference: weakref.ref[Any] | None

    def matches(self, value: Any) -> bool:
        """Whether this is the same; what is gone, or cannot be referred to, has anything of its type in its place."""
        if self.kind is not type(value):
            return False
        if self.kind in _PLAIN:
            return bool(self.value == _cut(value))
        known = None if self.reference is None else self.reference()
        return known is None or known is value


class Noted(NamedTuple):
    """A function to be recognised by: its full name, and what it holds."""

    name: str
    held: tuple[_Held, ...]


def note(name: str, function: Any) -> Noted:
    """Note a function, ``None`` for a loop; it is not kept alive."""
    return Noted(name, tuple(map(_noted, _holdings(function))))


def same(noted: Noted, name: str, function: Any) -> bool:
    """Whether this is the function noted."""
    holdings = _holdings(function)
    return (
        noted.name == name
        and len(noted.held) == len(holdings)
        and all(held.matches(value) for held, value in zip(noted.held, holdings, strict=True))
    )


def _noted(value: Any) -> _Held:
    kind = type(value)
    if kind in _PLAIN:
        return _Held(kind, _cut(value), None)
    return _Held(kind, None, guarded(lambda: weakref.ref(value), None))


def _cut(value: Any) -> Any:
    return value[:_CHARS] if isinstance(value, (str, bytes)) else value


def _holdings(function: Any) -> list[Any]:
    return list(_held_by(function))[:_MAX_HELD] if function is not None else []


def _held_by(function: Any) -> Iterator[Any]:
    while isinstance(function, functools.partial):
        yield from function.args
        yield from function.keywords.values()
        function = function.func
    if isinstance(function, types.MethodType):
        yield function.__self__
        function = function.__func__
    if not isinstance(function, types.FunctionType):
        yield function
        return
    for cell in function.__closure__ or ():
        yield guarded(lambda cell=cell: cell.cell_contents, None)  # type: ignore[misc]

"""Replacing methods of the framework so that it can be undone, and so that other people's wrappers survive."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hiveloop.adapters import contained

from ._follow import Watch, await_inside, call_inside, follow

__all__ = ["Patches", "wrap_call", "wrap_plain_call", "wrap_stream"]

#: On every wrapper of ours, and so seen through any wrapper that keeps its original's attributes.
_MARK = "_hiveloop_autogen"

#: Makes the watch of one call from ``(self, args, kwargs)``; ``None`` leaves the call alone.
MakeWatch = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], "Watch | None"]
Wrap = Callable[[Any], Any]


class Patches:
    """What was replaced, in order; undone in reverse where it is still ours."""

    def __init__(self) -> None:
        self.enabled = True
        self._replaced: list[tuple[weakref.ref[type], str, Any, Any]] = []

    def replace(self, owner: type, name: str, wrap: Wrap) -> None:
        """Wrap what a class itself defines under ``name``, unless it is abstract or wrapped already."""
        original = vars(owner).get(name)
        if original is None or isinstance(original, (staticmethod, classmethod)) or not callable(original):
            return
        if getattr(original, "__isabstractmethod__", False) or getattr(original, _MARK, False):
            return
        ours = wrap(original)
        setattr(ours, _MARK, True)
        setattr(owner, name, ours)
        self._replaced.append((weakref.ref(owner), name, original, ours))

    def replace_in_tree(self, base: type, wraps: Mapping[str, Wrap]) -> None:
        """The same for a class, all its subclasses, and those that will be defined later."""
        for owner in _tree(base):
            for name, wrap in wraps.items():
                self.replace(owner, name, wrap)
        self._chain(base, wraps)

    def _chain(self, base: type, wraps: Mapping[str, Wrap]) -> None:
        original = vars(base).get("__init_subclass__")
        if getattr(getattr(original, "__func__", None), _MARK, False):
            return

        def defined(cls: Any, /, **kwargs: Any) -> None:
            inherited: Any = super(base, cls)
            if original is None:
                inherited.__init_subclass__(**kwargs)
            else:
                original.__get__(None, cls)(**kwargs)
            self._extend(cls, wraps)

        setattr(defined, _MARK, True)
        ours: Any = classmethod(defined)
        base.__init_subclass__ = ours  # type: ignore[method-assign]
        self._replaced.append((weakref.ref(base), "__init_subclass__", original, ours))

    @contained
    def _extend(self, cls: type, wraps: Mapping[str, Wrap]) -> None:
        if self.enabled:
            for name, wrap in wraps.items():
                self.replace(cls, name, wrap)

    def undo(self) -> None:
        """Put back what is still ours; somebody who wrapped after us keeps their wrapper, with ours idle inside."""
        while self._replaced:
            reference, name, original, ours = self._replaced.pop()
            owner = reference()
            if owner is None or vars(owner).get(name) is not ours:
                continue
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)


def _tree(base: type) -> Iterator[type]:
    seen = {base}
    waiting: list[Any] = [base]
    while waiting:
        owner = waiting.pop()
        yield owner
        for child in type.__subclasses__(owner):
            if child not in seen:
                seen.add(child)
                waiting.append(child)


def wrap_stream(make_watch: MakeWatch) -> Wrap:
    """For methods that return an async iterator."""

    def wrap(original: Any) -> Any:
        @functools.wraps(original)
        def stream(self: Any, *args: Any, **kwargs: Any) -> Any:
            # Bound by the descriptor: other people's wrapper objects do not take `self` as an argument.
            inner = original.__get__(self, type(self))(*args, **kwargs)
            watch = make_watch(self, args, kwargs) if hasattr(inner, "__anext__") else None
            return inner if watch is None else follow(inner, watch)

        return stream

    return wrap


def wrap_call(make_watch: MakeWatch) -> Wrap:
    """For coroutine methods."""

    def wrap(original: Any) -> Any:
        @functools.wraps(original)
        async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            bound = original.__get__(self, type(self))
            watch = make_watch(self, args, kwargs)
            if watch is None:
                return await bound(*args, **kwargs)
            return await await_inside(lambda: bound(*args, **kwargs), watch)

        return call

    return wrap


def wrap_plain_call(make_watch: MakeWatch) -> Wrap:
    """For methods that simply return."""

    def wrap(original: Any) -> Any:
        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            bound = original.__get__(self, type(self))
            watch = make_watch(self, args, kwargs)
            if watch is None:
                return bound(*args, **kwargs)
            return call_inside(lambda: bound(*args, **kwargs), watch)

        return call

    return wrap

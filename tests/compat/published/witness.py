"""Notes which public methods, and which of their parameters, a program used: "every method" as a fact."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

__all__ = ["Witness"]


class Witness:
    """Wraps the public surface of a package; ``unused`` names what was never called or never given."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._used: set[str] = set()

    def watch(self, owner: type | ModuleType, *dunders: str) -> None:
        """Watch the public functions defined by a class or listed by a module, and these dunder methods."""
        for name, fn in list(_public(owner, dunders)):
            self._wrap(owner, name, fn)

    def watch_function(self, module: ModuleType, name: str) -> None:
        """Watch one function of a module that does not list what it exports."""
        self._wrap(module, name, getattr(module, name))

    @property
    def unused(self) -> list[str]:
        """``Owner.method`` never called and ``Owner.method(parameter)`` never given."""
        return sorted(self._known - self._used)

    @property
    def count(self) -> int:
        """How many methods and parameters there are."""
        return len(self._known)

    def _wrap(self, owner: type | ModuleType, name: str, fn: Callable[..., Any]) -> None:
        setattr(owner, name, self._wrapped(f"{owner.__name__}.{name}", fn))

    def _wrapped(self, where: str, fn: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(fn)
        parameters = [name for name in signature.parameters if name not in ("self", "kwargs", "args")]
        self._known |= {where, *(f"{where}({name})" for name in parameters)}

        @functools.wraps(fn)
        def noted(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            self._used |= {where, *(f"{where}({name})" for name in given)}
            return fn(*args, **kwargs)

        return noted


def _public(owner: type | ModuleType, dunders: tuple[str, ...]) -> Iterator[tuple[str, Callable[..., Any]]]:
    exported = getattr(owner, "__all__", None)
    for name, value in vars(owner).items():
        wanted = name in exported if exported is not None else not name.startswith("_")
        if (wanted or name in dunders) and inspect.isfunction(value):
            yield name, value

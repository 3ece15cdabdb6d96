"""Replacing a method of CrewAI where it sends no event, so that it can be undone and other people's wrappers survive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Switch", "replace"]


class Switch:
    """Whether a wrapper is still wanted: one that cannot be taken out, because somebody wrapped it, is switched off."""

    __slots__ = ("is_on",)

    def __init__(self) -> None:
        self.is_on = True


def replace(owner: Any, name: str, wrap: Callable[[Any, Switch], Any]) -> list[Callable[[], None]]:
    """Put ``wrap(original, switch)`` in the place of what a class itself defines; returns what undoes it.

    Nothing is done where CrewAI has moved it.
    """
    original = vars(owner).get(name) if isinstance(owner, type) else None
    if original is None:
        return []
    switch = Switch()
    ours = wrap(original, switch)
    setattr(owner, name, ours)

    def undo() -> None:
        switch.is_on = False
        if vars(owner).get(name) is ours:
            setattr(owner, name, original)

    return [undo]

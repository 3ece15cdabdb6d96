"""Adapters found through the entry-point group ``hiveloop.adapters``: quiet when guessed, loud when named."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hiveloop._safety import attempt
from hiveloop.errors import AdapterUnavailable, HiveLoopConfigError

__all__ = ["Adapter", "instrument", "uninstrument"]

log = logging.getLogger("hiveloop")

GROUP = "hiveloop.adapters"


@dataclass(frozen=True, slots=True)
class Adapter:
    """How to turn one framework's adapter on and off. ``requires`` are importable module names."""

    name: str
    requires: tuple[str, ...]
    install: str
    instrument: Callable[..., None]
    uninstrument: Callable[[], None]

    @property
    def is_available(self) -> bool:
        """Whether the framework is installed (it is not imported to find out)."""
        return all(importlib.util.find_spec(module) is not None for module in self.requires)


def _found() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def instrument(*names: str) -> tuple[str, ...]:
    """Turn on the adapters of these frameworks, or without names of every framework installed.

    Returns the names turned on. A named framework that is missing raises :class:`AdapterUnavailable`, an unknown
    name :class:`HiveLoopConfigError`; a guessed one is skipped quietly.
    """
    found = _found()
    for name in names:
        if name not in found:
            known = ", ".join(sorted(found)) or "none installed"
            raise HiveLoopConfigError(
                f"no adapter named {name!r}; installed: {known}. Try: pip install hiveloop-{name}"
            )
    turned_on = []
    for name in names or sorted(found):
        if _turn_on(found[name], loud=bool(names)):
            turned_on.append(name)
    return tuple(turned_on)


def _turn_on(point: Any, loud: bool) -> bool:
    if loud:
        adapter: Adapter = point.load()
        if not adapter.is_available:
            raise AdapterUnavailable(f"{adapter.name} is not installed. Try: {adapter.install}")
        adapter.instrument()
        return True

    def quietly() -> bool:
        adapter: Adapter = point.load()
        if not adapter.is_available:
            log.debug("adapter %s skipped: its framework is not installed", adapter.name)
            return False
        adapter.instrument()
        return True

    return bool(attempt(quietly, f"adapter {point.name}")[1])


def uninstrument(*names: str) -> None:
    """Turn adapters off again; without names, all. Unknown names are ignored."""
    for name, point in _found().items():
        if not names or name in names:
            attempt(lambda point=point: point.load().uninstrument(), f"adapter {name}")  # type: ignore[misc]

"""tenacity's retries, seen on HiveBoard: a hook, a watch on one function, or one call for the whole process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiveloop.adapters import Adapter

    from ._hooks import before_sleep, chain
    from ._install import instrument, uninstrument
    from ._watch import watch

    adapter: Adapter

__all__ = ["adapter", "before_sleep", "chain", "instrument", "uninstrument", "watch"]

_HOMES = {
    "adapter": "_adapter",
    "before_sleep": "_hooks",
    "chain": "_hooks",
    "instrument": "_install",
    "uninstrument": "_install",
    "watch": "_watch",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: importing this package neither needs nor imports tenacity."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

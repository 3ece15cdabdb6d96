"""CrewAI, seen on HiveBoard: one call shows every crew, agent and flow of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiveloop.adapters import Adapter

    from ._identity import Role
    from ._install import instrument, uninstrument

    adapter: Adapter

__all__ = ["Role", "adapter", "instrument", "uninstrument"]

_HOMES = {
    "Role": "_identity",
    "adapter": "_adapter",
    "instrument": "_install",
    "uninstrument": "_install",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: importing this package neither needs nor imports CrewAI."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

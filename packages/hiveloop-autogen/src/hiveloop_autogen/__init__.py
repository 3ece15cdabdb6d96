"""AutoGen agents and teams, seen on HiveBoard: one call for the whole process, or one wrapper around a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiveloop.adapters import Adapter

    from ._install import instrument, uninstrument
    from ._observe import observe
    from ._options import RunInfo

    adapter: Adapter

__all__ = ["RunInfo", "adapter", "instrument", "observe", "uninstrument"]

_HOMES = {
    "RunInfo": "_options",
    "adapter": "_adapter",
    "instrument": "_install",
    "observe": "_observe",
    "uninstrument": "_install",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: importing this package neither needs nor imports AutoGen."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

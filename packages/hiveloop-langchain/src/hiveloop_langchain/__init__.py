"""LangChain and LangGraph, seen on HiveBoard: one handler, or one call for the whole process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiveloop.adapters import Adapter

    from ._handler import HiveLoopCallbackHandler
    from ._install import instrument, uninstrument
    from ._middleware import GateMiddleware
    from ._runs import RootRun

    adapter: Adapter

__all__ = ["GateMiddleware", "HiveLoopCallbackHandler", "RootRun", "adapter", "instrument", "uninstrument"]

_HOMES = {
    "GateMiddleware": "_middleware",
    "HiveLoopCallbackHandler": "_handler",
    "RootRun": "_runs",
    "adapter": "_adapter",
    "instrument": "_install",
    "uninstrument": "_install",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: importing this package neither needs nor imports LangChain."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in ("GateMiddleware", "HiveLoopCallbackHandler"):
        import_module(f"{__name__}._install").require_langchain()
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

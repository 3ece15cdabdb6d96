"""Process-wide registration: one handler on LangChain's configure hook, and on LangGraph's own callback managers."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from hiveloop.adapters import AdapterUnavailable, contained

from ._runs import RootRun

__all__ = ["INSTALL", "instrument", "require_langchain", "uninstrument"]

INSTALL = "pip install 'hiveloop-langchain[langchain]'"

_lock = threading.Lock()
_installed: dict[str, Any] = {}


def instrument(
    agent: str | Callable[[RootRun], str] | None = None,
    project: str | None = None,
    capture_content: bool = True,
) -> None:
    """Show every LangChain and LangGraph run of this process. A repeated call only changes the settings.

    Raises ``AdapterUnavailable`` when langchain-core is not installed. Settings are those of
    ``HiveLoopCallbackHandler``; a handler passed explicitly to a run takes precedence there.
    """
    require_langchain()
    from ._handler import HiveLoopCallbackHandler

    with _lock:
        handler = _installed.get("handler")
        if handler is not None:
            handler.configure(agent, project, capture_content)
            return
        handler = HiveLoopCallbackHandler(agent, project, capture_content)
        _installed["handler"] = handler
        _installed["hook"] = _register(handler, HiveLoopCallbackHandler)
        _installed["undo"] = _wrap_graph_managers()
        handler.watch_clients()


def uninstrument() -> None:
    """Stop showing runs that start from now on; those under way are told to their end. Idempotent."""
    with _lock:
        handler = _installed.pop("handler", None)
        if handler is None:
            return
        handler.disable()
        _unregister(_installed.pop("hook"))
        for undo in _installed.pop("undo"):
            undo()


def require_langchain() -> None:
    """Raise ``AdapterUnavailable``, with the install line, when langchain-core is not there."""
    if importlib.util.find_spec("langchain_core") is None:
        raise AdapterUnavailable(f"langchain-core is not installed: {INSTALL}")


def _register(handler: Any, handler_class: type) -> tuple[Any, ...] | None:
    from langchain_core.tracers.context import register_configure_hook

    # A default, not a set value: every thread and context sees it. The class keeps an explicit handler alone.
    variable: ContextVar[Any] = ContextVar("hiveloop_langchain", default=handler)
    register_configure_hook(variable, inheritable=True, handle_class=handler_class)
    return next((entry for entry in reversed(_hooks()) if entry[0] is variable), None)


@contained
def _unregister(entry: tuple[Any, ...] | None) -> None:
    # There is no public way back. Where the list has moved, the disabled handler stays and opens nothing.
    if entry is not None and entry in _hooks():
        _hooks().remove(entry)


def _hooks() -> list[Any]:
    from langchain_core.tracers import context

    found = getattr(context, "_configure_hooks", [])
    return found if isinstance(found, list) else []


def _wrap_graph_managers() -> list[Callable[[], None]]:
    """LangGraph builds the managers of pause and resume from the config alone, past the hook (seen in 1.1.7 to 1.2)."""
    try:
        from langgraph import callbacks
    except ImportError:
        return []
    undo = []
    for name in ("_GraphCallbackManager", "_AsyncGraphCallbackManager"):
        manager = getattr(callbacks, name, None)
        original = vars(manager).get("configure") if isinstance(manager, type) else None
        if isinstance(manager, type) and isinstance(original, classmethod):
            undo.append(_wrap_configure(manager, original))
    return undo


def _wrap_configure(manager: type, original: Any) -> Callable[[], None]:
    function = original.__func__

    @functools.wraps(function)
    def configure(cls: type, *args: Any, **kwargs: Any) -> Any:
        configured = function(cls, *args, **kwargs)
        _join(configured)
        return configured

    ours: Any = classmethod(configure)
    manager.configure = ours  # type: ignore[attr-defined]

    def undo() -> None:
        # Somebody who wrapped after us keeps their wrapper; ours inside it joins nothing any more.
        if vars(manager).get("configure") is ours:
            manager.configure = original  # type: ignore[attr-defined]

    return undo


@contained
def _join(manager: Any) -> None:
    handler = _installed.get("handler")
    if handler is not None and not any(isinstance(known, type(handler)) for known in manager.handlers):
        manager.add_handler(handler, True)

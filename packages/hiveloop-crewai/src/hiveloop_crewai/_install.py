"""Process-wide registration: handlers on the bus, hooks for the gate, the shim for human input, and the way back."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hiveloop.adapters import (
    AdapterUnavailable,
    add_drain,
    add_scope_resolver,
    remove_drain,
    remove_scope_resolver,
)

from ._later import cancel, once_imported
from ._settings import settings

if TYPE_CHECKING:
    from ._identity import Role

__all__ = ["INSTALL", "instrument", "uninstrument"]

INSTALL = "pip install 'hiveloop-crewai[crewai]'"

_UNINSTALL_SECONDS = 5.0
# Reentrant: the import that was waited for may begin while a setting changes.
_lock = threading.RLock()
_installed: dict[str, Any] = {}


def instrument(
    agent: str | Callable[[Role], str] | None = None,
    project: str | None = None,
    capture_content: bool = True,
    *,
    escalate_delegation: bool = True,
) -> None:
    """Show every crew, agent and flow of this process. A repeated call only changes the settings.

    ``agent``: one name for all roles, or ``(Role) -> name``; absent: one agent a role. ``project``: project of the
    tasks. ``capture_content=False`` sends no prompt, answer, argument, result or error text.
    ``escalate_delegation=False`` shows delegation to a coworker as a step only, without an ``escalated`` event.
    Raises ``AdapterUnavailable`` when CrewAI is not installed. Does not import CrewAI, which takes seconds: where that
    has not happened yet, it takes effect when the program does it.
    """
    if importlib.util.find_spec("crewai") is None:
        raise AdapterUnavailable(f"crewai is not installed: {INSTALL}")
    with _lock:
        settings.agent, settings.project = agent, project
        settings.capture_content, settings.escalate_delegation = capture_content, escalate_delegation
        if not _installed:
            _installed["asked"] = True
            once_imported(_turn_on)


def _turn_on() -> None:
    """CrewAI is imported: listen."""
    if "asked" not in _installed or "handlers" in _installed:
        return
    from ._call_errors import wrap_failing
    from ._handlers import register
    from ._human_input import wrap_prompts
    from ._kickoffs import wrap_kickoffs
    from ._reviewers import wrap_reviews
    from ._usage_notes import wrap_counting
    from ._watching import client_retries, drain, scope

    _installed["handlers"] = register()
    _installed["hooks"] = _register_hooks()
    _installed["undo"] = [
        *wrap_prompts(),
        *wrap_reviews(),
        *wrap_counting(),
        *wrap_failing(),
        *wrap_kickoffs(),
    ]
    add_drain(drain)
    add_scope_resolver(scope)
    client_retries.watch()


def uninstrument() -> None:
    """Stop showing what happens from now on; what is under way is ended as aborted. Idempotent."""
    with _lock:
        cancel()
        _installed.pop("asked", None)
        if not _installed:
            return
        from ._handlers import unregister
        from ._watching import client_retries, drain, forget, scope

        drain(_UNINSTALL_SECONDS, False)
        unregister(_installed.pop("handlers"))
        for undo in (*_installed.pop("hooks"), *_installed.pop("undo")):
            undo()
        client_retries.close()
        remove_drain(drain)
        remove_scope_resolver(scope)
        forget()


def _register_hooks() -> list[Callable[[], Any]]:
    """The gate's hooks, through CrewAI's public registration; returns what takes them out again."""
    from crewai import hooks

    from ._gates import after_tool, before_model, before_tool

    undo: list[Callable[[], Any]] = []
    for name, hook in (
        ("before_llm_call", before_model),
        ("before_tool_call", before_tool),
        ("after_tool_call", after_tool),
    ):
        add = getattr(hooks, f"register_{name}_hook", None)
        remove = getattr(hooks, f"unregister_{name}_hook", None)
        if add is not None and remove is not None:
            add(hook)
            undo.append(functools.partial(remove, hook))
    return undo

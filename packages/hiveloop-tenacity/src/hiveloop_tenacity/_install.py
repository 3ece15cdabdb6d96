"""Process-wide observation: every retry of every Retrying object, those made before included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from hiveloop.adapters import ClientRetries

from . import _nesting as nesting
from ._options import EXCLUDED, GiveUp, Options, checked, prefixes, require_tenacity
from ._report import Reporter

__all__ = ["instrument", "uninstrument"]

_lock = threading.Lock()
_undo: list[Callable[[], None]] = []
_reporter: Reporter | None = None
_installed: _Installed | None = None
_client_retries = ClientRetries()


def instrument(
    agent: str | Callable[[str], str] | None = None,
    on_give_up: GiveUp | None = "issue",
    *,
    assigned_to: str | None = None,
    resolve_on_recover: bool = True,
    min_backoff_seconds: float = 0.0,
    name: Callable[[Any], str] | None = None,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = EXCLUDED,
    capture_content: bool = True,
) -> None:
    """Show every tenacity retry of this process, and the HTTP retries of the openai and anthropic clients.

    A repeated call only changes the settings. Raises ``AdapterUnavailable`` when tenacity is not installed,
    ``HiveLoopConfigError`` for a setting that makes no sense.

    Args:
        agent: where no task or agent is around: the agent's name, or ``(name of the function) -> name``.
        on_give_up: ``issue`` or ``escalate``, or ``None`` to leave giving up to the error that follows.
        assigned_to: who an escalation goes to.
        resolve_on_recover: resolve the issue this process opened once the function succeeds again.
        min_backoff_seconds: shorter waits are not told; recovering and giving up still are.
        name: ``(RetryCallState) -> name`` of the function, where its own does not say enough.
        include: module prefixes to watch; ``None``: all.
        exclude: module prefixes left alone; what LangChain retries is told by its own adapter.
        capture_content: ``False`` sends types of errors without their texts.
    """
    global _reporter
    require_tenacity()
    options = Options(
        agent=agent,
        on_give_up=on_give_up,
        assigned_to=assigned_to,
        resolve_on_recover=resolve_on_recover,
        min_backoff_seconds=min_backoff_seconds,
        name=name,
        include=prefixes(include, "include"),
        exclude=prefixes(exclude, "exclude") or (),
        capture_content=capture_content,
    )
    reporter = Reporter(checked(options))
    with _lock:
        _reporter = reporter
        if not _undo:
            _patch()
        _client_retries.watch()


def uninstrument() -> None:
    """Stop showing retries, those under way included. Watched functions stay watched. Idempotent."""
    global _reporter, _installed
    with _lock:
        _reporter = _installed = None
        _client_retries.close()
        while _undo:
            _undo.pop()()
        nesting.forget()


class _Installed:
    """One installation, from ``instrument()`` to ``uninstrument()``. Where somebody wrapped what it wrapped, its own
    wrappers stay inside theirs, and must stay silent under those of the next one.
    """

    def choose(self, retrying: Any) -> Reporter | None:
        """A watched object has a reporter of its own."""
        return None if _installed is not self or hasattr(type(retrying), "_hiveloop_reporter") else _reporter


def _patch() -> None:
    import tenacity
    from tenacity import AsyncRetrying, BaseRetrying

    from . import _observe as observe

    global _installed
    _installed = _Installed()
    _replace(BaseRetrying, "iter", observe.around_step)
    if "iter" in vars(AsyncRetrying):  # before 8.3 one step serves both
        _replace(AsyncRetrying, "iter", observe.around_async_step)
    _replace(BaseRetrying, "__iter__", observe.around_loop)
    _replace(tenacity.AttemptManager, "__enter__", observe.around_enter)
    _replace(tenacity.AttemptManager, "__exit__", observe.around_exit)
    if "__aenter__" in vars(tenacity.AttemptManager):
        _replace(tenacity.AttemptManager, "__aenter__", observe.around_aenter)


def _replace(owner: type, name: str, around: Callable[..., Callable[..., Any]]) -> None:
    if _installed is None:
        return
    original = vars(owner)[name]
    ours = around(original, _installed.choose)
    setattr(owner, name, ours)

    def undo() -> None:
        # Somebody who wrapped after us keeps their wrapper; ours inside it reports nothing any more.
        if vars(owner).get(name) is ours:
            setattr(owner, name, original)

    _undo.append(undo)

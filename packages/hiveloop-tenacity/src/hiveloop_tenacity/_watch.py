"""One function watched: its Retrying object becomes a watched kind of itself, and so does every copy tenacity makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from hiveloop import HiveLoopConfigError
from hiveloop.adapters import bind

from ._options import GiveUp, Options, checked, require_tenacity
from ._report import Reporter

__all__ = ["watch"]

T = TypeVar("T")


def watch(
    target: T,
    on_give_up: GiveUp | None = "issue",
    *,
    agent: str | Callable[[str], str] | None = None,
    assigned_to: str | None = None,
    issue_id: str | None = None,
    resolve_on_recover: bool = True,
    min_backoff_seconds: float = 0.0,
    name: Callable[[Any], str] | None = None,
    capture_content: bool = True,
) -> T:
    """Show the retries of one function decorated with ``tenacity.retry``, or of one ``Retrying`` object; returns it.

    Nothing is patched, its hooks stay as they are, and ``retry_with`` keeps the watch. It has its own settings
    beside ``instrument()`` (same meaning); ``issue_id`` names the issue of giving up. A repeated call changes them.
    Raises ``HiveLoopConfigError`` when there is nothing of tenacity's to watch.
    """
    require_tenacity()
    options = Options(
        agent=agent,
        on_give_up=on_give_up,
        assigned_to=assigned_to,
        issue_id=issue_id,
        resolve_on_recover=resolve_on_recover,
        min_backoff_seconds=min_backoff_seconds,
        name=name,
        exclude=(),
        capture_content=capture_content,
    )
    reporter = Reporter(checked(options))
    retrying = _retrying_of(target)
    kind = getattr(type(retrying), "_hiveloop_watched", type(retrying))
    retrying.__class__ = _watched(kind, reporter)
    return target


def _retrying_of(target: Any) -> Any:
    from tenacity import BaseRetrying

    found = target if isinstance(target, BaseRetrying) else getattr(target, "retry", None)
    if not isinstance(found, BaseRetrying):
        raise HiveLoopConfigError(
            f"watch() takes a function decorated with tenacity.retry or a Retrying object, not {target!r:.200}"
        )
    return found


def _watched(kind: type, reporter: Reporter) -> type:
    """A subclass that differs in being seen. ``copy()`` asks the object for its class: copies are seen as well."""
    from tenacity import AsyncRetrying

    from . import _observe as observe

    def choose(_: Any) -> Reporter:
        return reporter

    parts: dict[str, Any] = {
        "_hiveloop_reporter": reporter,
        "_hiveloop_watched": kind,
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "__reduce_ex__": _as_unwatched,
    }
    step = _late(kind, "iter")
    seen = _seen_attempt(choose)
    if issubclass(kind, AsyncRetrying):
        is_own = "iter" in vars(AsyncRetrying)  # before 8.3 one step serves both
        around = observe.around_async_step if is_own else observe.around_step
        parts["iter"] = around(step, choose)
        parts["__anext__"] = _watched_anext(kind, seen)
    else:
        parts["iter"] = observe.around_step(step, choose)
        parts["__iter__"] = _watched_loop(kind, seen, choose)
    return type(kind.__name__, (kind,), parts)


def _late(kind: type, name: str) -> Callable[..., Any]:
    """The class's own method as it is when called: it may be patched and restored meanwhile."""

    def call(self: Any, *args: Any) -> Any:
        for owner in kind.__mro__:
            if name in vars(owner):
                return bind(vars(owner)[name], self)(*args)
        raise AttributeError(name)

    return call


def _watched_loop(kind: type, seen: Callable[[Any], Any], choose: Any) -> Callable[..., Iterator[Any]]:
    from . import _observe as observe

    own = _late(kind, "__iter__")

    def loop(self: Any) -> Iterator[Any]:
        return map(seen, own(self))

    return observe.around_loop(loop, choose)


def _watched_anext(kind: type, seen: Callable[[Any], Any]) -> Callable[..., Any]:
    own = _late(kind, "__anext__")

    async def next_attempt(self: Any) -> Any:
        return seen(await own(self))

    return next_attempt


def _seen_attempt(choose: Any) -> Callable[[Any], Any]:
    """Lets the blocks of a loop's tries be seen from both ends."""
    from tenacity import AttemptManager

    from . import _observe as observe

    plain: Any = AttemptManager
    parts: dict[str, Any] = {
        "__enter__": observe.around_enter(_late(plain, "__enter__"), choose),
        "__exit__": observe.around_exit(_late(plain, "__exit__"), choose),
    }
    if hasattr(plain, "__aenter__"):
        parts["__aenter__"] = observe.around_aenter(_late(plain, "__aenter__"), choose)
    watched = type("AttemptManager", (plain,), parts)

    def seen(attempt: Any) -> Any:
        if type(attempt) is plain:
            attempt.__class__ = watched
        return attempt

    return seen


def _as_unwatched(self: Any, protocol: Any) -> Any:
    """Pickled as what it was: a class made here cannot be found by name elsewhere."""
    return object.__new__, (type(self)._hiveloop_watched,), self.__getstate__()

"""HTTP retries inside the openai and anthropic clients, seen from one guarded place that all adapters share.

Both clients wait in a private method before they try again. It is wrapped while anybody is interested, in clients
that are imported already; where the name has moved, nothing is wrapped and nothing is seen. A call that is not
retried never comes here.
"""

from __future__ import annotations

import functools
import sys
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from hiveloop import _scope
from hiveloop._locks import Lock
from hiveloop._safety import contained
from hiveloop._sanitize import shorten
from hiveloop.events import Event, RetryStarted
from hiveloop.payloads import Retry

from ._binding import bind

__all__ = ["ClientRetries", "ModelCall"]

_CLIENTS = {"openai._base_client": "openai", "anthropic._base_client": "anthropic"}
_WAIT = "_sleep_for_retry"
_BACKOFF = "_calculate_retry_timeout"
_FUNCTION_CHARS = 200


class ModelCall(NamedTuple):
    """The model call under way: ``emit`` of its task or agent, the action it belongs to, and what it is called."""

    emit: Callable[[Event], None]
    action_id: str | None
    name: str | None


#: Finds the framework's model call that the calling code is inside of.
Locator = Callable[[], "ModelCall | None"]


class _Retry:
    """One wait before another try, told as soon as its length is known."""

    __slots__ = ("about", "client", "is_told", "reason", "started")

    def __init__(self, client: str, about: dict[str, Any]) -> None:
        self.client = client
        self.about = about
        self.reason = _reason(about.get("response"))
        self.started = time.monotonic()
        self.is_told = False


_retry: ContextVar[_Retry | None] = ContextVar("hiveloop_client_retry", default=None)
_lock = Lock()
_interested: dict[object, Locator | None] = {}
#: Modules of clients not wrapped so far. A new tuple each time: it is read without the lock.
_unseen: tuple[str, ...] = tuple(_CLIENTS)
_undo: list[Callable[[], None]] = []


class ClientRetries:
    """The interest of one adapter, from ``watch()`` to ``close()`` or the end of this object, whichever is first.

    ``locate`` says which model call of the framework the calling code is inside of. Without one, or where it knows
    none, a retry belongs to the current task and action, or to the current agent; without any of them it is not told.
    """

    def __init__(self, locate: Locator | None = None) -> None:
        self._locate = locate
        self._key = object()
        weakref.finalize(self, _release, self._key).atexit = False

    @contained
    def watch(self) -> None:
        """Begin, or look for clients imported since. Cheap: meant to be called before every model call."""
        if self._key not in _interested:
            with _lock:
                _interested[self._key] = self._locate
        for name in _unseen:
            if name in sys.modules:
                _wrap_clients()
                return

    @contained
    def close(self) -> None:
        """End it; with the last one the clients get their own methods back. Idempotent; ``watch()`` begins anew."""
        _release(self._key)

    def __deepcopy__(self, memo: Any) -> ClientRetries:
        return self  # copies of a handler share its interest

    def __reduce__(self) -> Any:
        return ClientRetries, (self._locate,)


def _release(key: object) -> None:
    global _unseen
    with _lock:
        if key not in _interested:
            return
        del _interested[key]
        if not _interested:
            while _undo:
                _undo.pop()()
            _unseen = tuple(_CLIENTS)


def _wrap_clients() -> None:
    global _unseen
    with _lock:
        for name in _unseen if _interested else ():
            module = sys.modules.get(name)
            if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
                continue
            _unseen = tuple(other for other in _unseen if other != name)
            client = _CLIENTS[name]
            _replace(getattr(module, "SyncAPIClient", None), _WAIT, functools.partial(_waiting, client))
            _replace(
                getattr(module, "AsyncAPIClient", None), _WAIT, functools.partial(_waiting_async, client)
            )
            _replace(getattr(module, "BaseClient", None), _BACKOFF, _timed)


def _replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    original = vars(owner).get(name) if isinstance(owner, type) else None
    if original is None:
        return
    ours = wrap(original)
    setattr(owner, name, ours)

    def undo() -> None:
        # Somebody who wrapped after us keeps their wrapper; ours inside it tells nothing any more.
        if vars(owner).get(name) is ours:
            setattr(owner, name, original)

    _undo.append(undo)


def _waiting(client: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def wait(self: Any, *args: Any, **about: Any) -> Any:
        _begin(client, about)
        try:
            return bind(original, self)(*args, **about)
        finally:
            _end()

    return wait


def _waiting_async(client: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def wait(self: Any, *args: Any, **about: Any) -> Any:
        _begin(client, about)
        try:
            return await bind(original, self)(*args, **about)
        finally:
            _end()

    return wait


def _timed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def backoff(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = bind(original, self)(*args, **kwargs)
        _tell(found)
        return found

    return backoff


@contained
def _begin(client: str, about: dict[str, Any]) -> None:
    if _interested:
        _retry.set(_Retry(client, about))


@contained
def _end() -> None:
    retry = _retry.get()
    if retry is not None:
        # Only where the client no longer computes its wait in the place we know.
        _tell(time.monotonic() - retry.started)
        _retry.set(None)


@contained
def _tell(backoff_seconds: Any) -> None:
    retry = _retry.get()
    if retry is None or retry.is_told:
        return
    retry.is_told = True
    call = _current_call()
    if call is not None:
        call.emit(_event(retry, call, backoff_seconds))


def _current_call() -> ModelCall | None:
    for locate in tuple(_interested.values()):
        call = None if locate is None else locate()
        if call is not None:
            return call
    scope = _scope.current()
    if scope is None:
        return None
    return ModelCall((scope.task or scope.agent).emit, scope.action_id, None)


def _event(retry: _Retry, call: ModelCall, backoff_seconds: Any) -> RetryStarted:
    taken, most = retry.about.get("retries_taken"), retry.about.get("max_retries")
    attempt = taken + 2 if type(taken) is int else None
    function = call.name or _request(retry)
    data = {
        "attempt": attempt,
        "function": function,
        "client": retry.client,
        "backoff_seconds": round(float(backoff_seconds), 3),
        "reason": retry.reason,
        "max_attempts": most + 1 if type(most) is int else None,
    }
    which = "Another attempt" if attempt is None else f"Attempt {attempt}"
    payload = Retry(
        summary=f"{which} of {function}: {retry.reason}",
        data={key: value for key, value in data.items() if value is not None},
    )
    return RetryStarted(action_id=call.action_id, payload=payload)


def _request(retry: _Retry) -> str:
    """``openai POST /chat/completions``: without query, which may hold anything."""
    options = retry.about.get("options")
    path = str(getattr(options, "url", "")).partition("?")[0]
    method = str(getattr(options, "method", "")).upper()
    return shorten(" ".join(part for part in (retry.client, method, path) if part), _FUNCTION_CHARS)


def _reason(response: Any) -> str:
    """``HTTP 429 Too Many Requests``; without an answer, the kind of error the client is handling."""
    status = getattr(response, "status_code", None)
    if type(status) is int:
        import http  # the client has loaded it

        known = status in http.HTTPStatus._value2member_map_
        return f"HTTP {status} {http.HTTPStatus(status).phrase}" if known else f"HTTP {status}"
    error = sys.exc_info()[1]
    return "no answer" if error is None else type(error).__name__

"""A call under retry, read from tenacity's objects: what it is called, where it lives, why its last try was refused."""

from __future__ import annotations

import functools
import sys
from types import FrameType
from typing import Any, NamedTuple

from hiveloop.adapters import attempt, guarded, shorten

__all__ = [
    "Call",
    "Site",
    "call_of",
    "full_name_of",
    "max_attempts_of",
    "modules_of",
    "name_of",
    "note_site",
    "reason_of",
]

_REASON_CHARS = 200
_NAME_CHARS = 200
_MARK = "_hiveloop_call"
_OURS = ("tenacity", "hiveloop_tenacity")


class Site(NamedTuple):
    """Where a ``for attempt in Retrying()`` stands."""

    module: str
    function: str


class Call:
    """What is remembered with one ``RetryCallState``, as long as tenacity keeps it."""

    __slots__ = ("__weakref__", "frame", "is_watched", "settled", "site", "told")

    def __init__(self) -> None:
        self.site: Site | None = None
        #: Whether the reporter cares, once it was asked.
        self.is_watched: bool | None = None
        #: The try whose failure was told last: a hook and the process-wide observation see the same one.
        self.told = 0
        #: The end was told when a ``with attempt:`` block was left.
        self.settled = False
        #: The nesting frame of the try under way.
        self.frame: Any = None


def call_of(state: Any) -> Call:
    """The record of this call, made at the first question."""
    call = state.__dict__.get(_MARK)
    if call is None:
        call = state.__dict__[_MARK] = Call()
    return call  # type: ignore[no-any-return]


def note_site(call: Call, frame: FrameType) -> None:
    """Remember the frame that holds the ``with attempt:`` block as the place of this loop."""
    if call.site is None:
        call.site = _site(frame)


def _site(frame: FrameType) -> Site:
    module = str(frame.f_globals.get("__name__", ""))
    function = frame.f_code.co_qualname
    return Site(module, f"line {frame.f_lineno}" if function == "<module>" else function)


def _loop_site(state: Any) -> Site:
    """The place of a loop, noted before or found by walking out of tenacity."""
    call = call_of(state)
    if call.site is None:
        frame: FrameType | None = sys._getframe(1)
        inside = False
        while frame is not None:
            top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if top == _OURS[0]:
                inside = True
            elif inside and top not in _OURS:
                break
            frame = frame.f_back
        call.site = Site("", "retry loop") if frame is None else _site(frame)
    return call.site


def modules_of(state: Any) -> tuple[str, ...]:
    """The modules this retry belongs to: of the function, or the loop, and of the hook its maker gave it."""
    function = state.fn
    if function is None:
        module = _loop_site(state).module
    else:
        module = _site_of(state).module or type(function).__module__
    hook = state.retry_object.before_sleep
    made_in = None if hook is None else guarded(lambda: getattr(hook, "__module__", None), None)
    return (str(module), made_in) if isinstance(made_in, str) else (str(module),)


def _unwrapped(function: Any) -> Any:
    """The function inside partials."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def name_of(state: Any) -> str:
    """``module.qualname`` of the function or loop; tenacity's own ``name=`` where one was given (9.2)."""
    given = _given_name(state)
    if given is not None:
        return shorten(given, _NAME_CHARS)
    module, qualname = _site_of(state)
    qualname = qualname.rpartition("<locals>.")[2]
    plain = not module or module == "__main__"
    return shorten(qualname if plain else f"{module}.{qualname}", _NAME_CHARS)


def full_name_of(state: Any) -> str:
    """The same with the functions it is defined in: what tells functions of one name apart."""
    given = _given_name(state)
    if given is not None:
        return given
    module, qualname = _site_of(state)
    return qualname if not module or module == "__main__" else f"{module}.{qualname}"


def _given_name(state: Any) -> str | None:
    given = getattr(state.retry_object, "_name", None)
    return given if isinstance(given, str) and given else None


def _site_of(state: Any) -> Site:
    if state.fn is None:
        return _loop_site(state)
    function = _unwrapped(state.fn)
    module = guarded(lambda: getattr(function, "__module__", None), None)
    qualname = guarded(lambda: getattr(function, "__qualname__", None), None)
    return Site(
        module if isinstance(module, str) else "",
        qualname if isinstance(qualname, str) and qualname else type(function).__qualname__,
    )


def max_attempts_of(stop: Any) -> int | None:
    """The number of tries a stop condition allows, where it is one that counts them."""
    # A condition of the program may compute it, and what it raises there is not ours.
    limit = guarded(lambda: getattr(stop, "max_attempt_number", None), None)
    if type(limit) is int:
        return limit
    if type(stop).__name__ == "stop_any":
        limits = [found for found in map(max_attempts_of, getattr(stop, "stops", ())) if found is not None]
        return min(limits, default=None)
    return None


def reason_of(outcome: Any, capture: bool) -> str:
    """Why a try was refused: type and text of its error (type alone without ``capture``), or the type of its result."""
    error = outcome.exception()
    if error is None:
        return f"unwanted result ({type(outcome.result()).__name__})"
    return shorten(_described(error, capture), _REASON_CHARS)


def _described(error: BaseException, capture: bool) -> str:
    kind = type(error).__name__
    inner = _behind(error)
    if inner is not None and inner is not error:
        return f"{kind} after {_plainly(inner, capture)}"
    return _plainly(error, capture)


def _behind(error: BaseException) -> BaseException | None:
    """tenacity's own errors say little; what they stand for does."""
    tenacity = sys.modules.get("tenacity")
    if tenacity is None:
        return None
    found: BaseException | None = None
    if isinstance(error, tenacity.TryAgain):
        found = error.__cause__ or error.__context__
    last = getattr(error, "last_attempt", None)
    if isinstance(error, tenacity.RetryError) and isinstance(last, tenacity.Future):
        found = last.exception()
    return found


def _plainly(error: BaseException, capture: bool) -> str:
    # An exception that cannot be printed is named by its type.
    text = attempt(lambda: str(error), f"text of {type(error).__name__}")[1] if capture else None
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

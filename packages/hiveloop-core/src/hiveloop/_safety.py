"""The safety boundary: the only place that catches broadly, so that observing never harms the observed program."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, ParamSpec, TypeVar

from ._locks import Lock
from .errors import HiveLoopConfigError, Intervention

__all__ = [
    "attempt",
    "code_of",
    "contained",
    "enclosed",
    "guarded",
    "is_suspending",
    "listeners",
    "report",
    "swallowed",
]

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("hiveloop")

# Flags of code objects, as `inspect` names them: importing that module would be a tenth of what this package costs.
_TAKES_MORE, _TAKES_KEYWORDS = 0x04, 0x08  # VARARGS, VARKEYWORDS
_SUSPENDING = 0x20 | 0x80 | 0x200  # GENERATOR, COROUTINE, ASYNC_GENERATOR

# Beneath `signal`, whose enumerations make reading 64 handlers twenty times as dear. Loaded by the interpreter itself.
_signal: Any = sys.modules.get("_signal")

_PASSING = (HiveLoopConfigError, Intervention)

#: How often each boundary had to swallow something, by "function: ErrorType".
swallowed: Counter[str] = Counter()
#: Called with every swallowed error; the test fixture re-raises from here.
listeners: list[Callable[[BaseException, str], None]] = []
_lock = Lock()


def report(error: BaseException, where: str) -> bool:
    """Count a swallowed error and say so once per place and type. Never raises.

    True where it must not be swallowed: a signal handler of the program raised it (a timeout, most often), which only
    happened to strike in here.
    """
    try:
        if _is_of_signal_handler(error):
            return True
        key = f"{where}: {type(error).__name__}"
        with _lock:
            swallowed[key] += 1
            first = swallowed[key] == 1
        for listener in tuple(listeners):
            listener(error, where)
        if first:
            log.warning(
                "hiveloop swallowed %s; your program is not affected, this is said once",
                key,
                exc_info=(type(error), error, error.__traceback__),
            )
    except Exception:  # noqa: BLE001, S110 - a broken log handler must not break the host either
        pass
    return False


def _is_of_signal_handler(error: BaseException) -> bool:
    """Whether its traceback leads through a signal handler. Never raises."""
    if _signal is None or threading.current_thread() is not threading.main_thread():
        return False
    try:
        handlers = {_signal.getsignal(number) for number in range(1, _signal.NSIG)}
        codes = {code_of(handler) for handler in handlers if callable(handler)} - {None}
        traceback = error.__traceback__
        while codes and traceback is not None:
            if traceback.tb_frame.f_code in codes:
                return True
            traceback = traceback.tb_next
    except Exception:  # noqa: BLE001, S110 - at the limit of recursion, or a handler that cannot be hashed
        pass
    return False


def code_of(fn: object) -> CodeType | None:
    """The code a callable runs. Looks behind methods, partials and callable objects."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    for candidate in (fn, getattr(type(fn), "__call__", None)):  # noqa: B004 - its own, not whether it has one
        code = getattr(getattr(candidate, "__func__", candidate), "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None


def contained(fn: Callable[P, R]) -> Callable[P, R | None]:
    """Decorate a boundary method: whatever goes wrong inside is counted, not raised, and ``None`` is returned.

    ``HiveLoopConfigError`` and ``Intervention`` pass: the user asked for them. ``BaseException`` is never caught.
    """
    return _bounded(fn, _PASSING)


def enclosed(fn: Callable[P, R]) -> Callable[P, R | None]:
    """:func:`contained` for what may not even stop the program on purpose: no exception passes."""
    return _bounded(fn, ())


def _bounded(fn: Callable[P, R], passing: tuple[type[Exception], ...]) -> Callable[P, R | None]:
    if not isinstance(fn, FunctionType) or fn.__code__.co_flags & _SUSPENDING:
        raise TypeError(f"contained() guards plain functions only, not {fn!r}: its body would run unguarded")
    code, where = fn.__code__, fn.__qualname__
    shape = (code.co_argcount, code.co_kwonlyargcount, bool(code.co_flags & _TAKES_MORE))
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + shape[2]]
    takes_keywords = bool(code.co_flags & _TAKES_KEYWORDS)
    last = code.co_varnames[len(names)] if takes_keywords else ""
    # `**_` takes what a framework may add to a callback and nobody reads: handing it on costs 0.2 µs a call.
    template = _template(*shape, takes_keywords, last != "_")
    names = (
        *names,
        *([last] if takes_keywords else []),
        *template.co_varnames[len(names) + takes_keywords :],
    )
    named = dict(zip(template.co_varnames, names, strict=True))
    body = template.replace(
        co_name=fn.__name__,
        co_filename=f"<boundary of {where}>",
        co_varnames=names,
        co_consts=tuple(
            tuple(named[name] for name in const) if type(const) is tuple else named.get(const, const)
            for const in template.co_consts
        ),
    )
    # A warning whose place is this frame looks for the builtins there.
    scope = {"__builtins__": __builtins__, "fn": fn, "passing": passing, "report": report, "where": where}
    boundary = FunctionType(body, scope, fn.__name__, fn.__defaults__)
    boundary.__kwdefaults__ = fn.__kwdefaults__
    return functools.wraps(fn)(boundary)


@functools.cache
def _template(plain: int, keyword_only: int, more: bool, keywords: bool, hands_keywords: bool) -> CodeType:
    """A boundary of this signature, with names to be replaced by the function's own: compiled once for each shape.

    Written out for its parameters: passing ``*args`` and ``**kwargs`` through would cost up to 0.2 µs a call.
    """
    first = [f"p{number}" for number in range(plain)]
    named = [f"k{number}" for number in range(keyword_only)]
    starred = ["*more"] if more else ["*"] if named else []
    head = [*first, *starred, *named, *(["**rest"] if keywords else [])]
    call = [*first, *(["*more"] if more else []), *(f"{name}={name}" for name in named)]
    call += ["**rest"] if keywords and hands_keywords else []
    scope: dict[str, FunctionType] = {}
    source = (
        f"def boundary({', '.join(head)}):\n"
        f"    try:\n        return fn({', '.join(call)})\n"
        f"    except passing:\n        raise\n"
        f"    except Exception as raised:\n        if report(raised, where):\n            raise\n"
    )
    exec(compile(source, "<boundary>", "exec"), scope)
    return scope["boundary"].__code__


def is_suspending(fn: object) -> bool:
    """Whether calling it gives a coroutine or a generator instead of running it. Looks behind methods and partials."""
    code = code_of(fn)
    return code is not None and bool(code.co_flags & _SUSPENDING)


def attempt(fn: Callable[[], R], where: str) -> tuple[bool, R | None]:
    """Run a callback: ``(True, result)``, or ``(False, None)`` after reporting what it raised."""
    try:
        return True, fn()
    except Exception as error:
        if report(error, where):
            raise
        return False, None


def guarded(fn: Callable[[], R], otherwise: R) -> R:
    """What reading a value of the program gives, or ``otherwise``: its own code raising is data, not a fault to report."""
    try:
        return fn()
    except Exception as error:
        if _is_of_signal_handler(error):
            raise
        return otherwise

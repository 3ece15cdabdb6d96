"""The safety boundary: the only place that catches broadly, so that observing never harms the observed program."""

from __future__ import annotations

import functools
import inspect
import logging
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ._locks import Lock
from .errors import HiveLoopConfigError, Intervention

__all__ = ["attempt", "contained", "guarded", "listeners", "report", "swallowed"]

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("hiveloop")

_PASSING = (HiveLoopConfigError, Intervention)

#: How often each boundary had to swallow something, by "function: ErrorType".
swallowed: Counter[str] = Counter()
#: Called with every swallowed error; the test fixture re-raises from here.
listeners: list[Callable[[BaseException, str], None]] = []
_lock = Lock()


def report(error: BaseException, where: str) -> None:
    """Count a swallowed error and say so once per place and type. Never raises."""
    try:
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


def contained(fn: Callable[P, R]) -> Callable[P, R | None]:
    """Decorate a boundary method: whatever goes wrong inside is counted, not raised, and ``None`` is returned.

    ``HiveLoopConfigError`` and ``Intervention`` pass: the user asked for them. ``BaseException`` is never caught.
    """
    if inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
        raise TypeError(f"contained() guards plain functions only, not {fn!r}: its body would run unguarded")
    where = fn.__qualname__
    head, call, defaults = _signature_text(fn)
    # Written out with the function's own signature: passing *args and **kwargs through costs up to 0.2 µs a call.
    source = (
        f"def boundary({head}):\n"
        f"    try:\n        return fn({call})\n"
        f"    except passing:\n        raise\n"
        f"    except Exception as error:\n        report(error, where)\n"
    )
    scope = {"fn": fn, "passing": _PASSING, "report": report, "where": where, "defaults": defaults}
    exec(compile(source, f"<boundary of {where}>", "exec"), scope)
    return functools.wraps(fn)(scope["boundary"])  # type: ignore[return-value, arg-type]


def _signature_text(fn: Callable[..., object]) -> tuple[str, str, dict[str, object]]:
    """Parameter list, call arguments and default values of ``fn`` as source text."""
    head, call, defaults, starred = [], [], {}, False
    for name, parameter in inspect.signature(fn).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            head.append(f"*{name}")
            call.append(f"*{name}")
            starred = True
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            head.append(f"**{name}")
            # `**_` takes what a framework may add to a callback and nobody reads: handing it on costs 0.2 µs a call.
            call += [] if name == "_" else [f"**{name}"]
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            head.append("*")
            starred = True
        defaults[name] = parameter.default
        head.append(name if parameter.default is parameter.empty else f"{name}=defaults[{name!r}]")
        call.append(f"{name}={name}" if parameter.kind is parameter.KEYWORD_ONLY else name)
    return ", ".join(head), ", ".join(call), defaults


def attempt(fn: Callable[[], R], where: str) -> tuple[bool, R | None]:
    """Run a callback: ``(True, result)``, or ``(False, None)`` after reporting what it raised."""
    try:
        return True, fn()
    except Exception as error:  # noqa: BLE001 - this is the boundary
        report(error, where)
        return False, None


def guarded(fn: Callable[[], R], otherwise: R) -> R:
    """What reading a value of the program gives, or ``otherwise``: its own code raising is data, not a fault to report."""
    try:
        return fn()
    except Exception:  # noqa: BLE001 - this is the boundary
        return otherwise

"""The boundary around every entry point: the function's own signature, nothing raised but what was opted into."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hiveloop import HiveLoopConfigError, _safety, _scope
from hiveloop._safety import contained, enclosed, swallowed

KEEP = object()


def _plain(a: Any, b: Any = KEEP) -> Any:
    return a, b


def _named_only(a: Any = 1, *, b: Any, c: Any = KEEP) -> Any:
    return a, b, c


def _more(a: Any, *more: Any, b: Any = 2, **rest: Any) -> Any:
    return a, more, b, rest


def _like_the_boundary(fn: Any, where: Any, *, passing: Any = 3, raised: Any = 4, report: Any = 5) -> Any:
    return fn, where, passing, raised, report


def _locals(a: Any) -> Any:
    rest = p0 = a  # names of its body are no parameters
    return rest, p0


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
    (_plain, (1,), {}),
    (_plain, (), {"b": 1, "a": 2}),
    (_named_only, (), {"b": 1}),
    (_named_only, (7,), {"c": None, "b": 2}),
    (_more, (1,), {}),
    (_more, (1, 2, 3), {"b": 4, "c": 5}),
    (_like_the_boundary, (1, 2), {"raised": 3}),
    (_locals, (1,), {}),
]


@pytest.mark.parametrize(("fn", "args", "named"), CALLS)
def test_a_guarded_function_takes_and_gives_what_the_plain_one_does(
    fn: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    guarded = contained(fn)
    assert inspect.signature(guarded) == inspect.signature(fn)
    assert guarded.__name__ == fn.__name__
    assert guarded(*args, **named) == fn(*args, **named)


@pytest.mark.parametrize("fn", [_plain, _named_only, _more])
def test_a_wrong_call_is_the_callers_mistake_and_names_the_function(fn: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=fn.__name__):
        contained(fn)(nothing_like_it=1, b=2, a=3, c=4) if fn is not _more else contained(fn)()


def test_what_a_framework_may_add_and_nobody_reads_is_taken_and_dropped() -> None:
    seen: list[Any] = []

    def callback(a: Any, **_: Any) -> None:
        seen.append((a, _))

    contained(callback)(1, run_id=2)
    assert seen == [(1, {})]


def test_errors_are_counted_under_the_functions_name_and_only_what_was_asked_for_passes() -> None:
    def fails(error: BaseException) -> None:
        raise error

    assert contained(fails)(ValueError("x")) is None
    assert swallowed[f"{fails.__qualname__}: ValueError"] == 1
    with pytest.raises(HiveLoopConfigError):
        contained(fails)(HiveLoopConfigError("x"))
    assert enclosed(fails)(HiveLoopConfigError("x")) is None
    with pytest.raises(KeyboardInterrupt):
        enclosed(fails)(KeyboardInterrupt())


def test_only_plain_functions_can_be_guarded() -> None:
    async def coroutine() -> None: ...

    def generator() -> Any:
        yield

    for fn in (coroutine, generator, len):
        with pytest.raises(TypeError, match="plain functions"):
            contained(fn)


def test_flags_are_those_of_inspect() -> None:
    assert inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR == _scope._GENERATOR
    assert (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR) == _safety._SUSPENDING
    assert (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS) == (_safety._TAKES_MORE, _safety._TAKES_KEYWORDS)


def test_importing_the_package_loads_nothing_dear() -> None:
    dear = [
        "asyncio",
        "concurrent.futures",
        "dataclasses",
        "difflib",
        "hashlib",
        "http.client",
        "json",
        "socket",
        "ssl",
    ]
    # What msgspec would load of its own accord where it is installed counts for it.
    code = (
        "import sys; sys.modules['typing_extensions'] = None; import msgspec; before = set(sys.modules); "
        f"import hiveloop; print(sorted({dear!r} & (sys.modules.keys() - before)))".replace(
            repr(dear), f"set({dear!r})"
        )
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"

"""Other tools that wrap the same methods: before us or after us, by wrapper objects or by plain functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hiveloop_tenacity
import pytest
import tenacity
import wrapt
from hiveloop.testing import Captured
from tenacity import AsyncRetrying, BaseRetrying, Retrying, retry

from .scripted import Flaky, awake, data, kinds, quick

METHODS = (
    (BaseRetrying, "iter"),
    (AsyncRetrying, "iter"),
    (BaseRetrying, "__iter__"),
    (tenacity.AttemptManager, "__enter__"),
    (tenacity.AttemptManager, "__exit__"),
    (tenacity.AttemptManager, "__aenter__"),
)


class Theirs:
    """Somebody else's instrumentor: wrapt objects in the class, that look at what they are called on."""

    def __init__(self) -> None:
        self.on: list[tuple[str, str]] = []
        self.first = [(owner, name, vars(owner)[name]) for owner, name in METHODS if name in vars(owner)]

    def wrap(self) -> None:
        for owner, name, _ in self.first:
            wrapt.wrap_function_wrapper(owner, name, self._note)

    def _note(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        self.on.append((type(instance).__name__, wrapped.__name__))
        return wrapped(*args, **kwargs)

    def put_back(self) -> None:
        for owner, name, original in self.first:
            setattr(owner, name, original)


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    found = Theirs()
    yield found
    hiveloop_tenacity.uninstrument()
    found.put_back()


@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("way", ["instrument", "watch"])
def test_a_function(hive: Captured, theirs: Theirs, first: str, way: str) -> None:
    call = retry(**quick())(Flaky(1))
    if first == "theirs":
        theirs.wrap()
    if way == "instrument":
        hiveloop_tenacity.instrument()
    else:
        hiveloop_tenacity.watch(call)
    if first == "ours":
        theirs.wrap()
    assert call() == "ok"
    assert theirs.on == [("Retrying", "iter")] * 4
    assert kinds(hive) == ["retry_started", "recovered"]


@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("way", ["instrument", "watch"])
def test_a_loop(hive: Captured, theirs: Theirs, first: str, way: str) -> None:
    retrying, flaky = Retrying(**quick()), Flaky(1)
    if first == "theirs":
        theirs.wrap()
    if way == "instrument":
        hiveloop_tenacity.instrument()
    else:
        hiveloop_tenacity.watch(retrying)
    if first == "ours":
        theirs.wrap()
    for attempt in retrying:
        with attempt:
            flaky()
    assert [on for on in theirs.on if on[0] == "AttemptManager"] == [
        ("AttemptManager", "__enter__"),
        ("AttemptManager", "__exit__"),
    ] * 2
    assert ("Retrying", "__iter__") in theirs.on
    assert kinds(hive) == ["retry_started", "recovered"]


@pytest.mark.parametrize("first", ["theirs", "ours"])
@pytest.mark.parametrize("way", ["instrument", "watch"])
async def test_an_asynchronous_function(hive: Captured, theirs: Theirs, first: str, way: str) -> None:
    flaky = Flaky(1)

    @retry(**quick(sleep=awake))
    async def call() -> Any:
        return flaky()

    if first == "theirs":
        theirs.wrap()
    if way == "instrument":
        hiveloop_tenacity.instrument()
    else:
        hiveloop_tenacity.watch(call)
    if first == "ours":
        theirs.wrap()
    assert await call() == "ok"
    assert {on for on, _ in theirs.on} == {"AsyncRetrying"}
    assert kinds(hive) == ["retry_started", "recovered"]


@pytest.mark.parametrize("times", [1, 3])
def test_installed_again_under_somebody_elses_wrapper_tells_once(
    hive: Captured, theirs: Theirs, times: int
) -> None:
    """Theirs keeps our wrapper of the time before inside of it."""
    for _ in range(times):
        hiveloop_tenacity.instrument()
        for owner, name, _ in theirs.first:
            setattr(owner, name, _passing(vars(owner)[name], name))
        hiveloop_tenacity.uninstrument()
    hiveloop_tenacity.instrument()
    with pytest.raises(ConnectionError):
        retry(**quick(reraise=True))(Flaky(9))()
    assert kinds(hive) == ["retry_started", "retry_started", "issue"]
    assert [told["attempt"] for told in data(hive)] == [2, 3]
    flaky = Flaky(1)
    for attempt in Retrying(**quick()):
        with attempt:
            flaky()
    assert kinds(hive)[3:] == ["retry_started", "recovered"]
    hiveloop_tenacity.uninstrument()
    retry(**quick())(Flaky(1))()
    assert len(kinds(hive)) == 5


def _passing(inner: Any, name: str) -> Any:
    """A wrapper that keeps nothing of what it wraps."""

    def plain(self: Any, *args: Any, **kwargs: Any) -> Any:
        return inner(self, *args, **kwargs)

    return plain


def test_a_stand_in_that_is_never_bound(hive: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    class StandIn:
        """Like a mock: it is no descriptor, and so does not get `self`."""

        def __call__(self, retry_state: Any) -> Any:
            return tenacity.DoAttempt() if retry_state.outcome is None else retry_state.outcome.result()

    monkeypatch.setattr(BaseRetrying, "iter", StandIn())
    hiveloop_tenacity.instrument()
    assert retry(**quick())(Flaky(0))() == "ok"
    hiveloop_tenacity.uninstrument()

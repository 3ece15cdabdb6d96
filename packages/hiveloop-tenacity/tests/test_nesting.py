"""Retries inside retries: both are told, and only the outermost that gives up opens an issue."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from typing import Any

import hiveloop_tenacity
import pytest
import tenacity
from hiveloop.testing import Captured
from hiveloop_tenacity import _nesting
from hiveloop_tenacity._open_issues import OpenIssues
from hiveloop_tenacity._same_function import note
from tenacity import RetryError, Retrying, retry

from .scripted import Flaky, awake, data, quick


@pytest.fixture(autouse=True)
def _instrumented(hive: Captured) -> None:
    hiveloop_tenacity.instrument()


def _issues(hive: Captured) -> list[str]:
    issues = [event["payload"]["data"] for event in hive.kinds("issue")]
    return [f"{issue['action']} {issue['issue_id'].rpartition('.')[2]}" for issue in issues]


def _nested(flaky: Flaky, **outer: Any) -> Any:
    @retry(**quick(attempts=2))
    def inner() -> Any:
        return flaky()

    @retry(**quick(attempts=2, **outer))
    def outer_call() -> Any:
        return inner()

    return outer_call


def test_when_both_give_up_the_outer_one_is_the_issue(hive: Captured) -> None:
    with pytest.raises(RetryError):
        _nested(Flaky(99))()
    told = [(retry["function"].rpartition(".")[2], retry.get("depth")) for retry in data(hive)]
    assert told == [("inner", 1), ("outer_call", None), ("inner", 1)]
    assert data(hive)[1]["reason"] == "RetryError after ConnectionError: no route 2"
    assert _issues(hive) == ["reported outer_call"]


def test_when_the_outer_one_recovers_there_is_no_issue(hive: Captured) -> None:
    assert _nested(Flaky(2))() == "ok"
    assert _issues(hive) == []
    assert [event["payload"]["data"]["function"].rpartition(".")[2] for event in hive.kinds("recovered")] == [
        "outer_call"
    ]


def test_when_the_outer_one_lets_it_through_the_inner_is_the_issue(hive: Captured) -> None:
    with pytest.raises(RetryError):
        _nested(Flaky(99), retry=tenacity.retry_if_exception_type(KeyError))()
    assert _issues(hive) == ["reported inner"]


def test_when_the_program_handles_it_the_inner_is_the_issue(hive: Captured) -> None:
    flaky = Flaky(99)

    @retry(**quick(attempts=2))
    def inner() -> Any:
        return flaky()

    @retry(**quick(attempts=2))
    def outer() -> str:
        try:
            inner()
        except RetryError:
            return "without"
        return "with"

    assert outer() == "without"
    assert _issues(hive) == ["reported inner"]


def test_three_deep_the_outermost_judges(hive: Captured) -> None:
    middle = _nested(Flaky(99), retry=tenacity.retry_if_exception_type(KeyError))

    @retry(**quick(attempts=2))
    def outermost() -> Any:
        return middle()

    with pytest.raises(RetryError):
        outermost()
    assert _issues(hive) == ["reported outermost"]
    assert {retry.get("depth") for retry in data(hive)} == {2, None}


def test_an_inner_issue_that_was_open_is_resolved_inside(hive: Captured) -> None:
    flaky = Flaky(2)
    inner = retry(**quick(attempts=2))(flaky)
    with pytest.raises(RetryError):
        inner()
    assert retry(**quick())(lambda: inner())() == "ok"
    assert _issues(hive) == ["reported Flaky", "resolved Flaky"]


def test_loops_nest_as_well(hive: Captured) -> None:
    flaky = Flaky(99)

    def inner() -> None:
        for attempt in Retrying(**quick(attempts=2)):
            with attempt:
                flaky()

    def outer() -> None:
        for attempt in Retrying(**quick(attempts=2)):
            with attempt:
                inner()

    with pytest.raises(RetryError):
        outer()
    assert _issues(hive) == ["reported outer"]
    assert _nesting.around() is None


def test_a_loop_that_handles_the_inner_error_and_returns(hive: Captured) -> None:
    inner = retry(**quick(attempts=2))(Flaky(99))

    def outer() -> str:
        for attempt in Retrying(**quick()):
            with attempt:
                try:
                    inner()
                except RetryError:
                    return "without"
        return "never"

    assert outer() == "without"
    assert _issues(hive) == ["reported Flaky"]


async def test_async_nesting_and_siblings(hive: Captured) -> None:
    flaky = Flaky(99)

    @retry(**quick(attempts=2, sleep=awake))
    async def inner(name: str) -> Any:
        await asyncio.sleep(0)
        return flaky()

    @retry(**quick(attempts=2, sleep=awake))
    async def outer() -> Any:
        return await asyncio.gather(inner("a"), inner("b"), return_exceptions=True)

    found = await outer()
    assert [type(error) for error in found] == [RetryError, RetryError]
    assert {retry.get("depth") for retry in data(hive)} == {1}
    assert _issues(hive) == ["reported inner"], "handled by the program; one function, one issue"


async def test_a_background_task_outlives_the_try_that_started_it(hive: Captured) -> None:
    flaky = Flaky(99)
    go = asyncio.Event()
    background: list[asyncio.Task[Any]] = []

    @retry(**quick(attempts=2, sleep=awake))
    async def inner() -> Any:
        await go.wait()
        return flaky()

    @retry(**quick(sleep=awake))
    async def outer() -> str:
        background.append(asyncio.create_task(inner()))
        return "started"

    assert await outer() == "started"
    go.set()
    with pytest.raises(RetryError):
        await background[0]
    assert _issues(hive) == ["reported inner"]
    assert "depth" not in data(hive)[0]


def test_another_thread_is_outside(hive: Captured) -> None:
    inner = retry(**quick(attempts=2))(Flaky(99))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            inner()
        except RetryError as error:
            errors.append(error)

    def outer() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=10)

    retry(**quick())(outer)()
    assert len(errors) == 1
    assert _issues(hive) == ["reported Flaky"]


def test_nothing_is_left_behind(hive: Captured) -> None:
    with pytest.raises(RetryError):
        _nested(Flaky(99))()
    for attempt in Retrying(**quick()):
        with attempt:
            break
    for _ in Retrying(**quick()):
        break  # never entered
    assert _nesting.around() is None
    assert _nesting.depth() == 0


def test_a_try_that_outlives_the_observation_is_around_nothing_later(hive: Captured) -> None:
    def work() -> None:
        hiveloop_tenacity.uninstrument()

    retry(**quick())(work)()
    hiveloop_tenacity.instrument()
    with pytest.raises(RetryError):
        retry(**quick(attempts=2))(Flaky(9))()
    assert _issues(hive) == ["reported Flaky"]


@pytest.mark.parametrize("way", ["return", "break", "error"])
def test_a_loop_that_judges_results_and_is_left_tells_what_gave_up_inside(hive: Captured, way: str) -> None:
    inner = retry(**quick(attempts=2))(Flaky(99))

    def outer() -> str:
        for attempt in Retrying(**quick(retry=tenacity.retry_if_result(lambda found: found == "never"))):
            with attempt:
                with contextlib.suppress(RetryError):
                    inner()
                if way == "return":
                    return "left"
            if way == "error":
                raise KeyError("outside of the block")
            break
        return "left"

    if way == "error":
        with pytest.raises(KeyError):
            outer()
    else:
        assert outer() == "left"
    assert _issues(hive) == ["reported Flaky"]


def test_a_loop_that_judges_results_and_goes_on_does_not_tell(hive: Captured) -> None:
    flaky = Flaky(2)
    inner = retry(**quick(attempts=2))(flaky)
    answer = None
    for attempt in Retrying(**quick(retry=tenacity.retry_if_result(lambda found: found is None))):
        with attempt:
            with contextlib.suppress(RetryError):
                answer = inner()
        attempt.retry_state.set_result(answer)
    assert answer == "ok"
    assert _issues(hive) == []


async def test_an_asynchronous_loop_that_is_left_tells_when_it_is_gone(hive: Captured) -> None:
    inner = retry(**quick(attempts=2))(Flaky(99))

    async def outer() -> str:
        retrying = tenacity.AsyncRetrying(
            **quick(sleep=awake, retry=tenacity.retry_if_result(lambda r: r == 1))
        )
        async for attempt in retrying:
            with attempt:
                with contextlib.suppress(RetryError):
                    inner()
                return "left"
        return "done"

    assert await outer() == "left"
    gc.collect()
    assert _issues(hive) == ["reported Flaky"]


def test_open_issues_are_bounded() -> None:
    issues = OpenIssues(limit=3)
    for number in range(5):
        assert issues.report(str(number), note("call", None)) == 1
    assert issues.report("4", note("call", None)) == 2
    resolved = [issues.resolve(str(number), "call", None) for number in range(5)]
    assert resolved == [False, False, True, True, True]
    assert not issues


def test_what_is_held_is_bounded() -> None:
    frame = _nesting.Frame(None)
    for number in range(1_000):
        frame.hold(str(number), lambda: None)
    assert frame.held is not None
    assert len(frame.held) == 100
